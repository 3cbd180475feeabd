"""Function that converts the predictions (dictionaries) of a student model or translation memory to responses."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Protocol

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.records import Candidate, Response

if TYPE_CHECKING:
    import pandas as pd


class Predictor(Protocol):
    """Protocol of the prediction code that is copied to model servers: it returns one dictionary for each row.

    A dictionary has `candidates` (each with a `score` and the answer) and `explanation`.
    """

    def predict(self, rows: pd.DataFrame) -> list[dict[str, Any]]:
        """Return one prediction for each row, in order, each a dictionary with `candidates` and `explanation`."""
        ...


def respond(
    predictor: Predictor, rows: pd.DataFrame, key: str, missing_column_error: type[Exception]
) -> list[Response]:
    """Return the response to each row, in order, from the predictions of a student model or translation memory.

    Args:
        predictor: the model that predicts.
        rows: the rows to answer.
        key: the key under which a candidate holds its answer.
        missing_column_error: the exception that the predictor raises for a missing column; it becomes a
            UserError.

    Returns:
        Responses whose `raw` is the JSON text of the prediction, and whose `seconds` is the mean over the
        rows, which are answered together. A response without a candidate has `error`.

    Raises:
        UserError: an input column is missing.
    """
    start = time.perf_counter()
    try:
        answers = predictor.predict(rows)
    except missing_column_error as error:
        raise UserError(str(error)) from error
    seconds = (time.perf_counter() - start) / max(len(answers), 1)
    return [
        Response(
            candidates=tuple(
                Candidate(candidate[key], candidate["score"]) for candidate in answer["candidates"]
            ),
            raw=json.dumps(answer, ensure_ascii=False),
            explanation=answer["explanation"],
            seconds=seconds,
            error=None if answer["candidates"] else answer["explanation"],
        )
        for answer in answers
    ]
