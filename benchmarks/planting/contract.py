"""Rows that break the promise of their task: fields that are absent, answers that are not allowed."""

from __future__ import annotations

import random

from benchmarks.planting.rows import Material, Row


def broken(row: Row, severity: str, material: Material, rng: random.Random) -> tuple[dict[str, str], str]:
    """Changed fields: an answer of another kind (gross), one that is not listed (plain), or one that is almost
    listed (slight). Without labels: no text at all, a structure, a far too long text."""
    right = row[material.target]
    if not material.labels:
        free = {
            "gross": (rng.choice(("", "   ")), "no answer"),
            "plain": ('{"translation": ' + f'"{right}"' + "}", "a structure"),
            "slight": ((right + " ") * (1 + 1000 // len(right)), "far too long"),
        }
        text, how = free[severity]
        return {material.target: text}, how
    made = {
        "gross": rng.choice(("42", "[]", "true", "{}", "I think it is " + right)),
        "plain": rng.choice(("other", "unknown_intent", "misc", "label", "none_of_these")),
        "slight": rng.choice((right.upper(), right + " ", right.replace("_", "-") + "s", right[:-1])),
    }
    return {material.target: made[severity]}, "unlisted label"


def missing(severity: str, material: Material, rng: random.Random) -> tuple[dict[str, str], str]:
    """Changed fields: all are empty (gross), one is (plain), or one holds only blanks (slight)."""
    if severity == "gross":
        return {material.source: "", material.target: ""}, "both"
    field = rng.choice((material.source, material.target))
    return {field: "" if severity == "plain" else rng.choice((" ", "\t", "\u3000", "\u200b"))}, field
