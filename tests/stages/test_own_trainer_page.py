"""docs/own_trainer.md as it stands: its code trains through every stage, is stored, served and found again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stages.conftest import Do, reread
from tests.stages.tiny_task import LABELS, write_tiny
from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.models.base import Scorer, open_model
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.derived_task import with_trainer
from veritrain_lib.stages.inputs.tasks import find_task
from veritrain_lib.stages.record.stage_run import prepare
from veritrain_lib.task_check.check import check_task
from veritrain_lib.tracking import models, store
from veritrain_lib.trust import approvals

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "own_trainer.md").read_text(encoding="utf-8")
FOREST = """
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
def make():
    return make_pipeline(TfidfVectorizer(), RandomForestClassifier(5))
"""


def block(kind: str) -> str:
    (text,) = re.findall(rf"```{re.escape(kind)}\n(.*?)```", PAGE, re.DOTALL)
    return str(text)


def task_with(folder: Path, code: str, **parts: Any) -> Task:
    path = write_tiny(folder / "task", **{"trainer": {"file": "my_trainer.py"}, **parts})
    (path.parent / "my_trainer.py").write_text(code, encoding="utf-8")
    return load_task(path)


@pytest.fixture
def task(home: Path) -> Task:
    """The tiny task with the page's file and the page's keys."""
    return task_with(home, block("python my_trainer.py"), **yaml.safe_load(block("yaml task.yaml")))


def test_the_page_shows_a_function_of_a_few_lines(task: Task) -> None:
    assert len([line for line in block("python my_trainer.py").splitlines() if line.strip()]) <= 10
    assert check_task(task.path).message == ""
    assert (task.trainer.name, task.trainer.parameters) == ("my_trainer", {"c": 2.0})


def test_every_stage_works_with_it(task: Task, do: Do) -> None:
    do("gate", task, dataset="seed")
    trained = do("train", task).run()
    assert trained.measures["accuracy"].value > 0.3
    model = open_model(trained.model, task)
    assert isinstance(model, Scorer)
    development = sources.development_rows(task)
    scores = model.scores(development)
    assert scores.shape == (len(development), 3)
    assert scores.sum(axis=1) == pytest.approx(1)
    response = model.answer(development)[0]
    assert len(response.candidates) == 3
    assert sorted(json.loads(response.raw)) == ["candidates", "explanation", "label"]
    probed = do("probe", task, model=trained.model).run()
    assert probed.measures["output_contract"].value == 1.0
    do("generate", task)
    do("gate", task)
    do("train", task)
    evaluated = do("evaluate", task).run()
    assert evaluated.measures["accuracy"].n == len(development)


def test_a_model_server_answers_texts_and_columns(task: Task, do: Do) -> None:
    import mlflow.pyfunc
    import numpy as np
    from mlflow.pyfunc.scoring_server import init
    from starlette.testclient import TestClient

    result = do("train", task).run()
    store.client()
    served = mlflow.pyfunc.load_model(str(models.files_of(result.model)))
    texts = sources.development_rows(task)["text"].tolist()
    answers = [
        response.best for response in open_model(result.model, task).answer(sources.development_rows(task))
    ]
    assert served.predict(np.array(texts)).tolist() == answers
    client = TestClient(init(served))
    for question in ({"inputs": texts[:3]}, {"dataframe_records": [{"text": text} for text in texts[:3]]}):
        assert client.post("/invocations", json=question).json() == {"predictions": answers[:3]}


def test_an_edited_file_is_other_work(task: Task, do: Do) -> None:
    first = do("train", task)
    assert do("train", task).run_id == first.run_id
    file = task.path.parent / "my_trainer.py"
    file.write_text(file.read_text(encoding="utf-8") + "\n# another\n", encoding="utf-8")
    again = do("train", reread(task))
    assert again.run_id != first.run_id
    assert again.run().model_digest != first.run().model_digest


def test_by_column_and_a_derived_task(home: Path, do: Do) -> None:
    task = task_with(
        home,
        block("python by_column.py").replace("make()", "make(alpha=1.0)").replace("NB()", "NB(alpha=alpha)"),
    )
    result = do("train", with_trainer(task, {"alpha": 0.5})).run()
    assert open_model(result.model, task).answer(sources.development_rows(task))[0].best in LABELS


def test_trees_made_here_open_here_and_nothing_in_their_place_does(home: Path, do: Do) -> None:
    task = task_with(home, FOREST)
    result = do("train", task).run()
    model = open_model(result.model, task)
    assert model.answer(sources.development_rows(task))[0].best in LABELS
    (approval,) = approvals.list_approvals()
    assert "my_trainer.py of task tiny" in approval.note
    approvals.revoke(approval.digest)
    with pytest.raises(Refused, match="veritrain approve"):
        open_model(result.model, task)
    same = do("train", task).run()
    assert same.model == result.model


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = 1", "no function `make`"),
        ("def make(:", "line 2 is not valid Python"),
        ("import no_such_package_here\ndef make(): ...", "no package 'no_such_package_here' is installed"),
        ("def make(depth): ...", "parameters must set depth"),
    ],
)
def test_a_broken_file_is_reported_without_running_it(home: Path, code: str, message: str) -> None:
    task = task_with(home, f"open('ran', 'w')\n{code}")
    assert message in check_task(task.path).message
    assert not Path("ran").exists()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def make(): return 3", "must return a scikit-learn estimator or pipeline .* not 3"),
        ("def make():\n    return 1 / 0", "my_trainer.py, line 2: ZeroDivisionError"),
        (
            "from sklearn.svm import LinearSVC\ndef make(): return LinearSVC",
            "must return a scikit-learn estimator",
        ),
        (
            "from sklearn.preprocessing import TfidfVectorizer\ndef make(): ...",
            "my_trainer.py, line 1: ImportError",
        ),
        (
            "from sklearn.base import BaseEstimator\nclass Mine(BaseEstimator):\n    def fit(self, x, y): return self\n"
            "    def predict(self, x): return x\ndef make(): return Mine()",
            "the estimator holds Mine, which only this file defines",
        ),
    ],
)
def test_what_shows_only_when_it_runs_is_reported_before_any_work(
    home: Path, code: str, message: str
) -> None:
    task = task_with(home, code)
    assert check_task(task.path).message == ""
    with pytest.raises(UserError, match=message):
        find_task(str(task.path), check=True)


def test_a_name_that_is_taken_a_missing_file_and_free_text_are_refused(home: Path) -> None:
    code = block("python my_trainer.py")
    taken = task_with(home, code, trainer={"file": "my_trainer.py", "name": "memory"})
    assert "there is a trainer of that name" in check_task(taken.path).message
    with pytest.raises(UserError, match=r"trainer\.file: .*lost\.py is missing"):
        task_with(home, code, trainer={"file": "lost.py"})
    with pytest.raises(UserError, match=r"trainer\.parameters"):
        find_task(
            str(task_with(home, code, trainer={"file": "my_trainer.py", "parameters": {"k": 1}}).path),
            check=True,
        )
    text = {"target": {"field": "label", "language": "en"}, "contract": {}, "metrics": [{"name": "chrf"}]}
    assert "the answers of this task are free text" in check_task(task_with(home, code, **text).path).message


def test_a_file_among_the_records_files_is_never_run(home: Path) -> None:
    task = task_with(home, "open('ran', 'w')\ndef make(): ...")
    hidden = home / "mlruns" / "my_trainer.py"
    hidden.parent.mkdir(exist_ok=True)
    (task.path.parent / "my_trainer.py").rename(hidden)
    (task.path.parent / "my_trainer.py").symlink_to(hidden)
    with pytest.raises(Refused, match="among the files of the record"):
        find_task(str(task.path), check=True)
    with pytest.raises(Refused, match="among the files of the record"):
        prepare("train", {"task": str(task.path), "run_upstream": True}).run()
    assert not Path("ran").exists()
