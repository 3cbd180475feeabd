"""Before a loop says that nothing is left to do it looks whether what it made is there, and makes again what is not."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stages.in_process import InProcess
from tests.stages.tiny_task import write_tiny
from veritrain_lib.cli.task_status import task_status
from veritrain_lib.core import project
from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.loop.loop import LoopResult, run_loop
from veritrain_lib.models.base import open_model
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.report.record import ReportSpec
from veritrain_lib.tracking import datasets, models, runs, store


@pytest.fixture(scope="module")
def walked(
    empty_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Task, LoopResult, dict[str, Any]]]:
    """A finished loop in a store of its own. Each test breaks something of it, and the loop mends it."""
    home = tmp_path_factory.mktemp("whole")
    shutil.copy(empty_store, home / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERITRAIN_HOME", str(home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.setattr(ReportSpec, "_store", lambda self, run_id, result: None)
        task = load_task(write_tiny(home / "task"))
        result = run_loop(task, runner=InProcess())
        assert result.verdict == "better", "a champion that was promoted"
        yield task, result, state(task)


def state(task: Task) -> dict[str, Any]:
    """What a loop comes to, by content, whatever version it has."""
    champion = models.by_alias(task, models.CHAMPION)
    assert champion is not None
    rows = sources.development_rows(task)
    return {
        "champion": champion.digest,
        "answers": [one.best for one in open_model(champion.uri, task).answer(rows)],
        "datasets": [
            (one.reference, one.status, one.digest, len(datasets.load(task, one.reference).rows))
            for one in datasets.listing(task)
        ],
    }


def of_stage(task: Task, stage: str) -> runs.Run:
    return runs.search(task, f"tags.`veritrain.stage` = '{stage}' AND attributes.status = 'FINISHED'")[0]


def seed_gate(task: Task) -> runs.Run:
    """The run that holds the seed rows, to which every later dataset refers."""
    return runs.search(task, "tags.`veritrain.dataset.version` = '1' AND attributes.status = 'FINISHED'")[0]


def file_of(run: runs.Run, name: str) -> Path:
    return Path(run.info.artifact_uri.removeprefix("file://")) / name


def model_file(task: Task) -> Path:
    champion = models.by_alias(task, models.CHAMPION)
    assert champion is not None
    stored = store.client().get_model_version(task.name, str(champion.version))
    model_id = str(stored.source).removeprefix("models:/")
    return next(project.artifacts().rglob(f"{model_id}/artifacts/MLmodel"))


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-7])


def delete_version(task: Task) -> None:
    champion = models.by_alias(task, models.CHAMPION)
    assert champion is not None
    store.client().delete_model_version(task.name, str(champion.version))


def delete_all_models(task: Task) -> None:
    store.client().delete_registered_model(task.name)


def delete_run(task: Task, where: str) -> None:
    runs.delete(runs.search(task, where)[0].info.run_id)


BROKEN: dict[str, Callable[[Task], None]] = {
    "the folder of all files": lambda task: shutil.rmtree(project.artifacts()),
    "a dataset's file": lambda task: file_of(of_stage(task, "gate"), "dataset/layout.json").unlink(),
    "a part of a dataset's file": lambda task: cut(
        file_of(of_stage(task, "generate"), "dataset/rows.parquet")
    ),
    "the rows that every dataset shares": lambda task: file_of(
        seed_gate(task), "dataset/rows.parquet"
    ).unlink(),
    "the run of the seed's gate": lambda task: runs.delete(seed_gate(task).info.run_id),
    "a part of a result": lambda task: cut(file_of(of_stage(task, "evaluate"), "result/result.json")),
    "a result's list of files": lambda task: file_of(of_stage(task, "probe"), "files.json").unlink(),
    "a file of the champion": lambda task: model_file(task).unlink(),
    "the champion's version": delete_version,
    "every model": delete_all_models,
    "the run of a gate": lambda task: delete_run(task, "tags.`veritrain.stage` = 'gate'"),
    "the run of a round": lambda task: delete_run(task, "tags.`veritrain.kind` = 'round'"),
    "the final comparison": lambda task: delete_run(task, "tags.`veritrain.kind` = 'final'"),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", BROKEN)
def test_what_is_gone_is_named_and_made_again(
    walked: tuple[Task, LoopResult, dict[str, Any]], caplog: pytest.LogCaptureFixture, what: str
) -> None:
    task, _, whole = walked
    BROKEN[what](task)
    with caplog.at_level(logging.WARNING, "veritrain"):
        again = run_loop(task, runner=InProcess())
    said = [record.getMessage() for record in caplog.records if record.name == "veritrain"]
    assert any("made is missing" in line for line in said), said
    assert again.verdict == "better"
    assert not again.note
    assert state(task) == whole
    champion = models.by_alias(task, models.CHAMPION)
    assert champion is not None
    assert again.champion == champion.uri
    assert not runs.search(task, "attributes.status = 'RUNNING'")
    caplog.clear()
    runner = InProcess()
    assert run_loop(task, runner=runner).again
    assert not runner.jobs, "now nothing is left to do"
    assert not [record for record in caplog.records if record.name == "veritrain"]


def test_an_alias_that_is_gone_is_set_again(
    walked: tuple[Task, LoopResult, dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    task, _, whole = walked
    store.client().delete_registered_model_alias(task.name, models.CHAMPION)
    runner = InProcess()
    again = run_loop(task, runner=runner)
    assert again.again
    assert not runner.jobs
    assert "pointed nowhere" in caplog.text
    assert state(task) == whole


def test_an_alias_that_was_moved_stays_and_one_champion_is_shown(
    walked: tuple[Task, LoopResult, dict[str, Any]],
) -> None:
    task, _, _ = walked
    champion, seed = models.by_alias(task, models.CHAMPION), models.listing(task)[0]
    assert champion is not None
    assert seed.digest != champion.digest
    models.set_alias(task, seed.version, models.CHAMPION)
    again = run_loop(task, runner=InProcess())
    assert f"The champion is {seed.uri} now" in again.note
    assert f"veritrain evaluate {task.path} --champion {seed.uri} --challenger {champion.uri}" in again.note
    shown = task_status(task)
    assert shown["champion"]["uri"] == seed.uri
    assert f"Champion: {champion.uri}" not in shown["loop"]["headline"]
    from veritrain_lib.loop.stage_job import run_stage

    run_stage(task, "evaluate", {"champion": seed.uri, "challenger": champion.uri}, runner=InProcess())
    now = models.by_alias(task, models.CHAMPION)
    assert now is not None
    assert now.digest == champion.digest, "what the note says to run"


def test_a_deleted_experiment_is_told_with_the_command_that_brings_it_back(
    walked: tuple[Task, LoopResult, dict[str, Any]],
) -> None:
    task, _, _ = walked
    place = store.experiment(task).experiment_id
    store.client().delete_experiment(place)
    try:
        with pytest.raises(Infrastructure, match=f"mlflow experiments restore --experiment-id {place}"):
            run_loop(task, runner=InProcess())
    finally:
        store.client().restore_experiment(place)
