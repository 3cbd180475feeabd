"""Generate with teacher `llm` in the record: what is paid, under whose account, with which prompt."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.llm.server import Fault, Server, point
from tests.stages.conftest import Do
from tests.stages.tiny_task import FILLERS, WORDS, write_tiny
from veritrain_lib.core.errors import BudgetExceeded, UserError
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.llm.ledger import Ledger
from veritrain_lib.stages.inputs.preview import preview
from veritrain_lib.stages.record import progress as progress_room
from veritrain_lib.stages.record.stage_run import prepare
from veritrain_lib.tracking import datasets, prompts, runs, store
from veritrain_lib.tracking.prompt_comparison import compare

CANARY = "sk-canary-5ec2e7"
TEACHER = {"name": "llm", "parameters": {"model": "openai:/gpt-4.1-mini", "batch": 3}}


def write(body: dict[str, Any]) -> dict[str, Any]:
    rng = random.Random(body["seed"])
    text = body["messages"][-1]["content"]
    words = (
        WORDS[text.split('of the label "')[1].split('"')[0]] if "of the label" in text else WORDS["parcel"]
    )
    made = [rng.sample(words, 3) + rng.sample(FILLERS, 5) + [f"n{rng.randrange(10**9)}"] for _ in range(3)]
    return {"examples": [{"text": " ".join(one)} for one in made]}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server(write) as one:
        point(monkeypatch, one, key=CANARY)
        yield one


@pytest.fixture
def task(home: Path) -> Task:
    return load_task(
        write_tiny(home / "task", teacher=TEACHER, budget={"rounds": 2, "rows_per_round": 12, "money": 1.0})
    )


def test_rows_prompt_cost_and_endings_are_filed(task: Task, do: Do, server: Server) -> None:
    stage = do("generate", task)
    draft = datasets.latest(task, "draft")
    assert draft is not None
    assert len(draft.rows) == 12
    plan = stage.run().tables["plan"]
    assert plan["got"].tolist() == plan["rows"].tolist()
    run = runs.get(stage.run_id)
    assert run.data.tags["veritrain.prompt.write"] == "tiny.write@1"
    (version,) = prompts.versions(task, "write")
    notes = [json.loads(text) for text in draft.rows["provenance"]]
    assert {note["prompt_digest"] for note in notes} == {version.digest}
    human = set(datasets.load(task, str(draft.parent)).rows["id"])
    assert {name for note in notes for name in note["seed_rows"]} <= human
    endings = stage.run().tables["endings"]
    assert endings["rows"].sum() == 3 * server.total("paid")
    with Ledger() as ledger:
        assert run.data.metrics["cost"] == pytest.approx(
            ledger.spent(run.data.tags["veritrain.account"]).paid
        )
    assert f"for {run.data.metrics['cost']:.4f} US dollars" in stage.run().headline
    kept = store.client().search_traces(run_id=stage.run_id, locations=[run.info.experiment_id])
    assert {trace.info.tags["veritrain.request"] for trace in kept} >= {note["request"] for note in notes}
    assert len(kept) == server.total("paid")


def test_a_killed_stage_goes_on_and_pays_only_for_what_is_left(
    task: Task, do: Do, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(self: Any, progress: Any) -> None:
        if progress.done >= 3:
            raise KeyboardInterrupt

    server.seconds = 0.02
    few = {**TEACHER, "parameters": {**TEACHER["parameters"], "at_once": 1}}  # type: ignore[dict-item]
    content = {**yaml.safe_load(task.path.read_text(encoding="utf-8")), "teacher": few}
    task.path.write_text(yaml.safe_dump(content), encoding="utf-8")
    task = load_task(task.path)
    with monkeypatch.context() as patched:
        patched.setattr(progress_room.ProgressLine, "show", kill)
        with pytest.raises(KeyboardInterrupt):
            do("generate", task)
    paid = server.total("paid")
    again = do("generate", task)
    assert 0 < paid < server.total("paid") == len(server.books)
    assert server.again() == []
    done = again.run()
    assert len(done.tables["rows"]) == 12
    assert done.measures["paid_now"].value < done.measures["cost"].value


def test_nothing_may_be_spent_means_that_nothing_is_asked(home: Path, do: Do, server: Server) -> None:
    task = load_task(write_tiny(home / "task", teacher=TEACHER))
    with pytest.raises(
        BudgetExceeded, match=r"Set budget.money in task.yaml, or `money` of this stage, to 0\.\d+"
    ):
        do("generate", task)
    assert server.requests == []
    by_hand = do("generate", task, money=1.0, rows=3)
    assert by_hand.run().outcome == "done"
    with Ledger() as ledger:
        assert runs.get(by_hand.run_id).data.tags["veritrain.account"] == "tiny"
        assert 0 < ledger.spent("tiny").paid < 1.0


def test_one_cap_holds_over_all_that_is_paid_for_a_task(task: Task, do: Do, server: Server) -> None:
    first = do("generate", task, seed=1).run()
    cost = first.measures["cost"].value
    assert cost is not None
    content = yaml.safe_load(task.path.read_text(encoding="utf-8"))
    content["budget"]["money"] = cost * 1.2
    task.path.write_text(yaml.safe_dump(content), encoding="utf-8")
    asked = len(server.requests)
    with pytest.raises(BudgetExceeded, match="of it is spent already"):
        do("generate", load_task(task.path), seed=2)
    assert len(server.requests) == asked


def test_a_preview_costs_nothing_and_shows_what_will_be_asked(task: Task, do: Do, server: Server) -> None:
    stage = prepare("generate", {"task": str(task.path), "run_upstream": True})
    shown = preview(stage)
    assert server.requests == []
    assert "at most" in shown.message
    html = shown._repr_html_()
    for part in (
        "openai:/gpt-4.1-mini",
        "tokens out",
        "1.0000",
        "Write {{ number }} new examples",
        "First request".lower(),
    ):
        assert part in html.replace("The first", "the first")
    message = shown.save_prompt("prompts/mine.jinja")
    assert "prompts/mine.jinja" in message
    assert shown.preview is not None
    saved = (task.path.parent / "prompts" / "mine.jinja").read_text(encoding="utf-8")
    assert saved == shown.preview.prompt.text
    with pytest.raises(UserError, match="exists"):
        shown.save_prompt("prompts/mine.jinja")
    stage.run()
    stage.finish()
    assert shown.preview.messages[-1].content in [
        seen.body["messages"][-1]["content"] for seen in server.requests
    ]
    assert preview(prepare("generate", {"task": str(task.path), "run_upstream": True})).message.startswith(
        "This was done before"
    )


def test_an_edited_prompt_is_a_new_version_and_other_work(task: Task, do: Do, server: Server) -> None:
    first = do("generate", task)
    file = task.path.parent / "mine.jinja"
    file.write_text("Write {{ number }} of {{ slice.name }} as JSON.", encoding="utf-8")
    second = do("generate", task, prompt="mine.jinja")
    assert second.run_id != first.run_id
    found = compare(task, "write", 1, 2)
    assert found.runs["run"].tolist() == [first.run_id, second.run_id]
    assert found.runs["cost"].tolist() == [
        first.run().measures["cost"].value,
        second.run().measures["cost"].value,
    ]
    assert "+Write {{ number }} of {{ slice.name }} as JSON." in found.diff


def test_a_key_is_in_nothing_that_is_written(
    home: Path, task: Task, do: Do, server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    do("generate", task)
    server.faults = iter([Fault("401", message=f"wrong key {CANARY}")] * 99)
    with pytest.raises(UserError) as caught:
        do("generate", task, seed=9)
    assert CANARY not in str(caught.value)
    sqlite3.connect(home / "mlflow.db").execute("PRAGMA wal_checkpoint")
    written = [file for file in home.rglob("*") if file.is_file()]
    assert any(file.name == "ledger.db" for file in written)
    assert [str(file) for file in written if CANARY.encode() in file.read_bytes()] == []
    heard = capfd.readouterr()
    assert CANARY not in heard.out + heard.err
    assert "US dollars" in heard.err


def test_a_teacher_that_costs_nothing_has_nothing_to_preview(home: Path, do: Do) -> None:
    task = load_task(write_tiny(home / "task"))
    shown = preview(prepare("generate", {"task": str(task.path), "run_upstream": True}))
    assert (shown.preview, shown.message) == (None, "This teacher asks no paid model.")
    assert "tiny@1" in shown._repr_html_(), "what was begun is shown all the same"
    with pytest.raises(UserError, match="uses no prompt"):
        shown.save_prompt("x.jinja")


def test_without_a_key_one_sentence_says_what_to_set_and_what_is_stored_is_still_shown(
    task: Task, do: Do, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = do("generate", task)
    monkeypatch.delenv("OPENAI_API_KEY")
    assert do("generate", task).run_id == first.run_id
    with pytest.raises(UserError, match=r"^no key for openai:/gpt-4.1-mini: set OPENAI_API_KEY [^\n]*$"):
        do("generate", task, seed=5)
