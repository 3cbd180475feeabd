"""What a served model predicts, as responses."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Protocol

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.records import Candidate, Response

if TYPE_CHECKING:
    import pandas as pd


class Served(Protocol):
    """Predicts a dictionary a row with `candidates` (each with a `score` and the answer) and `explanation`."""

    def predict(self, rows: pd.DataFrame) -> list[dict[str, Any]]:
        """A dictionary a row, in order."""
        ...


def respond(served: Served, rows: pd.DataFrame, key: str, missing: type[Exception]) -> list[Response]:
    """One response a row, in order; `raw` is the JSON text of the prediction; without a candidate it has `error`.

    Args:
        served: What answers.
        rows: What is asked.
        key: Under which a candidate has its answer.
        missing: What is raised for a column that is not there; it becomes a UserError.

    `seconds` is the mean over the rows: they are answered together.
    """
    start = time.perf_counter()
    try:
        answers = served.predict(rows)
    except missing as error:
        raise UserError(str(error)) from error
    seconds = (time.perf_counter() - start) / max(len(answers), 1)
    return [
        Response(
            candidates=tuple(Candidate(one[key], one["score"]) for one in answer["candidates"]),
            raw=json.dumps(answer, ensure_ascii=False),
            explanation=answer["explanation"],
            seconds=seconds,
            error=None if answer["candidates"] else answer["explanation"],
        )
        for answer in answers
    ]
