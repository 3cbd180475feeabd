"""A model of the record is code until its format says otherwise: nothing runs that nobody approved."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import hostile_models
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core import registry
from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.core.task import Task
from veritrain_lib.models.base import open_model
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.tasks import find_task
from veritrain_lib.tracking import models, runs, store
from veritrain_lib.trainers.tfidf_svc import TfidfSvc
from veritrain_lib.trust import approvals

Write = Callable[[Path, Path], None]


@pytest.fixture
def task(home: Path) -> Task:
    registry.register("models", "hostile", hostile_models.open_hostile)
    return find_task(str(write_tiny(home / "task")))


def filed(task: Task, folder: Path, name: str = "theirs") -> str:
    """A folder as the files of a model that somebody registered; its address."""
    run = runs.open_run(task, "theirs", kind="stage")
    runs.log_folder(run, folder, "model")
    client = store.client()
    client.create_registered_model(name)
    version = client.create_model_version(name, f"{runs.get(run).info.artifact_uri}/model", run_id=run)
    return f"models:/{name}/{version.version}"


def hostile(task: Task, tmp_path: Path, write: Write) -> tuple[str, Path]:
    folder, canary = tmp_path / "hostile", tmp_path / "ran"
    folder.mkdir()
    write(folder, canary)
    return filed(task, folder), canary


@pytest.mark.parametrize("write", hostile_models.HOSTILE, ids=lambda one: one.__name__)
def test_code_that_nobody_approved_is_not_run(task: Task, tmp_path: Path, write: Write) -> None:
    uri, canary = hostile(task, tmp_path, write)
    with pytest.raises((Refused, UserError)) as refused:
        open_model(uri, task)
    assert not canary.exists(), "its author's command ran"
    if write not in (hostile_models.student_foreign, hostile_models.adapter):  # ours, but broken
        held = models.model_contents(uri)
        said = str(refused.value)
        assert isinstance(refused.value, Refused)
        assert uri in said
        assert held.code in said
        assert held.digest in said
        assert f"veritrain approve {held.digest}" in said


@pytest.mark.parametrize("write", hostile_models.RUNS, ids=lambda one: one.__name__)
def test_what_an_admin_approved_is_opened_and_anything_else_at_its_place_is_not(
    task: Task, tmp_path: Path, write: Write
) -> None:
    uri, canary = hostile(task, tmp_path, write)
    held = models.model_contents(uri)
    approvals.approve(held.digest, "looked at", "me")
    try:
        open_model(uri, task)
    except Refused:
        raise
    except Exception:  # noqa: BLE001, S110 (what it unpickles to answers nothing: that it ran is all that counts)
        pass
    assert canary.exists(), "the trial proves nothing unless its command can run"
    canary.unlink()
    with (Path(held.folder) / "more").open("w") as file:
        file.write("another content")
    with pytest.raises(Refused):
        open_model(uri, task)
    assert not canary.exists()


def test_an_approval_taken_back_holds_no_more(task: Task, tmp_path: Path) -> None:
    uri, _ = hostile(task, tmp_path, hostile_models.code)
    approvals.approve(models.model_contents(uri).digest, "", "me")
    answers = open_model(uri, task).answer(sources.development_rows(task).head(2))
    assert [one.best for one in answers] == ["billing", "billing"]
    approvals.revoke(models.model_contents(uri).digest)
    with pytest.raises(Refused):
        open_model(uri, task)


def test_a_model_that_a_client_logged_in_skops_opens_without_an_approval(task: Task, tmp_path: Path) -> None:
    import mlflow
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    rows, asked = sources.seed_rows(task), sources.development_rows(task)
    for name, last in (("sure", LogisticRegression()), ("plain", LinearSVC())):
        fitted = make_pipeline(TfidfVectorizer(), last).fit(rows["text"], rows["label"])
        mlflow.sklearn.save_model(fitted, tmp_path / name, pip_requirements=["scikit-learn"])
        uri = filed(task, tmp_path / name, name)
        assert models.model_contents(uri).code == ""
        answers = open_model(uri, task).answer(asked)
        assert [one.best for one in answers] == list(fitted.predict(asked["text"]))
    assert len(open_model("models:/sure/1", task).answer(asked)[0].candidates) == 3


def test_trees_in_skops_are_asked_for_since_they_hand_arrays_to_compiled_code(
    task: Task, tmp_path: Path
) -> None:
    import skops.io
    from sklearn.svm import SVC

    (tmp_path / "svm").mkdir()
    skops.io.dump(SVC().fit([[0.0], [1.0]], ["a", "b"]), tmp_path / "svm" / "model.skops")
    with pytest.raises(Refused, match=r"names what is not on our list .*sklearn.svm._classes.SVC"):
        open_model(filed(task, tmp_path / "svm"), task)


def test_a_damaged_skops_file_is_no_way_in(task: Task, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "model.skops").write_bytes(b"PK no zip")
    with pytest.raises(Refused, match=r"model.skops is not a skops file"):
        open_model(filed(task, tmp_path / "bad"), task)


def test_an_extensions_address_in_the_record_needs_an_approval_and_ones_own_does_not(
    task: Task, tmp_path: Path
) -> None:
    own, canary = tmp_path / "own", tmp_path / "ran"
    own.mkdir()
    hostile_models.extension(own, canary)
    inside = tmp_path / "mlruns" / "put"
    inside.parent.mkdir(exist_ok=True)
    shutil.copytree(own, inside)
    store.client().create_registered_model("filed")
    store.client().create_model_version(
        "filed", "x", tags={models.ADDRESS: f"hostile:{inside / 'artifacts' / 'hostile'}"}
    )
    for uri in ("models:/filed/1", f"hostile:{inside / 'artifacts' / 'hostile'}"):
        with pytest.raises(Refused):
            open_model(uri, task)
    link = tmp_path / "link"
    link.symlink_to(inside / "artifacts" / "hostile")
    with pytest.raises(Refused, match="copy it to a folder of your own"):
        open_model(f"hostile:{link}", task)
    assert not canary.exists()
    open_model(f"hostile:{own / 'artifacts' / 'hostile'}", task)
    assert canary.exists()
    canary.unlink()
    approvals.approve(models.model_contents("models:/filed/1").digest, "", "me")
    with pytest.raises(AttributeError):
        open_model("models:/filed/1", task).answer(sources.development_rows(task))
    assert canary.exists()


def test_a_student_that_was_trained_here_holds_no_code(task: Task, tmp_path: Path) -> None:
    run = runs.open_run(task, "train", kind="stage")
    made = models.register(
        task, run, TfidfSvc().train(task, sources.seed_rows(task), seed=0), model_digest="d", dataset="tiny@1",
        example=sources.development_rows(task).head(2), measures={"accuracy": 0.5},
    )  # fmt: skip
    held = models.model_contents(made.uri)
    assert held.code == ""
    assert any(re.search(r"student\.skops$", file) for file in held.files)
