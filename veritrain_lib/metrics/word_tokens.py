"""How text is cut into words for a metric, by its language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from veritrain_lib.metrics.base import Reference

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

BY_CHARACTER = frozenset({"ja", "zh", "th", "lo", "km", "my"})
"""Languages written without spaces between words: they are counted by characters, as sacrebleu's `char` does.

A dictionary (MeCab) would make words of Japanese, but numbers would then depend on its version."""


def language_of(task: Task, reference: str) -> str:
    """The language (ISO 639-1) of the right answer: of the row's direction, else the target's; `en` without any."""
    column = task.target.direction
    said = reference.row.get(column) if column and isinstance(reference, Reference) else None
    return task.languages_of(said)[1] or "en"


def tokenizer_of(language: str) -> str:
    """sacrebleu's name of the tokenizer: `char` for a language without spaces, else `13a` (mteval-v13a)."""
    return "char" if language in BY_CHARACTER else "13a"


@lru_cache(maxsize=50_000)
def tokens(text: str, language: str) -> tuple[str, ...]:
    """The words of a text as sacrebleu's tokenizer of its language cuts them."""
    return tuple(_tokenizer(tokenizer_of(language))(text.rstrip()).split())


@lru_cache(maxsize=50_000)
def plain_words(text: str, language: str) -> tuple[str, ...]:
    """Words as ROUGE counts them: runs of letters a to z and digits in lower case, as in Google's rouge-score.

    For another script each letter or digit (NFKC) is a word: rouge-score would find none.
    """
    if language not in BY_CHARACTER:
        return tuple(re.findall(r"[a-z0-9]+", text.lower()))
    return tuple(mark for mark in unicodedata.normalize("NFKC", text).lower() if mark.isalnum())


@lru_cache(maxsize=4)
def _tokenizer(name: str) -> Callable[[str], str]:
    from importlib import import_module

    kind = {"char": "TokenizerChar", "13a": "Tokenizer13a"}[name]
    made: Callable[[str], str] = getattr(import_module(f"sacrebleu.tokenizers.tokenizer_{name}"), kind)()
    return made
