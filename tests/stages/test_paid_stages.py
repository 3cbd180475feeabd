"""Stages that pay, in the record, against a real server on loopback: tuned models, and a judge in gate and evaluation."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.llm.server import KEY, Server, point
from tests.stages.conftest import Do, reread
from tests.stages.tiny_task import LABELS, WORDS, write_tiny
from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.models.base import open_model
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.students import quick_trainer
from veritrain_lib.tracking import models, runs
from veritrain_lib.trainers.tfidf_svc import TfidfSvc

BASE = "openai:/gpt-4.1-mini-2025-04-14"
JUDGE = {"model": "openai:/gpt-4.1-mini", "rubric": "Only the label counts.", "sample": 10, "calibration": 20}


def label_of(text: str) -> str:
    return max(LABELS, key=lambda label: sum(word in text.split() for word in WORDS[label]))


def script(body: dict[str, Any]) -> dict[str, Any]:
    material = json.loads(body["messages"][-1]["content"])
    if "answer" not in material:
        label = label_of(material["text"])
        return {"label": label, "candidates": [{"label": label, "score": 1.0}], "explanation": "the words"}
    right = material["answer"] == label_of(material["input"]["text"])
    return {"reason": "the words", "verdict": "right" if right else "wrong"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server(script, key=KEY) as running:
        point(monkeypatch, running)
        yield running


def edit(task: Task, **parts: Any) -> Task:
    content = yaml.safe_load(task.path.read_text(encoding="utf-8"))
    content["budget"] = {**content.get("budget", {}), "money": 20.0}
    task.path.write_text(yaml.safe_dump({**content, **parts}), encoding="utf-8")
    return reread(task)


@pytest.fixture
def task(home: Path) -> Task:
    return load_task(write_tiny(home / "task"))


@pytest.fixture
def tuned(task: Task) -> Task:
    parameters = {"base": BASE, "poll_seconds": 0.01, "settle_seconds": 0.3}
    return edit(task, trainer={"name": "openai", "parameters": parameters})


def test_a_tuned_model_is_registered_as_an_adapter_of_its_base_and_opens_again(
    server: Server, tuned: Task, do: Do
) -> None:
    from veritrain_lib.tracking import store

    do("gate", tuned, dataset="seed")
    stage = do("train", tuned)
    (registered,) = models.listing(tuned)
    tags = store.client().get_model_version(tuned.name, str(registered.version)).tags
    assert (tags["veritrain.type"], tags["veritrain.base"]) == ("adapter", BASE)
    assert tags["veritrain.address"].startswith("openai:/ft:gpt-4.1-mini")
    assert tags["veritrain.job"] == "ftjob-1"
    model = open_model(registered.uri, tuned)
    assert model.uri == registered.uri
    rows = sources.development_rows(tuned)
    assert [response.best for response in model.answer(rows)] == [label_of(text) for text in rows["text"]]
    run = runs.get(stage.run_id)
    assert run.data.tags["veritrain.job"] == "ftjob-1"
    assert run.data.metrics["training_dollars"] > 0
    assert stage.run().tables["job"]["what"].tolist()[:2] == ["address", "base"]


def test_a_second_train_neither_orders_nor_asks_again(server: Server, tuned: Task, do: Do) -> None:
    do("gate", tuned, dataset="seed")
    first = do("train", tuned)
    paid, seen = server.total("paid"), len(server.requests)
    again = do("train", tuned)
    assert again.stored
    assert again.run_id == first.run_id
    assert (server.total("paid"), len(server.requests), len(server.jobs)) == (paid, seen, 1)


def test_a_prompt_of_ones_own_is_other_training_for_a_tuned_model_only(
    server: Server, tuned: Task, do: Do
) -> None:
    do("gate", tuned, dataset="seed")
    do("train", tuned)
    other = edit(tuned, description="Sort the messages of a shop, please.")
    do("train", other)
    assert len(server.jobs) == 2


def test_checks_that_train_on_the_side_never_order_a_job(server: Server, tuned: Task, do: Do) -> None:
    assert isinstance(quick_trainer(tuned), TfidfSvc)
    do("gate", tuned, dataset="seed")
    assert not server.jobs
    assert not server.requests


def with_judge(task: Task, **judge: Any) -> Task:
    file = task.path.parent / "suite.json"
    suite = json.loads(file.read_text(encoding="utf-8"))
    meta = {"rule": "judge_sample", "check": "judge_sample", "parameters": {}, "needs_label": True,
            "action": "quarantine", "reason": "r", "owner": "o", "source": "s"}  # fmt: skip
    kwargs = {"column": "ok_judge_sample", "value_set": [True], "mostly": 0.5}
    suite["expectations"].append(
        {"type": "expect_column_values_to_be_in_set", "kwargs": kwargs, "severity": "critical", "meta": meta}
    )
    file.write_text(json.dumps(suite), encoding="utf-8")
    return edit(task, judge={**JUDGE, **judge})


def test_a_judge_samples_a_draft_and_its_kappa_is_in_the_record(server: Server, task: Task, do: Do) -> None:
    judged = with_judge(task)
    stage = do("gate", judged)
    result = stage.run()
    assert result.measures["judge_kappa"].value == 1.0
    assert "kappa 1.00" in result.headline
    assert runs.get(stage.run_id).data.metrics["judge_kappa"] == 1.0
    assert server.total("paid") == 20 + 10
    line = result.tables["rules"].set_index("rule").loc["judge_sample"]
    assert line["checked"] == 10
    again = do("gate", judged)
    assert again.stored
    assert server.total("paid") == 30
    assert server.again() == []


def test_without_a_judge_nobody_is_asked(server: Server, task: Task, do: Do) -> None:
    do("gate", task)
    do("evaluate", task)
    assert not server.requests


def test_a_missing_key_is_said_before_anything_is_judged_and_leaves_no_verdict(
    server: Server, task: Task, do: Do, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = with_judge(task)
    do("generate", judged)
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(UserError, match="OPENAI_API_KEY"):
        do("gate", judged)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert not (stage := do("gate", judged)).stored
    assert stage.run().outcome == "done"


def test_a_cap_that_is_reached_stores_no_verdict_and_pays_nothing_twice(
    server: Server, task: Task, do: Do
) -> None:
    judged = with_judge(task)
    do("generate", judged)
    content = yaml.safe_load(judged.path.read_text(encoding="utf-8"))
    content["budget"]["money"] = 0.002
    judged.path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(Refused):
        do("gate", reread(judged))
    first = server.total("paid")
    assert first < 30
    content["budget"]["money"] = 5.0
    judged.path.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert do("gate", reread(judged)).run().outcome == "done"
    assert server.total("paid") == 30
    assert server.again() == []


def test_no_key_is_anywhere_in_the_record(server: Server, tuned: Task, do: Do, home: Path) -> None:
    do("gate", with_judge(tuned))
    do("train", tuned)
    found = [
        file
        for folder, _, names in os.walk(home)
        for name in names
        if KEY.encode() in (file := Path(folder) / name).read_bytes()
    ]
    assert not found
