"""Which store holds the record: the environment's, else the project's own, always by absolute path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.core.task import Task
from veritrain_lib.tracking import runs, store


def test_default_store_is_the_projects_and_does_not_depend_on_the_working_directory(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = set()
    for folder in (home, home.parent, Path("/")):
        monkeypatch.chdir(folder)
        addresses.add(store.uri())
    assert addresses == {f"sqlite:///{home}/mlflow.db"}
    assert Path(store.uri().removeprefix("sqlite:///")).is_absolute()


@pytest.mark.parametrize(
    ("address", "remote"),
    [("http://tracking:5000", True), ("https://tracking", True), ("sqlite:////elsewhere/record.db", False)],
)
def test_the_environment_decides_which_store_it_is(
    home: Path, monkeypatch: pytest.MonkeyPatch, address: str, remote: bool
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    assert store.uri() == address
    assert store.is_remote() is remote


def test_a_store_that_cannot_be_opened_is_a_fault_of_the_machine_and_says_its_address(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////proc/no/such/place/mlflow.db")
    with pytest.raises(
        Infrastructure, match=r"/proc/no/such/place/mlflow\.db.*MLFLOW_TRACKING_URI"
    ) as caught:
        store.client()
    assert caught.value.exit_code == 3


def test_a_task_is_an_experiment_whose_artifacts_lie_beside_the_store(task: Task, home: Path) -> None:
    found = store.experiment(task)
    assert found.name == "tiny"
    assert found.artifact_location == (home / "mlruns").as_uri() + "/tiny"
    assert found.tags["mlflow.note.content"] == task.description
    assert store.experiment(task).experiment_id == found.experiment_id


def test_a_deleted_experiment_is_named_and_not_filled_again(task: Task) -> None:
    store.client().delete_experiment(store.experiment(task).experiment_id)
    with pytest.raises(
        Infrastructure, match=r"'tiny' is deleted.*mlflow experiments restore --experiment-id"
    ):
        store.experiment(task)


def test_each_project_has_a_record_of_its_own_in_one_process(
    task: Task, home: Path, new_home: Callable[[Path], Path]
) -> None:
    here = runs.open_run(task, "here", kind="stage")
    new_home(home / "other")
    assert runs.search(task) == []
    new_home(home)
    assert [run.info.run_id for run in runs.search(task)] == [here]
