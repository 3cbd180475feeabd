"""The registry: a model once, under aliases, and answering the same in a process that lacks Veri-Train."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task
from veritrain_lib.models.base import open_model
from veritrain_lib.stages.inputs import sources
from veritrain_lib.tracking import models, runs, store
from veritrain_lib.tracking.models import RegisteredVersion
from veritrain_lib.tracking.pyfunc_model import PyfuncModel
from veritrain_lib.trainers.tfidf_svc import TfidfSvc

ANSWER_WITHOUT_US = """
import json, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "veritrain_lib":
            raise ImportError("blocked: " + name)

sys.meta_path.insert(0, Blocked())
import mlflow, pandas
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model(sys.argv[2])
print(json.dumps(model.predict(pandas.DataFrame({"text": json.loads(sys.argv[3])}))))
assert "veritrain_lib" not in sys.modules
"""


def put(task: Task, model_digest: str, rows: pd.DataFrame | None = None) -> RegisteredVersion:
    rows = sources.seed_rows(task) if rows is None else rows
    run = runs.open_run(task, "train", kind="stage")
    made = models.register(
        task,
        run,
        TfidfSvc().train(task, rows, seed=0),
        model_digest=model_digest,
        dataset="tiny@1",
        example=sources.development_rows(task).head(2),
        measures={"accuracy": 0.5},
    )
    runs.end_run(run, "FINISHED")
    return made


def test_versions_are_kept_apart_by_what_made_them(task: Task) -> None:
    first, second, again = put(task, "d1"), put(task, "d2"), put(task, "d1")
    assert [one.version for one in (first, second, again)] == [1, 2, 1]
    assert again == first
    assert [one.digest for one in models.listing(task)] == ["d1", "d2"]
    assert models.find_by_digest(task, "d3") is None


def test_the_challenger_is_the_one_registered_last_also_when_it_was_known(task: Task) -> None:
    assert models.by_alias(task, models.CHALLENGER) is None
    for model_digest, version in (("d1", 1), ("d2", 2), ("d1", 1)):
        put(task, model_digest)
        found = models.by_alias(task, models.CHALLENGER)
        assert found is not None
        assert found.version == version
    first = models.by_alias(task, models.CHAMPION)
    assert first is not None
    assert first.version == 1, (
        "the first model has nobody to beat; no other one takes the alias by being made"
    )


def test_a_proven_promotion_is_applied_by_what_models_are_or_it_is_said_why_not(task: Task) -> None:
    for model_digest in ("d1", "d2", "d3"):
        put(task, model_digest)
    assert models.promote(task, "another's digest", "models:/tiny/1") == "", "it is the champion already"
    refused = models.promote(task, "d3", "models:/tiny/2")
    assert "models:/tiny/1" in refused
    assert "veritrain evaluate" in refused
    assert champion_version(task) == 1
    assert models.promote(task, "d1", "models:/tiny/2") == ""
    assert champion_version(task) == 2
    store.client().delete_registered_model_alias("tiny", models.CHAMPION)
    assert models.promote(task, "d1", "models:/tiny/3") == "", (
        "an alias that points nowhere is in nobody's way"
    )
    assert champion_version(task) == 3


def champion_version(task: Task) -> int:
    found = models.by_alias(task, models.CHAMPION)
    assert found is not None
    return found.version


def test_aliases_move_and_lead_to_a_version(task: Task) -> None:
    put(task, "d1")
    put(task, "d2")
    for version in (1, 2):
        models.set_alias(task, version, models.CHAMPION)
        assert models.describe(task, "models:/tiny@champion").uri == f"models:/tiny/{version}"
        assert models.identity(task, "models:/tiny@champion") == f"d{version}"


def test_an_unknown_address_names_those_there_are(task: Task) -> None:
    with pytest.raises(UserError, match=r"no model models:/tiny/1; there are: none yet; run: veritrain loop"):
        models.describe(task, "models:/tiny/1")
    put(task, "d1")
    for address in ("models:/tiny/7", "models:/tiny@nobody", "models:/other/1"):
        with pytest.raises(UserError, match=rf"no model {address}; there are: models:/tiny/1"):
            open_model(address, task)


def test_a_student_opened_from_the_registry_answers_and_scores_as_it_did(task: Task) -> None:
    rows, asked = sources.seed_rows(task), sources.development_rows(task)
    student = TfidfSvc().train(task, rows, seed=0).model
    opened = open_model(put(task, "d1", rows).uri, task)
    assert opened.uri == "models:/tiny/1"
    assert [one.raw for one in opened.answer(asked)] == [one.raw for one in student.answer(asked)]
    assert (opened.scores(asked) == student.scores(asked)).all()  # type: ignore[attr-defined]


@pytest.mark.slow
def test_a_fresh_process_without_veritrain_answers_like_the_student(task: Task, home: Path) -> None:
    rows, asked = sources.seed_rows(task), sources.development_rows(task).head(5)
    uri = put(task, "d1", rows).uri
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ANSWER_WITHOUT_US, f"sqlite:///{home}/mlflow.db", uri,
         json.dumps(asked["text"].tolist())],
        capture_output=True, text=True, timeout=300, cwd=home, check=False,
        env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    student = TfidfSvc().train(task, rows, seed=0).model
    assert json.loads(done.stdout.splitlines()[-1]) == [json.loads(one.raw) for one in student.answer(asked)]


def test_a_model_comes_from_the_store_in_use_not_from_the_one_used_before(
    task: Task, home: Path, new_home: Callable[[Path], Path]
) -> None:
    asked = sources.development_rows(task)
    few = put(task, "d1")
    new_home(home / "other")
    put(task, "d1", sources._read_answered(task, "pool"))
    other = [one.raw for one in open_model("models:/tiny/1", task).answer(asked)]
    new_home(home)
    mine = [one.raw for one in open_model(few.uri, task).answer(asked)]
    expected = [
        one.raw for one in TfidfSvc().train(task, sources.seed_rows(task), seed=0).model.answer(asked)
    ]
    assert mine == expected
    assert mine != other


class _Fixed:
    """Stands for a foreign MLflow model."""

    def __init__(self, answers: list[object]) -> None:
        self._answers = answers

    def predict(self, rows: pd.DataFrame) -> list[object]:
        return self._answers


def test_a_foreign_model_is_read_by_the_contract(task: Task) -> None:
    rows = sources.development_rows(task).head(4)
    answers: list[object] = [
        {"label": "parcel", "explanation": "because"},
        {"candidates": [{"label": "billing", "score": 0.9}, {"label": "parcel", "score": 0.1}]},
        "greeting",
        {"other": 1},
    ]
    said = PyfuncModel("models:/foreign/1", _Fixed(answers), task).answer(rows)
    assert [one.best for one in said] == ["parcel", "billing", "greeting", None]
    assert said[0].explanation == "because"
    assert said[1].candidates[0].score == 0.9
    assert said[3].error == "no answer"
    with pytest.raises(UserError, match="gave 3 answers to 4 rows"):
        PyfuncModel("models:/foreign/1", _Fixed(answers[:3]), task).answer(rows)


def test_an_address_on_disk_is_named_by_its_content(task: Task, tmp_path: Path) -> None:
    trained = TfidfSvc().train(task, sources.seed_rows(task), seed=0)
    trained.save(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    assert models.identity(task, f"student:{tmp_path / 'one'}") == models.identity(
        task, f"student:{tmp_path / 'two'}"
    )
    (tmp_path / "two" / "more.txt").write_text("x")
    assert models.identity(task, f"student:{tmp_path / 'one'}") != models.identity(
        task, f"student:{tmp_path / 'two'}"
    )


def test_tags_of_a_version_are_set_on_it(task: Task) -> None:
    from veritrain_lib.tracking import store

    put(task, "d1")
    models.tag_version(task.name, 1, {"veritrain.probe": "{}"})
    tags = store.client().get_model_version("tiny", "1").tags
    assert tags["veritrain.probe"] == "{}"
    assert tags["veritrain.dataset"] == "tiny@1"
