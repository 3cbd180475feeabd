"""A round that was asked for by itself: the stages of a loop on a given dataset, to a truthful end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.server.walked import Walked, walked_home
from tests.stages.in_process import InProcess
from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.execution import Job, LocalRunner, NotebookOutcome
from veritrain_lib.execution.workers.remote_runner import RemoteRunner
from veritrain_lib.loop import experiment_run
from veritrain_lib.loop.experiment_run import ExperimentRequest, run_experiment
from veritrain_lib.loop.stage_job import StageFailed
from veritrain_lib.server import run_job
from veritrain_lib.server.jobs import background
from veritrain_lib.stages.inputs.derived_task import is_derived, with_trainer
from veritrain_lib.stages.inputs.tasks import find_task
from veritrain_lib.stages.report.record import ReportSpec
from veritrain_lib.tracking import event_log, models, runs


@pytest.fixture(scope="module")
def walked(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    with walked_home(tmp_path_factory.mktemp("walked"), empty_store) as found:
        yield found


@pytest.fixture(autouse=True)
def no_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReportSpec, "_store", lambda self, run_id, result: None)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The worker's process listens to signals in its own way; this one goes on as before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def asked(walked: Walked, **changes: Any) -> str:
    given = {
        "direction": "tiny", "base_model_id": "tiny-1", "dataset_id": walked.draft, "champion": "models:/tiny/1",
        "seed": 3, **changes,
    }  # fmt: skip
    return experiment_run.schedule_experiment(walked.task, "mine", ExperimentRequest.model_validate(given))


def state(run_id: str) -> tuple[str, str]:
    run = runs.get(run_id)
    return run.info.status, run.data.tags.get("veritrain.reason", "")


def test_it_trains_compares_with_the_base_model_and_reports(walked: Walked) -> None:
    run_id, runner = asked(walked, trainer={"C": 0.5}), InProcess()
    assert state(run_id) == ("SCHEDULED", "")
    run_experiment(run_id, runner=runner)
    assert runner.jobs == ["train", "evaluate", "report"]
    run = runs.get(run_id)
    assert run.info.status == "FINISHED"
    tags = run.data.tags
    judged = runs.get(tags["veritrain.run.evaluate"]).data
    assert judged.tags["veritrain.input.champion"] == "models:/tiny/1"
    trained = runs.get(tags["veritrain.run.train"]).data
    assert (trained.params["seed"], trained.tags["veritrain.input.dataset"]) == ("3", "tiny@3"), (
        "what the gate let through"
    )
    assert run.data.metrics["training_rows"] > 0
    lines = event_log.read(run_id)
    assert [line.data["stage"] for line in lines if line.data.get("event") == "done"] == runner.jobs
    assert [line.message for line in (lines[0], lines[-1])] == ["experiment begins", "completed"]
    assert (Path(run.info.artifact_uri.removeprefix("file://")) / "events" / f"{run_id}.jsonl").is_file()
    assert find_task("tiny").path == walked.task.path, "the name goes on to mean the task's own file"


def test_the_same_request_again_finds_everything_done(walked: Walked) -> None:
    run_experiment(asked(walked, trainer={"C": 2.0}), runner=InProcess())
    again, runner = asked(walked, trainer={"C": 2.0}), InProcess()
    run_experiment(again, runner=runner)
    assert [stage for stage in runner.jobs if stage != "report"] == []
    stored = [line.data["stage"] for line in event_log.read(again) if line.data.get("event") == "stored"]
    assert stored[:2] == ["train", "evaluate"]
    other = InProcess()
    run_experiment(asked(walked, trainer={"C": 4.0}), runner=other)
    assert other.jobs[0] == "train", "other parameters are other work"


def test_a_base_model_that_was_trained_so_is_not_compared_with_itself(walked: Walked) -> None:
    run_id, runner = asked(walked, dataset_id=walked.seed, seed=walked.task.seed), InProcess()
    run_experiment(run_id, runner=runner)
    assert runner.jobs == []
    assert state(run_id) == ("FINISHED", "")
    assert "nothing to compare" in runs.get(run_id).data.tags[runs.NOTE_TAG]


@pytest.mark.parametrize("status", ["blocked", "draft"])
def test_rows_that_no_gate_let_through_are_refused_before_anything_runs(walked: Walked, status: str) -> None:
    made = runs.open_run(walked.task, "made", kind="stage", tags={
        "veritrain.dataset.name": "tiny", "veritrain.dataset.version": "90", "veritrain.dataset.status": status,
    })  # fmt: skip
    runs.end_run(made, "FINISHED")
    run_id, runner = asked(walked, dataset_id=made), InProcess()
    with pytest.raises(Refused):
        run_experiment(run_id, runner=runner)
    assert runner.jobs == []
    assert state(run_id)[0] == "FAILED"
    assert state(run_id)[1].startswith("Refused: dataset tiny@90")
    assert event_log.read(run_id)[-1].data["reason"] == state(run_id)[1]


class Breaking(InProcess):
    """Ends the train stage as `how` says."""

    def __init__(self, how: BaseException) -> None:
        super().__init__()
        self.how = how

    def do(self, job: Job) -> NotebookOutcome:
        if isinstance(self.how, KeyboardInterrupt):
            raise self.how
        return NotebookOutcome("died", job.output, 0.0, str(self.how), 2, 1, 3)


@pytest.mark.parametrize(
    ("how", "raised", "status"),
    [
        (RuntimeError("out of memory"), StageFailed, "FAILED"),
        (KeyboardInterrupt(), KeyboardInterrupt, "KILLED"),
    ],
)
def test_it_ends_as_its_stage_did(
    walked: Walked, how: BaseException, raised: type[BaseException], status: str
) -> None:
    run_id = asked(walked, seed=40 + len(status))
    with pytest.raises(raised):
        run_experiment(run_id, runner=Breaking(how))
    assert state(run_id)[0] == status
    assert state(run_id)[1] == "stopped" if status == "KILLED" else "out of memory" in state(run_id)[1]
    assert event_log.has_ended(run_id)


def test_what_nobody_asked_for_is_no_experiment(walked: Walked) -> None:
    with pytest.raises(UserError, match="not a requested experiment"):
        run_experiment(walked.rounds[1])


def test_a_derived_task_has_other_parameters_and_reads_the_same_files(walked: Walked) -> None:
    task = walked.task
    assert with_trainer(task, {}) is task
    other = with_trainer(task, {"C": 0.5})
    assert is_derived(other)
    assert not is_derived(task)
    assert other.trainer.parameters == {**task.trainer.parameters, "C": 0.5}
    assert other.digest("trainer") != task.digest("trainer")
    assert other.digest("inputs", "metrics", "contract") == task.digest("inputs", "metrics", "contract")
    assert other.data_digest("seed", "test", "pool") == task.data_digest("seed", "test", "pool")
    assert with_trainer(task, {"C": 0.5}).path == other.path


def test_the_worker_says_how_it_ended_whatever_happens(
    walked: Walked, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: dict[str, BaseException] = {
        "stopped": KeyboardInterrupt(),
        "broken": ValueError("broken"),
        "no": Refused("no"),
    }
    for reason, error in ends.items():
        run_id = asked(walked)

        def do(_: str, error: BaseException = error) -> None:
            raise error

        monkeypatch.setattr(experiment_run, "run_experiment", do)
        code = run_job.main(run_id)
        status, why = state(run_id)
        assert status == ("KILLED" if reason == "stopped" else "FAILED")
        assert reason in why
        assert code == {"stopped": 130, "broken": 70, "no": 1}[reason]
        assert event_log.has_ended(run_id)


def test_more_than_fit_wait_their_turn_and_say_so(walked: Walked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERITRAIN_MAX_RUNNING", "1")
    run_id = asked(walked)
    taken = FileLock(background.folder() / "slot-0.lock")
    taken.acquire()
    waited: list[str] = []

    def sleep(_: float) -> None:
        waited.append(state(run_id)[0])
        taken.release()

    monkeypatch.setattr(run_job.time, "sleep", sleep)  # type: ignore[attr-defined]
    monkeypatch.setattr(experiment_run, "run_experiment", lambda run_id: None)
    assert run_job.main(run_id) == 0
    assert waited == ["SCHEDULED"]
    assert [line.data.get("status") for line in event_log.read(run_id)] == ["pending"]


@pytest.mark.parametrize("given", ["0", "many", "-1"])
def test_a_number_of_places_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("VERITRAIN_MAX_RUNNING", given)
    with pytest.raises(UserError, match="VERITRAIN_MAX_RUNNING"):
        run_job.most_running()


def test_a_model_of_a_derived_task_is_one_of_the_task(walked: Walked) -> None:
    run_experiment(run_id := asked(walked, trainer={"C": 8.0}), runner=InProcess())
    trained = runs.get(runs.get(run_id).data.tags["veritrain.run.train"]).data.tags["veritrain.model"]
    assert models.describe(walked.task, trained).dataset == "tiny@3"


def test_an_experiment_runs_where_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VERITRAIN_RUNNER", raising=False)
    assert isinstance(experiment_run._runner(), LocalRunner)
    monkeypatch.setenv("VERITRAIN_RUNNER", "celery")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    assert isinstance(experiment_run._runner(), RemoteRunner)
