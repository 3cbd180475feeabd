"""Fine-tuning against a real server on loopback: one file, one job, one model, whatever is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.llm.server import KEY, Fault, Server, point
from tests.small_task import write_task
from veritrain_lib.core.errors import HumanInputRequired, Infrastructure, Refused, UserError
from veritrain_lib.core.rows import read_examples
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.llm.ledger import Ledger
from veritrain_lib.models.base import open_model
from veritrain_lib.trainers.openai_tuning import OpenAiTuning, ledger_account
from veritrain_lib.trainers.openai_tuning_fitted import read_card

BASE = "openai:/gpt-4.1-mini-2025-04-14"
QUICK_FAULTS = ["500", "garbage", "empty"]
# The SDK waits for seconds between its tries after these.
SLOW_FAULTS = [pytest.param(kind, marks=pytest.mark.slow) for kind in ("reset", "503", "truncated")]
QUICK = {"base": BASE, "poll_seconds": 0.01, "settle_seconds": 0.3}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server(key=KEY) as running:
        point(monkeypatch, running)
        yield running


@pytest.fixture
def task(home: Path) -> Task:
    path = write_task(home / "task", seed_rows=5)
    text = path.read_text(encoding="utf-8").replace("rounds: 1", "money: 5.0\n  rounds: 1")
    path.write_text(text, encoding="utf-8")
    return load_task(path)


def seed_rows(task: Task) -> pd.DataFrame:
    file = task.file("seed")
    assert file is not None
    return read_examples(task, file, "human")


def train(task: Task, rows: pd.DataFrame | None = None, **parameters: Any) -> Any:
    given = seed_rows(task) if rows is None else rows
    return OpenAiTuning(**{**QUICK, **parameters}).train(task, given, seed=7)


def test_rows_become_a_model_with_one_file_and_one_job(server: Server, task: Task) -> None:
    fitted = train(task)
    assert fitted.address == "openai:/ft:gpt-4.1-mini-2025-04-14:test:small:ob-1"
    assert fitted.base == BASE
    assert len(server.files) == len(server.jobs) == 1
    job = server.jobs["ftjob-1"]
    assert job["method"]["supervised"]["hyperparameters"]["n_epochs"] == 3
    assert job["seed"] == 7
    assert job["metadata"]["veritrain"] == fitted.facts["order"]
    name, purpose, content = server.files["file-1"]
    assert purpose == "fine-tune"
    assert fitted.facts["order"][:32] in name
    lines = [json.loads(line) for line in content.decode().splitlines()]
    assert [json.loads(line["messages"][-1]["content"])["label"] for line in lines] == seed_rows(task)[
        "label"
    ].tolist()


def test_the_model_is_shown_rows_in_the_form_in_which_it_is_asked(server: Server, task: Task) -> None:
    fitted = train(task)
    rows = seed_rows(task)
    asked = open_model("openai:/gpt-4.1-mini", task).requests(rows)  # type: ignore[attr-defined]
    lines = [json.loads(line)["messages"] for line in server.files["file-1"][2].decode().splitlines()]
    assert [line[:-1] for line in lines] == [
        [{"role": turn.role, "content": turn.content} for turn in request.messages] for request in asked
    ]
    assert fitted.model.uri == fitted.address


def test_the_same_order_again_takes_the_finished_job(server: Server, task: Task) -> None:
    first = train(task)
    again = train(task)
    assert again.address == first.address
    assert len(server.jobs) == len(server.files) == 1


@pytest.mark.parametrize("change", [{"epochs": 2}, {"attempt": 2}, {"batch_size": 4}])
def test_another_order_is_another_job(server: Server, task: Task, change: dict[str, Any]) -> None:
    train(task)
    train(task, **change)
    assert len(server.jobs) == 2


def test_what_it_cost_is_in_the_ledger_once_and_by_the_providers_count(server: Server, task: Task) -> None:
    fitted = train(task)
    train(task)
    trained = server.jobs["ftjob-1"]["trained_tokens"]
    with Ledger() as ledger:
        spent = ledger.spent(ledger_account(task))
    assert spent.reserved == spent.lost == 0
    assert spent.paid == pytest.approx(trained * 5.00 / 1e6)
    assert fitted.facts["dollars"] == pytest.approx(spent.paid, abs=1e-6)


def test_a_cap_that_the_worst_cost_would_pass_refuses_before_anything_is_sent(
    server: Server, task: Task
) -> None:
    small = task.model_copy(update={"budget": task.budget.model_copy(update={"money": 0.01})})
    with pytest.raises(Refused, match=r"cap of \$0.01"):
        train(small)
    assert not server.files
    assert not server.jobs


def test_a_job_in_flight_counts_against_the_cap_of_the_next(server: Server, task: Task) -> None:
    server.job_states = ("running", "cancelled")
    with pytest.raises(Infrastructure, match="cancelled"):
        train(task)
    # A cancelled job that says nothing of its tokens is held to have cost the most that it could.
    with Ledger() as ledger:
        paid = ledger.spent(ledger_account(task)).paid
    bytes_sent = sum(
        len(turn["content"].encode()) + 8
        for line in server.files["file-1"][2].decode().splitlines()
        for turn in json.loads(line)["messages"]
    )
    assert paid == pytest.approx((bytes_sent + 16 * 15) * 3 * 5.00 / 1e6)
    tight = task.model_copy(update={"budget": task.budget.model_copy(update={"money": paid * 1.5})})
    with pytest.raises(Refused, match="spent or reserved"):
        train(tight, attempt=2)
    assert len(server.jobs) == 1


@pytest.mark.parametrize("base", ["openai:/a-model-of-mine", "openai:/gpt-4.1-mini"])
def test_an_unknown_price_of_training_refuses(server: Server, task: Task, base: str) -> None:
    with pytest.raises(UserError, match="not free"):
        train(task, base=base)
    assert not server.requests


def test_a_failed_job_says_why_and_is_not_started_again(server: Server, task: Task) -> None:
    server.job_states = ("running", "failed")
    server.path_faults = lambda method, path: server.jobs.get("ftjob-1", {}).update(  # type: ignore[func-returns-value]
        error={"code": "exceeded_quota", "message": f"no room for {KEY}", "param": None}
    )
    for _ in range(2):
        with pytest.raises(Infrastructure, match="exceeded_quota: no room") as caught:
            train(task)
        assert KEY not in str(caught.value)
        assert "attempt" in str(caught.value)
    assert len(server.jobs) == 1


def test_without_a_key_one_sentence_says_what_to_set(
    server: Server, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(UserError, match="OPENAI_API_KEY"):
        train(task)
    assert not server.requests


def test_a_refusal_of_the_provider_gives_the_reservation_back(server: Server, task: Task) -> None:
    server.path_faults = lambda method, path: (
        Fault("400", message="model is not available") if method == "POST" and path.endswith("jobs") else None
    )
    with pytest.raises(UserError, match="model is not available"):
        train(task)
    with Ledger() as ledger:
        assert ledger.spent(ledger_account(task)).total == 0
    server.path_faults = lambda method, path: None
    train(task)
    assert len(server.files) == len(server.jobs) == 1


@pytest.mark.parametrize("kind", [*QUICK_FAULTS, *SLOW_FAULTS])
def test_polling_outlives_a_provider_that_stumbles(server: Server, task: Task, kind: str) -> None:
    looks = iter(range(1000))
    server.path_faults = lambda method, path: (
        Fault(kind, headers={"Retry-After-Ms": "1"}) if "/jobs/" in path and next(looks) % 5 < 2 else None
    )
    assert train(task).facts["job"] == "ftjob-1"
    assert len(server.jobs) == 1


@pytest.mark.parametrize("kind", [*QUICK_FAULTS, *SLOW_FAULTS])
def test_a_list_that_is_none_does_not_pass_for_an_empty_one(server: Server, task: Task, kind: str) -> None:
    server.path_faults = lambda method, path: (
        Fault(kind, headers={"Retry-After-Ms": "1"}) if method == "GET" and path.endswith("/jobs") else None
    )
    _lose_answers(server, jobs=1)
    with pytest.raises(Infrastructure):
        train(task)
    server.path_faults = lambda method, path: None
    assert train(task).facts["job"] == "ftjob-1"
    assert len(server.jobs) == 1


def _lose_answers(server: Server, *, files: int = 0, jobs: int = 0) -> None:
    """The first so many uploads and jobs are carried out, and their answers lost."""
    kind: Any = server._http.RequestHandlerClass
    left = {"files": files, "jobs": jobs}

    class Losing(kind):  # type: ignore[misc]
        def _json(self, status: int, value: Any, *headers: Any) -> None:
            what = self.path.rsplit("/", 1)[-1].partition("?")[0]
            if self.command == "POST" and left.get(what, 0) > 0:
                left[what] -= 1
                self._reset()
                return
            super()._json(status, value, *headers)

    server._http.RequestHandlerClass = Losing


def test_an_answer_that_was_lost_is_looked_for_and_not_ordered_again(server: Server, task: Task) -> None:
    _lose_answers(server, files=1, jobs=1)
    assert train(task).facts["job"] == "ftjob-1"
    assert len(server.files) == len(server.jobs) == 1


def test_a_list_that_lags_behind_is_waited_for(server: Server, task: Task) -> None:
    _lose_answers(server, jobs=1)
    kind: Any = server._http.RequestHandlerClass
    lists = iter(range(1000))

    class Lagging(kind):  # type: ignore[misc]
        def _json(self, status: int, value: Any, *headers: Any) -> None:
            late = self.command == "GET" and self.path.partition("?")[0].endswith("/jobs") and next(lists) < 4
            super()._json(
                status, {"object": "list", "data": [], "has_more": False} if late else value, *headers
            )

    server._http.RequestHandlerClass = Lagging
    train(task, settle_seconds=2)
    assert len(server.jobs) == 1


SCRIPT = """
    import sys
    from tests.trainers.test_openai_tuning import load_task, seed_rows, train
    task = load_task(sys.argv[1])
    print(train(task).address)
