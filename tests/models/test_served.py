from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.models.conftest import TEXTS, make_task
from veritrain_lib.core.task import Task
from veritrain_lib.models import served
from veritrain_lib.models.served import MissingColumns, ServedStudent, joined
from veritrain_lib.models.student import Student
from veritrain_lib.trainers.tfidf_svc import TfidfSvc


@pytest.mark.slow
def test_the_file_alone_answers_where_veritrain_is_not_there(
    student: Student, folder: Path, rows: pd.DataFrame, tmp_path: Path
) -> None:
    (tmp_path / "shipped.py").write_bytes(Path(served.__file__).read_bytes())
    rows[["text"]].to_csv(tmp_path / "rows.csv", index=False)
    program = (
        "import sys; sys.modules['veritrain_lib'] = None; sys.path.insert(0, sys.argv[1]); "
        "import json, pandas, shipped; "
        "frame = pandas.read_csv(sys.argv[1] + '/rows.csv'); "
        "print(json.dumps(shipped.ServedStudent.load(sys.argv[2]).predict(frame)))"
    )
    command = [sys.executable, "-I", "-c", program, str(tmp_path), str(folder)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
    assert json.loads(printed) == [json.loads(response.raw) for response in student.answer(rows)]


def test_importing_it_loads_no_heavy_library() -> None:
    program = (
        "import sys, veritrain_lib.models.student, veritrain_lib.trainers.tfidf_svc; "
        "import veritrain_lib.teachers.pool, veritrain_lib.teachers.augment, veritrain_lib.metrics.macro_f1; "
        "print(sorted({'numpy', 'pandas', 'sklearn', 'skops', 'jsonschema_rs'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program]
    assert (
        subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout.strip()
        == "[]"
    )


def test_input_fields_are_joined_and_missing_values_are_empty() -> None:
    frame = pd.DataFrame({"body": ["a", None, float("nan")], "subject": ["s", "t", 3]})
    assert joined(frame, ["subject", "body"]) == ["s\na", "t\n", "3\n"]
    with pytest.raises(MissingColumns, match="title"):
        joined(frame, ["title", "body"])


def test_texts_are_encoded_as_scikit_learn_does(folder: Path, rows: pd.DataFrame) -> None:
    served = ServedStudent.load(folder)
    ours, theirs = served._encode(rows), served._features.transform(joined(rows, served.card.inputs))
    assert ours.shape == theirs.shape
    assert ours.nnz > 0
    assert (ours != theirs).nnz == 0


def test_a_file_is_not_unpickled(folder: Path) -> None:
    import pickle

    (folder / "student.skops").write_bytes(pickle.dumps({"features": 1, "classifier": 2}))
    with pytest.raises(ValueError, match="can't be opened"):
        ServedStudent.load(folder)


def test_a_row_without_a_text_is_an_error_and_the_others_are_answered(student: Student) -> None:
    frame = pd.DataFrame(
        {
            "text": [
                "refund my money",
                None,
                float("nan"),
                "",
                " \t\n\u3000",
                "\u200b\ufeff",
                "log in is broken",
            ]
        }
    )
    responses = student.answer(frame)
    assert [response.best for response in responses] == ["refund", None, None, None, None, None, "login"]
    assert [bool(response.error) for response in responses] == [False, *[True] * 5, False]
    assert "input is empty" in (responses[1].error or "")
    alone = student.answer(frame.iloc[[0, 6]])
    assert [one.candidates for one in alone] == [responses[0].candidates, responses[6].candidates]
    assert student.served.predict(frame.iloc[1:3])[0]["candidates"] == []


def test_of_several_fields_one_with_a_text_is_enough(task: Task, rows: pd.DataFrame) -> None:
    two = make_task([*TEXTS, "other"], ("subject", "body"))
    trained = rows.assign(subject=rows["text"], body=rows["text"])
    model = TfidfSvc().train(two, trained, seed=0).model
    asked = pd.DataFrame({"subject": [None, " "], "body": ["refund my money", ""]})
    first, second = model.answer(asked)
    assert first.best == "refund"
    assert second.best is None
