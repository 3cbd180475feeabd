"""Wrong answers: labels, translations and languages."""

from __future__ import annotations

import random
from collections.abc import Sequence

from benchmarks.planting.rows import Material, Row


def wrong_labels(rows: Sequence[Row], field: str, share: float, rng: random.Random) -> dict[int, str]:
    """Positions of a random share of the rows, each with another label drawn evenly from the others."""
    labels = sorted({row[field] for row in rows})
    chosen = rng.sample(range(len(rows)), round(share * len(rows)))
    return {at: rng.choice([one for one in labels if one != rows[at][field]]) for at in chosen}


def shuffled_pairs(rows: Sequence[Row], field: str, share: float, rng: random.Random) -> dict[int, str]:
    """Positions of a random share of the rows, each with the answer of another of these rows.

    The answers go round in one ring, so that none keeps its own and none is there twice.
    """
    chosen = rng.sample(range(len(rows)), round(share * len(rows)))
    texts = [rows[at][field] for at in chosen]
    return {
        at: text for at, text in zip(chosen, texts[1:] + texts[:1], strict=True) if text != rows[at][field]
    }


def wrong_label(row: Row, severity: str, material: Material, rng: random.Random) -> tuple[str, str]:
    """Another allowed label: any (gross), any that shares a word with the right one (plain), or one of the three
    whose names are most alike (slight)."""
    right = row[material.target]
    others = [label for label in material.labels if label != right]
    if severity == "gross":
        return rng.choice(others), "any"
    words = set(right.split("_"))
    akin = [label for label in others if words & set(label.split("_"))]
    if severity == "plain" and akin:
        return rng.choice(akin), "shares a word"
    alike = sorted(others, key=lambda label: -_common(label, right))[:3]
    return rng.choice(alike), "alike by name"


def _common(one: str, other: str) -> float:
    pairs = [{text[at : at + 2] for at in range(len(text) - 1)} for text in (one, other)]
    return len(pairs[0] & pairs[1]) / max(1, len(pairs[0] | pairs[1]))


def other_target(row: Row, severity: str, rows: Sequence[Row], material: Material, rng: random.Random) -> str:
    """The answer of another row: any (gross), of about the same length (plain), or the one of fifty that shares
    most words (slight)."""
    own = row[material.target]
    drawn = [one[material.target] for one in rng.sample(list(rows), 50) if one[material.target] != own]
    if severity == "gross":
        return drawn[0]
    if severity == "plain":
        return min(drawn, key=lambda text: abs(len(text) - len(own)))
    words = set(own.split())
    return max(drawn, key=lambda text: len(words & set(text.split())) / len(words | set(text.split())))


def wrong_language(
    row: Row, severity: str, material: Material, rng: random.Random
) -> tuple[dict[str, str], str]:
    """Changed fields, and the language: a field in another language altogether.

    Gross is another script than the field's, plain another language of its script (for Japanese: Chinese), slight
    a short sentence of one.
    """
    source, target = material.source, material.target
    latin = [(code, text) for code, text in material.foreign if text.isascii() or code in LATIN]
    other = [(code, text) for code, text in material.foreign if code not in LATIN]
    if not material.japanese:
        code, text = rng.choice(other if severity == "gross" else latin)
        return {source: _shortened(text, 4, rng) if severity == "slight" else text}, code
    if severity == "gross":
        code, text = rng.choice([one for one in other if one[0] not in ("zh",)])
        return {rng.choice((source, target)): text}, code
    if severity == "plain":
        code, text = rng.choice([one for one in other if one[0] == "zh"] + latin)
        return {source if code == "zh" else target: text}, code
    code, text = rng.choice(latin)
    return {target: _shortened(text, 5, rng)}, code


LATIN = frozenset(["de", "fr", "es", "it", "pt", "nl", "sv", "pl", "tr", "id", "vi"])


def _shortened(text: str, words: int, rng: random.Random) -> str:
    parts = text.split()
    if len(parts) <= words:
        return text
    at = rng.randrange(len(parts) - words + 1)
    return " ".join(parts[at : at + words])


def untranslated(row: Row, severity: str, material: Material, rng: random.Random) -> str:
    """The source in place of the translation: all of it (gross), with other spaces and signs (plain), or half of
    it behind half a translation (slight)."""
    source, target = row[material.source], row[material.target]
    if severity == "gross":
        return source
    if severity == "plain":
        return rng.choice((source.rstrip("。") + " .", f" {source} ", f"「{source}」"))
    words = target.split()
    return " ".join(words[: len(words) // 2]) + " " + source[len(source) // 2 :]
