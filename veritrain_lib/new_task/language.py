"""The language of a column, told among a few widespread ones from a sample."""

from __future__ import annotations

from collections.abc import Sequence

AMONG = (
    "ENGLISH",
    "GERMAN",
    "FRENCH",
    "SPANISH",
    "ITALIAN",
    "PORTUGUESE",
    "DUTCH",
    "JAPANESE",
    "CHINESE",
    "KOREAN",
    "RUSSIAN",
)

SAMPLE = 60
SHORTEST = 15
"""Characters. Shorter texts are skipped while there are longer ones: they tell a language badly."""

AGREEMENT = 0.8
"""Share of the sample that must be in one language; below it none is claimed, and no row is held against one."""


def guess_language(texts: Sequence[str]) -> str | None:
    """The ISO 639-1 code (`en`) of most texts, None when no language has a clear majority."""
    from collections import Counter

    from lingua import Language, LanguageDetectorBuilder

    ordered = sorted((text for text in texts if text.strip()), key=lambda text: len(text) < SHORTEST)
    # Spread over the file: rows are often sorted.
    longer = [text for text in ordered if len(text) >= SHORTEST] or ordered
    sample = longer[:: max(1, len(longer) // SAMPLE)][:SAMPLE]
    if not sample:
        return None
    detector = LanguageDetectorBuilder.from_languages(*(getattr(Language, name) for name in AMONG)).build()
    counts = Counter(detector.detect_language_of(text) for text in sample)
    language, count = counts.most_common(1)[0]
    if language is None or count < AGREEMENT * len(sample):
        return None
    return str(language.iso_code_639_1.name).lower()
