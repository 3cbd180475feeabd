from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from veritrain_lib.core.task import Task
from veritrain_lib.models.student import Student
from veritrain_lib.trainers.tfidf_svc import TfidfSvc

TEXTS = {
    "refund": [
        "please refund my money",
        "i want my money back",
        "refund the last payment",
        "give me a refund",
    ],
    "login": ["i can not log in", "my password does not work", "login fails every time", "log in is broken"],
    "export": [
        "export my data to csv",
        "how do i download a csv",
        "csv export please",
        "download all my data",
    ],
}


def make_task(labels: list[str], inputs: tuple[str, ...] = ("text",)) -> Task:
    return Task.model_validate(
        {
            "version": 1,
            "name": "help",
            "inputs": {name: {"language": "en"} for name in inputs},
            "target": {"field": "label", "labels": labels},
            "contract": {
                "type": "object",
                "additionalProperties": False,
                "required": ["label", "candidates", "explanation"],
                "properties": {
                    "label": {"enum": labels},
                    "candidates": {
                        "type": "array",
                        "minItems": 2,
                        "items": {
                            "type": "object",
                            "required": ["label", "score"],
                            "properties": {
                                "label": {"enum": labels},
                                "score": {"type": "number", "minimum": 0},
                            },
                        },
                    },
                    "explanation": {"type": "string", "minLength": 1},
                },
            },
            "metrics": [{"name": "accuracy"}],
            "data": {"seed": "seed.csv", "development": "development.csv", "test": "test.csv"},
        }
    )


@pytest.fixture
def task() -> Task:
    return make_task([*TEXTS, "other"])


@pytest.fixture
def rows() -> pd.DataFrame:
    pairs = [(text, label) for label, texts in TEXTS.items() for text in texts]
    frame = pd.DataFrame(pairs, columns=["text", "label"])
    return frame.assign(id=[f"id{number}" for number in range(len(frame))])


@pytest.fixture
def student(task: Task, rows: pd.DataFrame) -> Student:
    return TfidfSvc().train(task, rows, seed=0).model


@pytest.fixture
def folder(student: Student, tmp_path: Path) -> Path:
    student.save(tmp_path / "student")
    return tmp_path / "student"
