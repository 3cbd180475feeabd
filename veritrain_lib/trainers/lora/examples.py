"""Training examples of a language model as token ids, of which only the tokens of the answer count in the loss."""

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
    from veritrain_lib.models.lora.question import AdapterPrompt
    from veritrain_lib.trainers.lora.parameters import LoraParameters

MASKED = -100
"""Label of the tokens that are left out of the loss; torch's cross entropy ignores it."""
MIN_HELD_OUT = 2
"""Minimum number of held-out questions; if fewer would be held out, none are."""
SHOWN = 10
"""Maximum number of problems that an error message lists."""


@dataclass(frozen=True)
class TokenizedExample:
    """Training example of a language model: a question and its answer as token ids.

    Attributes:
        asked: token ids of the question.
        answered: token ids of the answer.
    """

    asked: tuple[int, ...]
    answered: tuple[int, ...]

    def fields(self, kind: str) -> dict[str, list[int]]:
        """Return the example's `input_ids` and `labels`, as transformers expects them.

        Args:
            kind: `seq2seq`: the question is the input and the answer the labels. `causal`: the input is the
                question followed by the answer, and the labels of the question are masked.
        """
        if kind == "seq2seq":
            return {"input_ids": list(self.asked), "labels": list(self.answered)}
        return {
            "input_ids": [*self.asked, *self.answered],
            "labels": [*[MASKED] * len(self.asked), *self.answered],
        }


def encode(
    task: Task, rows: pd.DataFrame, prompt: AdapterPrompt, encoding: Encoding, parameters: LoraParameters
) -> list[TokenizedExample]:
    """Convert each row to one training example of a language model, in order.

    Args:
        task: the task.
        rows: training rows.
        prompt: prompt that is filled in with each row.
        encoding: tokenizer of the base model.
        parameters: parameters of the trainer, with the token limits.

    Raises:
        UserError: a column is missing, there are fewer than 2 rows, or rows are invalid (no answer, a special
            token of the tokenizer in a text, too many tokens). The message gives the numbers of the rows
            (from 1) with their problems.
    """
    target = task.target.field
    missing = [name for name in [*prompt.columns, target] if name not in rows.columns]
    if missing:
        raise UserError(f"the training rows lack the column(s) {', '.join(missing)}")
    if len(rows) < 2:
        raise UserError(f"{len(rows)} training row(s); at least 2 are needed")
    examples: list[TokenizedExample] = []
    problems: list[str] = []
    for number, row in enumerate(rows.fillna("").to_dict("records"), start=1):
        fields = {str(name): str(value) for name, value in row.items()}
        messages, answer = prompt.messages(fields), fields[target].strip()
        example = TokenizedExample(
            tuple(encoding.question_ids(messages)), tuple(encoding.answer_ids(messages, answer))
        )
        texts = [fields[name] for name in [*prompt.columns, target]]
        problem = "" if answer else f"no answer in {target}"
        if special := encoding.find_special_token(texts):
            problem = f"{special!r} is a special token of the checkpoint"
        if problem := problem or _too_long(example, parameters, encoding.context):
            problems.append(f"row {number}: {problem}")
        examples.append(example)
    if problems:
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise UserError(
            f"{len(problems)} of {len(rows)} training rows can't be learned from: {'; '.join(problems[:SHOWN])}{more}"
        )
    return examples


def _too_long(example: TokenizedExample, parameters: LoraParameters, context: int | None) -> str:
    total = len(example.asked) + len(example.answered)
    limits = (
        ("max_input_tokens", len(example.asked), parameters.max_input_tokens),
        ("max_answer_tokens", len(example.answered), parameters.max_answer_tokens),
        ("the limit of the checkpoint", total, total if context is None else context),
    )
    return ", ".join(
        f"{tokens} tokens ({name} is {limit})" for name, tokens, limit in limits if tokens > limit
    )


def split(
    examples: Sequence[TokenizedExample], share: float, seed: int
) -> tuple[list[TokenizedExample], list[TokenizedExample]]:
    """Split a language model's training examples into those to train on and those held out for early stopping.

    All examples with the same question go to the same side, so that no held-out answer is learned.

    Args:
        examples: all examples.
        share: share of the distinct questions to hold out, 0 to 1. If that would be fewer than 2 questions,
            nothing is held out.
        seed: random seed.

    Returns:
        The training examples and the held-out examples.
    """
    questions = list(dict.fromkeys(example.asked for example in examples))
    n_held_out = round(share * len(questions))
    if n_held_out < MIN_HELD_OUT:
        return list(examples), []
    held_out = set(random.Random(seed).sample(questions, n_held_out))
    return (
        [example for example in examples if example.asked not in held_out],
        [example for example in examples if example.asked in held_out],
    )


@dataclass(frozen=True)
class PaddingCollator:
    """Data collator for transformers that pads training examples and stacks them into a batch of tensors.

    Attributes:
        padding: token id that inputs are padded with.
    """

    padding: int

    def __call__(self, batch: Sequence[dict[str, list[int]]]) -> dict[str, Any]:
        """Return the tensors `input_ids`, `attention_mask` and `labels`, each of shape (examples, longest example)."""
        import torch

        questions, answers = ([item[name] for item in batch] for name in ("input_ids", "labels"))
        return {
            "input_ids": torch.tensor(_pad(questions, self.padding)),
            "attention_mask": torch.tensor(_pad([[1] * len(item) for item in questions], 0)),
            "labels": torch.tensor(_pad(answers, MASKED)),
        }


def _pad(rows: Sequence[Sequence[int]], value: int) -> list[list[int]]:
    longest = max(map(len, rows))
    return [[*row, *[value] * (longest - len(row))] for row in rows]
