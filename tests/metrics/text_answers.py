"""Text tasks without files, and responses out of texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from veritrain_lib.core.records import Candidate, Response
from veritrain_lib.core.task import Task
from veritrain_lib.metrics.base import references_of


def text_task(language: str = "en", **parts: Any) -> Task:
    target = {"field": "out", "language": language}
    return Task.model_validate(
        {
            "version": 1,
            "name": "texts",
            "inputs": {"text": {}, "context": {}},
            "target": target,
            "contract": {"type": "object"},
            "metrics": [{"name": "chrf"}],
            "data": {"seed": "s.csv", "development": "d.csv", "test": "t.csv"},
            **parts,
        }
    )


def said(texts: Sequence[str | None]) -> list[Response]:
    return [
        Response((), raw="", error="failed") if text is None else Response((Candidate(text),), raw=text)
        for text in texts
    ]


def rows(task: Task, *lines: tuple[str, str], **columns: Sequence[str]) -> list[str]:
    """References of (text, right answer) rows."""
    frame = pd.DataFrame(lines, columns=["text", "out"]).assign(context="", **columns)
    return references_of(task, frame)
