"""Trains a translation memory: it keeps the pairs and how to find the most alike one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.models.memory import Memory
from veritrain_lib.trainers.base import ServedForm, empty_place
from veritrain_lib.trainers.parameters import count, filled, known, span

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

DEFAULTS: dict[str, Any] = {
    "source": "",
    "char_ngrams": (1, 3),
    "neighbours": 8,
    "candidates": 3,
    "repair": True,
}


@dataclass(frozen=True)
class FittedMemory:
    """A trained memory, ready to answer (the protocol `Fitted`)."""

    model: Memory

    @property
    def served(self) -> ServedForm:
        """How a model server answers with it."""
        from veritrain_lib.models import served_memory

        card = self.model.served.card
        return ServedForm(
            Path(served_memory.__file__),
            "ServedMemory",
            packages=("scikit-learn", "numpy", "scipy", "pandas"),
            columns=(card.source, *([card.direction] if card.direction else [])),
            key=card.target,
            texts=("notes",),
        )

    def save(self, folder: Path) -> None:
        """Write it into an empty or new folder; `open_model("memory:FOLDER", task)` opens it again.

        Raises UserError when the folder holds anything.
        """
        self.model.save(empty_place(folder))


class MemoryTrainer:
    """Character n-gram TF-IDF over the sources, cosine likeness, and slot repair.

    `source` is the input that is translated (default: the first); `char_ngrams` [shortest, longest] of the
    likeness, from 1; `neighbours` is how many pairs are looked at and `candidates` how many answers are given,
    both from 1; `repair` whether numbers, names and terms of the input are put into the answer. The glossary of
    the task takes part in the repair.

    Raises UserError for a parameter that is unknown or out of range.
    """

    name = "memory"
    answers = ("text",)
    parameter_names = tuple(DEFAULTS)

    def __init__(self, **parameters: Any) -> None:
        given = known(self.name, DEFAULTS, parameters)
        self.source = str(given["source"])
        self.char_ngrams = span("char_ngrams", given["char_ngrams"])
        self.neighbours = count("neighbours", given["neighbours"])
        self.candidates = count("candidates", given["candidates"])
        self.repair = given["repair"]
        if type(self.repair) is not bool:
            raise UserError(f"repair must be true or false, not {self.repair!r}")

    def train(self, task: Task, rows: pd.DataFrame, *, seed: int) -> FittedMemory:
        """Keep the pairs (columns as `records` says), each once. Nothing is drawn: the seed is only noted.

        Raises UserError without rows, for rows without an answer (with the ids) or without any text, and for a
        `source` that is no input.
        """
        from importlib.metadata import version

        from veritrain_lib.models.served_memory import MemoryCard, ServedMemory

        source = self.source or next(iter(task.inputs))
        if source not in task.inputs:
            raise UserError(
                f"trainer memory: source {source!r} is no input; inputs: {', '.join(task.inputs)}"
            )
        if not len(rows):
            raise UserError("0 training rows; a memory needs at least 1")
        answers = filled(task, rows)
        sources = rows[source].fillna("").astype(str).tolist()
        if not any(text.strip() for text in sources):
            raise UserError(f"the {len(rows)} training rows hold no text in {source}; check the input fields")
        column = task.target.direction or ""
        turns = rows[column].astype(str).tolist() if column else [""] * len(rows)
        # A pair that came twice would count twice among the neighbours and push others out.
        pairs = list(dict.fromkeys(zip(sources, answers, turns, strict=True)))
        card = MemoryCard(
            source=source,
            target=task.target.field,
            direction=column,
            char_ngrams=self.char_ngrams,
            neighbours=self.neighbours,
            candidates=self.candidates,
            repair=self.repair,
            glossary=dict(task.glossary),
            seed=seed,
            rows=len(pairs),
            versions={name: version(name) for name in ("scikit-learn", "numpy")},
        )
        return FittedMemory(Memory(ServedMemory(card, pairs)))
