"""The frozen types that pass between rooms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

Source = Literal["human", "synthetic", "pool"]
DatasetStatus = Literal["draft", "passed", "blocked"]

RESERVED = ("id", "source", "provenance")
"""Columns of a dataset's rows that the workbench owns, beside the task's own input, target and slice columns.

`id` is the digest of the input fields (16 hex digits), `source` says where a row is from (`human`,
`synthetic`, `pool`), `provenance` is a JSON object as text: what made the row.
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One answer of a model: its text and a score (higher is more certain; comparable within one response)."""

    text: str
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What a model answered for one row.

    `candidates`, best first, may be empty when nothing usable came; `raw` is the text as it came, which the
    output contract judges; `error` says why there is no answer.
    """

    candidates: tuple[Candidate, ...]
    raw: str
    explanation: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    seconds: float | None = None
    error: str | None = None

    @property
    def best(self) -> str | None:
        """The text of the first candidate, None when there is none."""
        return self.candidates[0].text if self.candidates else None


@dataclass(frozen=True)
class Dataset:
    """A named, versioned, immutable set of examples.

    `rows` has the reserved columns and the task's columns; `parent` is the reference (`name@version`) of the
    dataset it grew from; `made_by` is the id of the run that made it.
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
        """`name@version`, by which stages hand it on."""
        return f"{self.name}@{self.version}"
