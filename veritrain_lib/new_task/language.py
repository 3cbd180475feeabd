"""Function that guesses the language of a new task's column, with the same detector that the gate uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

SAMPLE = 60
"""Number of texts from which the language is guessed."""

MIN_CHARACTERS = 15
"""Minimum length of the texts in the sample, in characters, because detection is unreliable on shorter ones.

Shorter texts are used only if no text is that long.
"""

AGREEMENT = 0.8
"""Share of the sample that must be in one language; otherwise no language is guessed and rows are not checked."""

VERIFICATION_SAMPLE = 2_000
"""Number of texts, spread over the file, on which the gate's language rule verifies the guess."""

SUITE = "classification"
"""Name of the default gate suite whose language rule verifies the guess.

The rule's limit is the share of rows that it may reject.
"""


def guess_language(texts: Sequence[str], suite: str = SUITE) -> str | None:
    """Return the language of a new task's column as an ISO 639-1 code such as `en`; None if it is unclear.

    The guess is also dropped (None) if the gate's language rule would then reject more rows than its limit,
    since a wrong guess would empty the pool.

    Args:
        texts: the texts of the column.
        suite: name of the gate suite whose rule `language` verifies the guess.
    """
    from veritrain_lib.core.registry import get
    from veritrain_lib.quality.check_parameters import declared_parameters
    from veritrain_lib.quality.language.detector import LanguageDetector, letter_count, most_likely_languages
    from veritrain_lib.quality.suite import read_suite

    filled = [text for text in texts if text.strip()]
    longer = [
        text for text in filled if len(text) >= MIN_CHARACTERS or letter_count(text) >= MIN_CHARACTERS
    ] or filled
    sample = _spread(longer, SAMPLE)
    if not sample:
        return None
    language, count = Counter(most_likely_languages(sample)).most_common(1)[0]
    if not language or count < AGREEMENT * len(sample):
        return None
    rule = next((rule for rule in read_suite(suite).expectations if rule.meta.check == "language"), None)
    if rule is None:
        return language
    settings = {
        name: parameter.default for name, parameter in declared_parameters(get("checks", "language")).items()
    }
    settings |= rule.meta.parameters
    detector = LanguageDetector(
        language, settings["minimum_letters"], settings["certainty"], settings["doubt"]
    )
    verification = _spread(filled, VERIFICATION_SAMPLE)
    others, _ = detector(verification)
    rejected = sum(other != "" for other in others)
    return language if rejected <= rule.limit * len(verification) else None


def _spread(texts: Sequence[str], limit: int) -> list[str]:
    """Return at most `limit` texts at even distances, because the rows of a file are often sorted."""
    return list(texts[:: max(1, -(-len(texts) // limit))])
