"""The trainer `memory`, which makes a translation memory: it stores pairs and retrieves the most similar one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.models.memory import Memory
from veritrain_lib.trainers.base import ServingSpec, StandAlone, Trainer, require_empty_folder
from veritrain_lib.trainers.parameters import ngram_range, positive_integer, required_answers, with_defaults

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
class FittedMemory(StandAlone):
    """Trained translation memory (protocol `Fitted`)."""

    model: Memory

    @property
    def served(self) -> ServingSpec:
        """The specification of how a model server serves the translation memory."""
        from veritrain_lib.models import served_memory

        card = self.model.served.card
        return ServingSpec(
            Path(served_memory.__file__),
            "ServedMemory",
            packages=("scikit-learn", "numpy", "scipy", "pandas"),
            columns=(card.source, *([card.direction] if card.direction else [])),
            key=card.target,
            texts=("notes",),
        )

    def save(self, folder: Path) -> None:
        """Write the translation memory into an empty folder; `open_model("memory:FOLDER", task)` opens it again.

        Raises:
            UserError: the folder is not empty.
        """
        self.model.save(require_empty_folder(folder))


class MemoryTrainer(Trainer):
    """Trainer of a translation memory: retrieval by character n-grams (TF-IDF, cosine), then corrections.

    Args:
        source: name of the input that is translated; default: the first input.
        char_ngrams: [shortest, longest] character n-gram of the similarity, from 1.
        neighbours: number of similar pairs that are considered for an answer, from 1.
        candidates: number of answers to a row, from 1.
        repair: whether numbers, names and terms of the stored translation are replaced by those of the input,
            with the help of the task's glossary.

    Raises:
        UserError: a parameter is unknown or out of range.
    """

    name = "memory"
    answers = ("text",)
    parameter_names = tuple(DEFAULTS)

    def __init__(self, **parameters: Any) -> None:
        values = with_defaults(self.name, DEFAULTS, parameters)
        self.source = str(values["source"])
        self.char_ngrams = ngram_range("char_ngrams", values["char_ngrams"])
        self.neighbours = positive_integer("neighbours", values["neighbours"])
        self.candidates = positive_integer("candidates", values["candidates"])
        self.repair = values["repair"]
        if type(self.repair) is not bool:
            raise UserError(f"repair must be true or false, not {self.repair!r}")

    def train(self, task: Task, rows: pd.DataFrame, *, seed: int) -> FittedMemory:
        """Make a translation memory of the distinct translation pairs among the rows and return it.

        Args:
            task: the task.
            rows: training rows, with the columns that `core.records` defines.
            seed: stored in the model's metadata only, because the training is deterministic.

        Raises:
            UserError: there are no rows, rows have no answer (the message names their ids), no row has any
                text, or `source` is not an input.
        """
        from importlib.metadata import version

        from veritrain_lib.models.served_memory import MemoryCard, ServedMemory

        source = self.source or next(iter(task.inputs))
        if source not in task.inputs:
            raise UserError(
                f"trainer memory: source {source!r} is not an input; inputs: {', '.join(task.inputs)}"
            )
        if not len(rows):
            raise UserError("0 training rows; a memory needs at least 1")
        answers = required_answers(task, rows)
        sources = rows[source].fillna("").astype(str).tolist()
        if not any(text.strip() for text in sources):
            raise UserError(f"the {len(rows)} training rows hold no text in {source}; check the input fields")
        column = task.target.direction or ""
        directions = rows[column].astype(str).tolist() if column else [""] * len(rows)
        # A duplicate pair would take two places among the neighbours.
        pairs = list(dict.fromkeys(zip(sources, answers, directions, strict=True)))
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
