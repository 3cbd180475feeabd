"""A round's run ends with the truth, is taken up where it was left, and is summarized once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.stages.in_process import InProcess
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.loop.round_run import RoundRun
from veritrain_lib.stages.stage_result import Measure, StageResult
from veritrain_lib.tracking import runs


@pytest.fixture
def task(home: Path) -> Task:
    return load_task(write_tiny(home / "task"))


@pytest.fixture
def loop_run(task: Task) -> str:
    return runs.open_run(task, "loop", kind="loop")


def round_of(task: Task, loop_run: str, number: int | None = 1) -> RoundRun:
    return RoundRun(task, loop_run, number, InProcess(), lambda event: None)


def ended(run_id: str) -> tuple[str, str]:
    run = runs.get(run_id)
    return run.info.status, run.data.tags.get("veritrain.reason", "")


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (None, "FINISHED", ""),
        (ValueError("broken\nmore"), "FAILED", "ValueError: broken"),
        (KeyboardInterrupt(), "KILLED", "interrupted from outside; the same command goes on"),
    ],
)
def test_it_ends_as_its_body_did(
    task: Task, loop_run: str, error: BaseException | None, status: str, reason: str
) -> None:
    def walk() -> None:
        with here:
            if error:
                raise error

    here = round_of(task, loop_run)
    if error:
        with pytest.raises(type(error)):
            walk()
    else:
        walk()
    assert ended(here.run_id) == (status, reason)


def test_a_round_is_found_again_by_its_number_and_taken_up_unless_it_finished(
    task: Task, loop_run: str
) -> None:
    made: dict[Any, str] = {}
    for number in (0, 1, None):
        first = round_of(task, loop_run, number)
        with pytest.raises(OSError), first:
            raise OSError
        made[number] = first.run_id
    assert len(set(made.values())) == 3
    for number in (0, 1, None):
        with round_of(task, loop_run, number) as again:
            assert again.run_id == made[number]
            assert runs.get(again.run_id).info.status == "RUNNING"
        assert ended(again.run_id)[0] == "FINISHED"
        with round_of(task, loop_run, number) as walked_past:
            assert runs.get(walked_past.run_id).info.status == "FINISHED", "it stays closed"


def test_rounds_of_another_loop_are_not_mistaken_for_it(task: Task, loop_run: str) -> None:
    with round_of(task, loop_run) as mine:
        pass
    with round_of(task, runs.open_run(task, "loop", kind="loop")) as other:
        assert other.run_id != mine.run_id


def test_a_waiting_round_is_taken_up_again(task: Task, loop_run: str) -> None:
    with round_of(task, loop_run) as waiting:
        waiting.mark_waiting("15 rows wait")
    assert ended(waiting.run_id)[0] == "FINISHED"
    with round_of(task, loop_run) as again:
        assert again.run_id == waiting.run_id
        assert runs.get(again.run_id).info.status == "RUNNING"


def test_the_summary_is_on_the_round_and_a_step_of_the_loop_and_written_once(
    task: Task, loop_run: str
) -> None:
    from veritrain_lib.tracking import store

    result = StageResult(headline="h", measures={"accuracy": Measure(value=0.5)})
    for number, value in ((0, 0.5), (1, 0.75)):
        with round_of(task, loop_run, number) as here:
            measured = result.model_copy(update={"measures": {"accuracy": Measure(value=value)}})
            here.summarize(measured, "said", extra_metrics={"training_rows": 21.0})
    with round_of(task, loop_run, 1) as again:
        again.summarize(result, "something else")
    assert runs.get(again.run_id).data.tags["mlflow.note.content"] == "said"
    assert runs.get(again.run_id).data.metrics == {"accuracy": 0.75, "training_rows": 21.0}
    curve = store.client().get_metric_history(loop_run, "accuracy")
    assert [(point.step, point.value) for point in curve] == [(0, 0.5), (1, 0.75)]


def test_a_stage_is_told_done_first_and_stored_the_next_time(task: Task, loop_run: str) -> None:
    told: list[tuple[str, str]] = []
    for number in (0, 1):
        here = RoundRun(
            task, loop_run, number, InProcess(), lambda event: told.append((event.stage, event.kind))
        )
        with here:
            done = here.stage("gate", dataset="seed")
        assert runs.get(here.run_id).data.tags["veritrain.run.gate"] == done.run_id
    assert told == [("gate", kind) for kind in ("begin", "cell", "done", "stored")]
