"""The teacher against a real small service: faults, free text, and nothing paid twice."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.llm.server import Answer, Fault, Server, point
from tests.teachers.conftest import FILLER, WORDS
from veritrain_lib.core.rows import read_examples
from veritrain_lib.core.task import load_task
from veritrain_lib.llm.ledger import Ledger
from veritrain_lib.teachers.base import TeacherRequest
from veritrain_lib.teachers.llm import Llm

MODEL = "openai:/gpt-4.1-mini"
SHARES = {"refund": 0.5, "login": 0.3, "export": 0.2}


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERITRAIN_HOME", str(tmp_path))


def label_of(body: dict[str, Any]) -> str:
    text = body["messages"][-1]["content"]
    return str(text.split('of the label "')[1].split('"')[0])


def texts(body: dict[str, Any]) -> dict[str, Any]:
    rng = random.Random(body["seed"])
    words = WORDS[label_of(body)].split()
    made = [rng.choices(words, k=3) + rng.choices(FILLER, k=3) + [f"n{rng.random()}"] for _ in range(5)]
    return {"examples": [{"text": " ".join(one)} for one in made]}


def test_requests_become_rows_with_the_digests_of_the_ledger(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    request = bench.request(
        40,
        shares=SHARES,
        money=1.0,
        account="here",
        on_progress=told.append,
        on_reply=lambda *pair: told.append(pair),
    )
    with Server(texts) as server:
        point(monkeypatch, server)
        written = Llm(model=MODEL).write(request)
        body = server.requests[0].body
    assert written.rows["label"].value_counts().to_dict() == {"refund": 20, "login": 12, "export": 8}
    with Ledger() as ledger:
        stored = ledger.find({json.loads(text)["request"] for text in written.rows["provenance"]})
        assert ledger.spent("here").paid == pytest.approx(written.cost)
    assert set(stored) == {json.loads(text)["request"] for text in written.rows["provenance"]}
    assert written.paid == written.cost > 0
    assert (told[-1].done, told[-1].total) == (17, 17)
    assert sum(isinstance(one, tuple) for one in told) == 17
    assert body["response_format"]["json_schema"]["schema"]["required"] == ["examples"]
    assert [message["role"] for message in body["messages"]] == ["system", "user"]


def test_faults_lose_no_row_from_the_account_and_a_second_time_costs_nothing(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(3)
    kinds = {at: rng.choice(["429", "500", "reset", "filter"]) for at in range(0, 17, 3)}
    seen: dict[int, int] = {}

    def script(body: dict[str, Any]) -> Any:
        at = seen.setdefault(body["seed"], len(seen))
        if at % 5 == 1:
            return Answer(refusal="I would rather not.")
        if at % 5 == 2:
            return Answer(texts=['{"examples": [{"te'], finish="length")
        return texts(body)

    def faults(body: dict[str, Any], attempt: int) -> Fault | None:
        at = seen.setdefault(body["seed"], len(seen))
        return Fault(kinds[at], headers={"Retry-After": "0"}) if at in kinds and attempt == 1 else None

    with Server(script, faults=faults) as server:
        point(monkeypatch, server)
        first = Llm(model=MODEL).write(bench.request(40, shares=SHARES, money=1.0))
        paid = server.total("paid")
        second = Llm(model=MODEL).write(bench.request(40, shares=SHARES, money=1.0))
        assert (server.total("paid"), server.again()) == (paid, [])
    table = first.endings
    assert table is not None
    assert table["rows"].sum() == 17 * 5
    by_outcome = table.groupby("outcome")["rows"].sum().to_dict()
    filtered = sum(kind == "filter" for kind in kinds.values())
    assert by_outcome["filtered"] == 5 * filtered
    assert by_outcome["refused"] > 0
    assert by_outcome["invalid"] > 0
    assert "failed" not in by_outcome
    pd.testing.assert_frame_equal(first.rows, second.rows)
    assert second.paid == 0.0


def test_free_text_gets_an_input_and_its_answer_and_the_newest_rows_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [f"source {at} of the text,{at} 番の文,{'travel' if at % 2 else 'work'}" for at in range(8)]
    for name in ("seed", "development", "test"):
        (tmp_path / f"{name}.csv").write_text(
            "\n".join(["english,translation,scene", *pairs]) + "\n", encoding="utf-8"
        )
    (tmp_path / "task.yaml").write_text(
        "version: 1\nname: translate\ndescription: English into Japanese\n"
        "inputs: {english: {language: en, description: an English sentence}}\ntarget: {field: translation}\n"
        "contract: {type: object}\nmetrics: [{name: accuracy}]\nslices: {by: [scene]}\n"
        "data: {seed: seed.csv, development: development.csv, test: test.csv}\n",
        encoding="utf-8",
    )
    task = load_task(tmp_path / "task.yaml")
    human = read_examples(task, tmp_path / "seed.csv", "human")
    bodies: list[dict[str, Any]] = []
    unlike = ["Where may I board?", "Lunch: 12 PM!", "My dog ran away", "Quick, quick!"]

    def script(body: dict[str, Any]) -> dict[str, Any]:
        bodies.append(body)
        near = [
            {"english": f"source 1 of the text {body['seed']}{n}", "translation": "近い"} for n in range(3)
        ]
        far = [{"english": unlike.pop(), "translation": "遠い"} for _ in range(2)]
        return {"examples": near + far}

    request = TeacherRequest(
        task, 4, human, 0, lambda rows: pytest.fail("free text has no student that scores"),
        lambda rows: pd.Series(True, index=rows.index), shares={"travel": 0.5, "work": 0.5}, money=1.0,
    )  # fmt: skip
    with Server(script) as server:
        point(monkeypatch, server)
        written = Llm(model="azure:/gpt-4.1-mini").write(request)
    assert list(written.rows.columns) == ["id", "english", "translation", "scene", "source", "provenance"]
    assert set(written.rows["translation"]) == {"遠い"}, "what is least like the rows at hand is kept"
    assert written.rows["scene"].value_counts().to_dict() == {"travel": 2, "work": 2}
    text = bodies[0]["messages"][-1]["content"]
    assert "whose scene is" in text
    assert "translation - the right answer" in text
    assert '"translation": ' in text
    assert {json.loads(note)["kept_by"] for note in written.rows["provenance"]} == {"novelty"}
