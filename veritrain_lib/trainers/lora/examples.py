"""Rows as token ids: the question is read, and only the answer's tokens are learnt."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.models.lora.encoding import Encoding
    from veritrain_lib.models.lora.question import Asking
    from veritrain_lib.trainers.lora.parameters import LoraParameters

MASKED = -100
"""The label that torch's cross entropy leaves out."""
FEWEST_HELD_OUT = 2
SHOWN = 10


@dataclass(frozen=True)
class Example:
    """A question and its answer as token ids."""

    asked: tuple[int, ...]
    answered: tuple[int, ...]

    def fields(self, kind: str) -> dict[str, list[int]]:
        """`input_ids` and `labels`. A causal model reads the answer after the question, whose labels are masked."""
        if kind == "seq2seq":
            return {"input_ids": list(self.asked), "labels": list(self.answered)}
        return {
            "input_ids": [*self.asked, *self.answered],
            "labels": [*[MASKED] * len(self.asked), *self.answered],
        }


def encode(
    task: Task, rows: pd.DataFrame, asking: Asking, encoding: Encoding, parameters: LoraParameters
) -> list[Example]:
    """One example a row, in order.

    Raises UserError that names the rows (from 1) with what is wrong with each: no answer, a special token written
    out, too many tokens; and for fewer than 2 rows or a missing column.
    """
    target = task.target.field
    absent = [name for name in [*asking.columns, target] if name not in rows.columns]
    if absent:
        raise UserError(f"the training rows lack the column(s) {', '.join(absent)}")
    if len(rows) < 2:
        raise UserError(f"{len(rows)} training row(s); at least 2 are needed")
    examples: list[Example] = []
    problems: list[str] = []
    for number, row in enumerate(rows.fillna("").to_dict("records"), start=1):
        given = {str(name): str(value) for name, value in row.items()}
        messages, answer = asking.messages(given), given[target].strip()
        example = Example(tuple(encoding.asked(messages)), tuple(encoding.answered(messages, answer)))
        texts = [given[name] for name in [*asking.columns, target]]
        problem = "" if answer else f"no answer in {target}"
        if special := encoding.special_in(texts):
            problem = f"{special!r} is a special token of the checkpoint"
        if problem := problem or _too_long(example, parameters, encoding.context):
            problems.append(f"row {number}: {problem}")
        examples.append(example)
    if problems:
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise UserError(
            f"{len(problems)} of {len(rows)} training rows can't be learnt from: {'; '.join(problems[:SHOWN])}{more}"
        )
    return examples


def _too_long(example: Example, parameters: LoraParameters, context: int | None) -> str:
    both = len(example.asked) + len(example.answered)
    limits = (
        ("max_input_tokens", len(example.asked), parameters.max_input_tokens),
        ("max_answer_tokens", len(example.answered), parameters.max_answer_tokens),
        ("the checkpoint's own limit", both, both if context is None else context),
    )
    return ", ".join(f"{tokens} tokens ({name} is {most})" for name, tokens, most in limits if tokens > most)


def split(examples: Sequence[Example], share: float, seed: int) -> tuple[list[Example], list[Example]]:
    """What is trained on, and what is only watched: about `share` of the distinct questions, chosen by the seed.

    All rows with one question stand on one side, so that no watched answer was learnt. With a share of 0, or too
    few rows for 2 watched ones, nothing is held out.
    """
    questions = list(dict.fromkeys(one.asked for one in examples))
    count = round(share * len(questions))
    if count < FEWEST_HELD_OUT:
        return list(examples), []
    watched = set(random.Random(seed).sample(questions, count))
    return (
        [one for one in examples if one.asked not in watched],
        [one for one in examples if one.asked in watched],
    )


@dataclass(frozen=True)
class Padding:
    """Puts examples together to a batch of tensors (what transformers calls a collator)."""

    padding: int

    def __call__(self, batch: Sequence[dict[str, list[int]]]) -> dict[str, Any]:
        """`input_ids`, `attention_mask` and `labels`, each of shape (rows, longest row)."""
        import torch

        questions, answers = ([one[name] for one in batch] for name in ("input_ids", "labels"))
        return {
            "input_ids": torch.tensor(_filled(questions, self.padding)),
            "attention_mask": torch.tensor(_filled([[1] * len(one) for one in questions], 0)),
            "labels": torch.tensor(_filled(answers, MASKED)),
        }


def _filled(rows: Sequence[Sequence[int]], value: int) -> list[list[int]]:
    longest = max(map(len, rows))
    return [[*row, *[value] * (longest - len(row))] for row in rows]
