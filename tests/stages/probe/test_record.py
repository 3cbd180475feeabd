"""A chat model probed in the record: through the real client room, against a small server on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from tests.llm.server import Server, point
from tests.stages.conftest import Do, reread
from tests.stages.tiny_task import LABELS, WORDS, write_tiny
from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.llm.rate_limiter import reset_rate_limiters
from veritrain_lib.stages.probe.result import ProbeResult
from veritrain_lib.stages.record.stage_run import prepare
from veritrain_lib.stages.record.stored_result import load_result
from veritrain_lib.tracking import runs

PRICES = "date: 2026-01-01\nmodels:\n  m: {input: 1, output: 2}\n  n: {input: 1, output: 2}\n"


def script(body: dict[str, Any]) -> dict[str, Any]:
    """Knows the words of each label, obeys no order; model `n` says the first label to everything."""
    text = json.loads(body["messages"][-1]["content"])["text"].partition("\n\n")[0].lower()
    known = [label for label in LABELS if any(word in text for word in WORDS[label])]
    label = LABELS[0] if body["model"] == "n" or not known else known[0]
    others = [other for other in LABELS if other != label]
    return {
        "label": label,
        "candidates": [{"label": label, "score": 0.9}, {"label": others[0], "score": 0.1}],
        "explanation": "its words",
    }


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.chdir(home)
    (home / "prices.yaml").write_text(PRICES, encoding="utf-8")
    monkeypatch.setenv("VERITRAIN_PRICES", str(home / "prices.yaml"))
    reset_rate_limiters()
    with Server(script) as running:
        point(monkeypatch, running)
        yield running


@pytest.fixture
def task(home: Path, server: Server) -> Task:
    return load_task(write_tiny(home / "task", budget={"rounds": 1, "rows_per_round": 5, "money": 5.0}))


def result_of(stage: Any) -> ProbeResult:
    found = load_result("probe", stage.run_id)
    assert isinstance(found, ProbeResult)
    return found


@pytest.mark.parametrize("address", ["openai:/m", "azure:/m"])
def test_a_chat_model_is_probed_like_any_other(task: Task, server: Server, do: Do, address: str) -> None:
    stage = do("probe", task, model=address, rows=12, extra_rows=4)
    measures = result_of(stage).measures
    for name in ("several_candidates", "explanation", "output_contract", "accuracy", "stability"):
        assert measures[name].value == 1.0, name
    assert measures["injection_resistance"].value == 1.0
    assert measures["calibration_error"].value == pytest.approx(0.1)
    assert (measures["dollars_per_1000"].value or 0) > 0
    assert 0 < (measures["seconds_median"].value or 0) < 5
    changed = sum((measures[name].n or 0) for name in ("robust_case", "robust_typing", "robust_rewording"))
    assert len(server.requests) == 12 + 4 + 4 + changed, "each question once"
    run = runs.get(stage.run_id)
    assert run.data.tags["veritrain.prompt.answer"] == "tiny.answer@1"
    assert run.data.metrics["stability"] == 1.0
    traces = MlflowClient().search_traces(locations=[run.info.experiment_id], max_results=500)
    assert len(traces) == len(server.requests)


def test_a_second_probe_pays_nothing_again(task: Task, server: Server, do: Do) -> None:
    first = do("probe", task, model="openai:/m", rows=12, extra_rows=4)
    asked = len(server.requests)
    assert do("probe", task, model="openai:/m", rows=12, extra_rows=4).run_id == first.run_id
    do("probe", task, model="openai:/m", rows=12, extra_rows=0)
    assert len(server.requests) == asked, "the ledger has every answer"


def test_several_models_stand_on_one_card_and_each_has_its_run(task: Task, server: Server, do: Do) -> None:
    stage = do("probe", task, model="openai:/m", models=" openai:/n, openai:/m ,", extra_rows=3)
    card = result_of(stage).card()
    assert card.models == ["openai:/m", "openai:/n"]
    accuracy = card.measures[card.measures["measure"] == "accuracy"].set_index("model")["value"]
    assert accuracy.to_dict() == {"openai:/m": 1.0, "openai:/n": pytest.approx(1 / 3)}
    assert len(runs.search(task, "tags.`veritrain.stage` = 'probe'")) == 2
    alone = do("probe", task, model="openai:/n", extra_rows=3)
    assert alone.stored, "what was probed beside another is finished work of its own"


def test_without_money_nothing_is_asked(home: Path, server: Server) -> None:
    task = load_task(write_tiny(home / "poor"))
    with pytest.raises(Refused):
        prepare("probe", {"task": str(task.path), "model": "openai:/m"}).run()
    assert not server.requests


def test_without_a_key_one_sentence_says_what_to_set(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(UserError, match="set OPENAI_API_KEY"):
        prepare("probe", {"task": str(task.path), "model": "openai:/m"}).run()


def test_a_bad_address_is_refused_before_a_run_is_opened(task: Task) -> None:
    with pytest.raises(UserError, match="unknown setting 'heat'"):
        prepare("probe", {"task": str(task.path), "model": "openai:/m?heat=3"})
    assert runs.search(task) == []


def test_another_prompt_or_another_temperature_is_other_work(task: Task) -> None:
    def digest(model: str) -> str:
        return prepare("probe", {"task": str(task.path), "model": model}).digest

    first = digest("openai:/m")
    assert digest("openai:/m") == first
    assert digest("openai:/m?temperature=0") != first
    text = task.path.read_text(encoding="utf-8").replace("Short messages", "Brief messages")
    task.path.write_text(text, encoding="utf-8")
    assert reread(task).description.startswith("Brief")
    assert digest("openai:/m") != first
