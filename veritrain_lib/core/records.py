"""Frozen data types shared by all packages: candidates, responses and datasets."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

Source = Literal["human", "synthetic", "pool"]
DatasetStatus = Literal["draft", "passed", "blocked"]

SHOWN_ROWS = 10
"""Rows of a dataset that a notebook shows."""

RESERVED = ("id", "source", "provenance")
"""Columns of a dataset's rows that Veri-Train manages, beside the task's input, target and slice columns.

`id` is the digest of the input fields (16 hex digits), `source` says where a row is from (`human`,
`synthetic`, `pool`), `provenance` is a JSON object as text: what made the row.
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One answer of a model: its text and a score.

    A higher score is more certain; scores are comparable within one response.
    """

    text: str
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """A model's response to one row.

    Attributes:
        candidates: Answers, best first; empty when there is no usable answer.
        raw: The text as the model returned it, which the output contract judges.
        explanation: The model's explanation, if any.
        input_tokens: Tokens of the request, if known.
        output_tokens: Tokens of the answer, if known.
        seconds: Duration of the call, if known.
        error: Why there is no answer, else None.
        outcome: How the request ended: done, refused, filtered, invalid or failed.
        cost: US dollars paid when the answer was first requested; None where no cost is reported.
        stored: Whether the answer came from the ledger and cost nothing now.
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
        """The text of the first candidate, None when there is none."""
        return self.candidates[0].text if self.candidates else None


@dataclass(frozen=True)
class Dataset:
    """A named, versioned, immutable set of examples.

    Attributes:
        name: Name of the dataset.
        version: Version number, from 1.
        status: draft, passed or blocked.
        digest: Digest of the rows.
        rows: The rows, with the reserved columns and the task's columns.
        parent: Reference (`name@version`) of the dataset that it was made from.
        made_by: Id of the run that made it.
    """

    name: str
    version: int
    status: DatasetStatus
    digest: str
    rows: pd.DataFrame = field(repr=False, compare=False)
    parent: str | None = None
    made_by: str | None = None

    @property
    def reference(self) -> str:
        """`name@version`, by which stages refer to the dataset."""
        return f"{self.name}@{self.version}"

    def _repr_html_(self) -> str:
        """Show the number of rows and the first of them in a notebook."""
        status = html.escape(f"{self.reference}, {self.status}: {len(self.rows)} rows")
        return f"<p><strong>{status}</strong></p>{self.rows.head(SHOWN_ROWS).to_html(index=False)}"
