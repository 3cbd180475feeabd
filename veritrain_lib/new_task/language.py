"""The language of a column, told by what the gate will judge its rows with: one detector, one rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

SAMPLE = 60
"""Texts that are asked about first."""

SHORTEST = 15
"""Characters. Shorter texts are skipped while there are longer ones: they tell a language badly."""

AGREEMENT = 0.8
"""Share of the sample that must be in one language; below it none is claimed, and no row is held against one."""

HELD = 2_000
"""Texts, spread over the file, that the guess is then held against by the gate's own rule."""

SUITE = "classification"
"""The suite whose language rule is asked, and whose limit for it is the share that may be turned down."""


def guess_language(texts: Sequence[str], suite: str = SUITE) -> str | None:
    """The ISO 639-1 code (`en`) of most texts, None when none is clear.

    None is claimed either when rule `language` of the suite would turn down more of the file's own rows than the suite
    lets pass: a wrong guess would empty the pool.
    """
    from veritrain_lib.core.registry import get
    from veritrain_lib.quality.check_parameters import declared
    from veritrain_lib.quality.language.detector import Listener, likeliest, weight
    from veritrain_lib.quality.suite import read_suite

    there = [text for text in texts if text.strip()]
    longer = [text for text in there if len(text) >= SHORTEST or weight(text) >= SHORTEST] or there
    sample = _spread(longer, SAMPLE)
    if not sample:
        return None
    language, count = Counter(likeliest(sample)).most_common(1)[0]
    if not language or count < AGREEMENT * len(sample):
        return None
    rule = next((one for one in read_suite(suite).expectations if one.meta.check == "language"), None)
    if rule is None:
        return language
    settings = {name: one.default for name, one in declared(get("checks", "language")).items()}
    settings |= rule.meta.parameters
    listener = Listener(language, settings["minimum_letters"], settings["certainty"], settings["doubt"])
    held = _spread(there, HELD)
    others, _ = listener(held)
    turned_down = sum(other != "" for other in others)
    return language if turned_down <= rule.limit * len(held) else None


def _spread(texts: Sequence[str], most: int) -> list[str]:
    """So many texts at most, spread over the file: rows are often sorted."""
    return list(texts[:: max(1, -(-len(texts) // most))])
