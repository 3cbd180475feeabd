"""What planting works on: rows as plain mappings, and what is wrong with which of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

Row = dict[str, str]
"""Field to text: the inputs and the target."""

SEVERITIES = ("slight", "plain", "gross")
"""How much of a row is wrong; slight ones are the hardest to see."""


@dataclass(frozen=True)
class Defect:
    """What is wrong with a planted row: its kind, its severity, and how it was done."""

    kind: str
    severity: str
    detail: str


@dataclass(frozen=True)
class Material:
    """What defects are made from.

    `source` is the input field that is damaged, `target` the field with the answer; `labels` are the allowed
    answers (empty for a translation), `test` the held-out rows, `foreign` pairs of language and sentence in
    languages that neither field is in. `japanese`: whether the source field is Japanese and the target English;
    otherwise the source field is English and the target a label.
    """

    source: str
    target: str
    labels: Sequence[str]
    test: Sequence[Row]
    foreign: Sequence[tuple[str, str]]
    japanese: bool


def random_text(rng: random.Random, alphabet: str, length: int) -> str:
    """Characters drawn one by one."""
    return "".join(rng.choice(alphabet) for _ in range(length))
