"""Immutable data types shared by all packages: candidates, responses and datasets."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

Source = Literal["human", "synthetic", "pool"]
"""Origin of a row: a person wrote it, a teacher (such as a chat model) wrote it, or it was chosen from the pool."""
DatasetStatus = Literal["draft", "passed", "blocked"]
"""Status of a dataset: draft (not judged yet), or passed or blocked by the quality gate."""

SHOWN_ROWS = 10
"""Number of a dataset's rows that a notebook shows."""

RESERVED = ("id", "source", "provenance")
"""Columns of a dataset's rows that Veri-Train fills in, beside the task's input, target and slice columns.

`id` is the digest of the input fields (16 hex digits), `source` the origin of the row (`human`, `synthetic`, `pool`),
and `provenance` a JSON object as text that says how the row was made.
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the answers that a model offers for a row: its text, and a score or None.

    A higher score means that the model is more certain; scores are comparable only within one response.
    """

    text: str
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """A model's response to one row.

    Attributes:
        candidates: Answers, best first; empty when there is no usable answer.
        raw: Text as the model returned it, which is checked against the task's output contract.
        explanation: The model's explanation; None if it gave none.
        input_tokens: Number of tokens of the request; None if unknown.
        output_tokens: Number of tokens of the answer; None if unknown.
        seconds: Duration of the call; None if unknown.
        error: Reason why there is no answer; None if there is one.
        outcome: How the request ended: done, refused, filtered, invalid or failed.
        cost: US dollars paid when the answer was first requested; None where no cost is reported.
        stored: Whether the answer came from the ledger of paid answers and cost nothing now.
    """

    candidates: tuple[Candidate, ...]
    raw: str
    explanation: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    seconds: float | None = None
    error: str | None = None
    outcome: str = "done"
    cost: float | None = None
    stored: bool = False

    @property
    def best(self) -> str | None:
        """Text of the first candidate; None when there is none."""
        return self.candidates[0].text if self.candidates else None


@dataclass(frozen=True)
class Dataset:
    """Named, versioned, immutable set of rows.

    Attributes:
        name: Name of the dataset.
        version: Version number, from 1.
        status: draft, passed or blocked.
        digest: Digest of the rows.
        rows_or_reader: The rows, or a function that reads them; use `rows` instead.
        parent: Reference (`NAME@VERSION`) of the dataset that it was made from, or None.
        made_by: Id of the run that made it, or None.
    """

    name: str
    version: int
    status: DatasetStatus
    digest: str
    rows_or_reader: pd.DataFrame | Callable[[], pd.DataFrame] = field(repr=False, compare=False)
    parent: str | None = None
    made_by: str | None = None

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The dataset's rows, with the reserved columns and the task's columns; stored rows are read at the first use.

        Raises:
            UserError: The stored rows are missing or were changed.
        """
        return self.rows_or_reader() if callable(self.rows_or_reader) else self.rows_or_reader

    @property
    def reference(self) -> str:
        """`NAME@VERSION`, the text by which stages refer to the dataset."""
        return f"{self.name}@{self.version}"

    def _repr_html_(self) -> str:
        """Return HTML for a notebook with the dataset's reference, status, number of rows and first rows."""
        status = html.escape(f"{self.reference}, {self.status}: {len(self.rows)} rows")
        return f"<p><strong>{status}</strong></p>{self.rows.head(SHOWN_ROWS).to_html(index=False)}"