"""


def _start(task: Task) -> subprocess.Popen[str]:
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), *sys.path[:1]])}
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), str(task.path)],
        env=environment,
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


STEPS: dict[str, Callable[[str, str], bool]] = {
    "upload": lambda method, path: method == "POST" and path.endswith("/files"),
    "file check": lambda method, path: method == "GET" and "/files/" in path,
    "create": lambda method, path: method == "POST" and path.endswith("/jobs"),
    "poll": lambda method, path: method == "GET" and "/jobs/" in path and not path.endswith("/events"),
}


KILLS = [
    pytest.param(step, done, marks=() if step == "create" else pytest.mark.slow, id=f"{step}-{done}")
    for step in STEPS
    for done in (True, False)
]


@pytest.mark.slow
@pytest.mark.parametrize(("step", "carried_out"), KILLS)
def test_a_kill_at_any_step_never_leads_to_a_second_job(
    server: Server, task: Task, step: str, carried_out: bool
) -> None:
    running: list[subprocess.Popen[str]] = []
    killed: list[str] = []

    def kill(method: str, path: str) -> Fault | None:
        if killed or not STEPS[step](method, path):
            return None
        killed.append(path)
        os.kill(running[0].pid, signal.SIGKILL)
        running[0].wait()
        return None if carried_out else Fault("reset")

    server.path_faults = kill
    running.append(_start(task))
    _, error = running[0].communicate(timeout=300)
    assert running[0].returncode == -signal.SIGKILL, error
    assert killed
    fitted = train(task)
    assert fitted.address.startswith("openai:/ft:")
    assert len(server.files) == len(server.jobs) == 1
    with Ledger() as ledger:
        spent = ledger.spent(ledger_account(task))
    assert spent.reserved == spent.lost == 0
    assert spent.paid == pytest.approx(server.jobs["ftjob-1"]["trained_tokens"] * 5.00 / 1e6)


@pytest.mark.slow
def test_two_processes_with_one_order_share_one_job(server: Server, task: Task) -> None:
    both = [_start(task), _start(task)]
    told = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert told[0][0].splitlines()[-1] == told[1][0].splitlines()[-1]
    assert len(server.files) == len(server.jobs) == 1


def test_azure_needs_a_deployment_of_the_tuned_model(server: Server, task: Task) -> None:
    base = "azure:/gpt-4.1-mini-2025-04-14"
    with pytest.raises(HumanInputRequired, match=r"ft:gpt-4\.1-mini.*deployment"):
        train(task, base=base)
    fitted = train(task, base=base, deployment="mine")
    assert fitted.address == "azure:/mine"
    assert len(server.jobs) == 1
    assert all("/openai/" in seen.path for seen in server.requests)


def test_a_saved_model_names_address_and_base(server: Server, task: Task, tmp_path: Path) -> None:
    fitted = train(task)
    fitted.save(tmp_path / "model")
    card = read_card(tmp_path / "model")
    assert (card["type"], card["address"], card["base"]) == ("adapter", fitted.address, BASE)
    assert card["facts"]["job"] == "ftjob-1"
    assert KEY not in (tmp_path / "model" / "model.json").read_text(encoding="utf-8")
    with pytest.raises(UserError, match="not empty"):
        fitted.save(tmp_path / "model")


def test_progress_and_estimate_are_told_without_the_key(
    server: Server, task: Task, capsys: pytest.CaptureFixture[str]
) -> None:
    train(task)
    told = capsys.readouterr().out
    assert "15 examples" in told
    assert "Cap $5.00" in told
    assert "ftjob-1: succeeded" in told
    assert "Job is" in told
    assert KEY not in told


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"base": ""}, "needs trainer.parameters.base"),
        ({"epochs": 0}, "from 1 to 50"),
        ({"epochs": "auto"}, "whole number"),
        ({"batch_size": 2.5}, "or auto"),
        ({"learning_rate": 1}, "no parameter learning_rate"),
        ({"deployment": 3}, "deployment"),
    ],
)
def test_wrong_parameters_are_refused_by_name(parameters: dict[str, Any], match: str) -> None:
    with pytest.raises(UserError, match=match):
        OpenAiTuning(**{**QUICK, **parameters})
