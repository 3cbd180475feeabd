"""Tokenization of text into words for metrics, by language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from veritrain_lib.metrics.base import Reference

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

LANGUAGES_WITHOUT_SPACES = frozenset({"ja", "zh", "th", "lo", "km", "my"})
"""ISO 639-1 codes of languages written without spaces between words, which are split into characters.

This is sacrebleu's tokenizer `char`. A dictionary (MeCab) could split Japanese into words, but scores would then depend
on its version.
"""


def language_of(task: Task, reference: str) -> str:
    """Return the language (ISO 639-1) of a reference.

    It is that of the row's translation direction, else that of the task's target, else `en`.
    """
    column = task.target.direction
    direction = reference.row.get(column) if column and isinstance(reference, Reference) else None
    return task.languages_of(direction)[1] or "en"


def tokenizer_of(language: str) -> str:
    """Return the name of sacrebleu's tokenizer for a language: `char` if it is written without spaces, else `13a`."""
    return "char" if language in LANGUAGES_WITHOUT_SPACES else "13a"


@lru_cache(maxsize=50_000)
def tokens(text: str, language: str) -> tuple[str, ...]:
    """Split a text into words with sacrebleu's tokenizer for its language (ISO 639-1)."""
    return tuple(_tokenizer(tokenizer_of(language))(text.rstrip()).split())


@lru_cache(maxsize=50_000)
def rouge_tokens(text: str, language: str) -> tuple[str, ...]:
    """Split a text into words for ROUGE: runs of lower-case letters a to z and digits, as in Google's rouge-score.

    In a language without spaces, where rouge-score would find no words, each letter or digit (after NFKC) is a word.
    """
    if language not in LANGUAGES_WITHOUT_SPACES:
        return tuple(re.findall(r"[a-z0-9]+", text.lower()))
    return tuple(
        character for character in unicodedata.normalize("NFKC", text).lower() if character.isalnum()
    )


@lru_cache(maxsize=4)
def _tokenizer(name: str) -> Callable[[str], str]:
    from importlib import import_module

    class_name = {"char": "TokenizerChar", "13a": "Tokenizer13a"}[name]
    tokenizer: Callable[[str], str] = getattr(
        import_module(f"sacrebleu.tokenizers.tokenizer_{name}"), class_name
    )()
    return tokenizer
