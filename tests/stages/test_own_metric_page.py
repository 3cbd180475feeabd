"""docs/own_metric.md as it stands: its function grades, steers, and an edit is other work."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stages.conftest import Do, reread
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.core.records import Candidate, Response
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.metrics.base import open_metrics, primary_metric, references_of, row_scores
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.tasks import find_task
from veritrain_lib.task_check.check import check_task

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "own_metric.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    (text,) = re.findall(rf"```{re.escape(kind)}\n(.*?)```", PAGE, re.DOTALL)
    return str(text)


def task_with(folder: Path, code: str, **choice: Any) -> Task:
    metrics = [{"file": "my_metric.py", **choice}, {"name": "accuracy"}]
    path = write_tiny(folder / "task", metrics=metrics)
    (path.parent / "my_metric.py").write_text(code, encoding="utf-8")
    return load_task(path)


@pytest.fixture
def task(home: Path) -> Task:
    path = write_tiny(home / "task", **yaml.safe_load(block("yaml task.yaml")))
    (path.parent / "my_metric.py").write_text(block("python my_metric.py"), encoding="utf-8")
    return load_task(path)


def answer(text: str) -> Response:
    return Response((Candidate(text),), raw=text)


def test_the_page_grades_as_it_says(task: Task) -> None:
    assert check_task(task.path).message == ""
    metric, accuracy = open_metrics(task)
    references = ["refund_new", "refund_new", "refund_new", "refund_new"]
    for number, reference in enumerate(references):
        references[number] = references_of(task, _frame(reference))[0]
    responses = [
        answer("refund_new"),
        answer("refund_late"),
        answer("parcel"),
        Response((), raw="", error="no"),
    ]
    assert row_scores(metric, references, responses).tolist() == [1, 0.25, 0, 0]
    assert metric.value(references, responses) == pytest.approx(1.25 / 4)
    assert accuracy.value(references, responses) == 0.25
    assert (metric.name, metric.higher_is_better) == ("my_metric", True)


def _frame(label: str) -> Any:
    import pandas as pd

    return pd.DataFrame({"text": ["hello"], "label": [label]})


def test_it_steers_training_and_evaluation_and_an_edit_is_other_work(task: Task, do: Do) -> None:
    trained = do("train", task)
    measure = trained.run().measures["my_metric"]
    grades = trained.run().tables["predictions"]["grade"]
    assert measure.value == pytest.approx(grades.mean())
    assert trained.run().headline.count("my_metric") == 1
    file = task.path.parent / "my_metric.py"
    file.write_text(block("python my_metric.py").replace("return 1", "return 0.75"), encoding="utf-8")
    again = do("train", reread(task))
    assert again.run_id != trained.run_id
    assert again.run().measures["my_metric"].value == pytest.approx(
        (grades * 0.75).where(grades == 1, grades).mean()
    )
    assert again.run().model_digest == trained.run().model_digest  # the model is the same


def test_a_metric_without_row_and_parameters_serves_free_text(home: Path) -> None:
    code = "def grade(expected, answer): return answer.startswith(expected[:1])"
    text = {"target": {"field": "label", "language": "en"}, "contract": {}, "trainer": {"name": "memory"}}
    path = write_tiny(
        home / "task", metrics=[{"file": "first.py", "name": "first_letter"}], gate="none", **text
    )
    (path.parent / "first.py").write_text(code, encoding="utf-8")
    task = load_task(path)
    references = references_of(task, sources.development_rows(task))
    metric = primary_metric(task)
    assert metric.name == "first_letter"
    assert metric.value(references, [answer("bread")] * len(references)) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("code", "choice", "message"),
    [
        ("x = 1", {}, "no function `grade`"),
        ("def grade(answer): return 1", {}, "its first parameters must be expected, answer"),
        (
            "def grade(expected, answer): return 1",
            {"parameters": {"k": 1}},
            "has no parameter k; allowed: none",
        ),
        ("def grade(expected, answer, row, k): return 1", {}, "parameters must set k"),
        ("def grade(expected, answer): return 1", {"name": "accuracy"}, "there is a metric of that name"),
        ("def grade(expected, answer): return 1", {"higher_is_better": False}, "higher is better"),
    ],
)
def test_a_broken_file_is_reported_without_running_it(
    home: Path, code: str, choice: dict[str, Any], message: str
) -> None:
    task = task_with(home, f"open('ran', 'w')\n{code}", **choice)
    assert message in check_task(task.path).message
    assert not Path("ran").exists()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return 2", "grade gave 2 for expected"),
        ("return 'right'", "grade gave 'right' for expected"),
        ("return float('nan')", "grade gave nan for expected"),
        ("return answer[99]", r"my_metric.py, line 2: IndexError: .* \(expected "),
    ],
)
def test_a_grade_that_is_none_stops_with_the_row(home: Path, body: str, message: str) -> None:
    task = task_with(home, f"def grade(expected, answer):\n    {body}\n")
    references = references_of(task, sources.development_rows(task))
    with pytest.raises(UserError, match=message):
        primary_metric(task).value(references, [answer("parcel")] * len(references))


def test_what_fails_when_it_is_run_is_reported_before_any_work(home: Path) -> None:
    with pytest.raises(UserError, match=r"my_metric.py, line 1: ZeroDivisionError"):
        find_task(str(task_with(home, "x = 1 / 0\ndef grade(expected, answer): ...").path), check=True)


def test_a_file_among_the_records_files_is_never_run(home: Path) -> None:
    task = task_with(home, "open('ran', 'w')\ndef grade(expected, answer): ...")
    hidden = home / "mlruns" / "my_metric.py"
    hidden.parent.mkdir(exist_ok=True)
    (task.path.parent / "my_metric.py").rename(hidden)
    (task.path.parent / "my_metric.py").symlink_to(hidden)
    with pytest.raises(Refused, match="among the files of the record"):
        open_metrics(task)
    assert not Path("ran").exists()
