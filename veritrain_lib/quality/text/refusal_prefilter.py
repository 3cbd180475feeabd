"""Prefilter of the check `refusal`: finds by single words the few texts that must be searched with its slow patterns.

Each group of words here belongs to one or more of the patterns: they can't match a text that has no word of the group.
The words are those of the normal form (`normal_form.normal`), where `can't` is `cant` and punctuation separates words.
If a pattern's word may continue, only its beginning is tested; if other letters may precede it, only its end. A text
with characters beyond ASCII is always searched, because case-insensitive patterns match some of them as ASCII letters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.quality.text.character_classes import BEYOND, COLON, STOP

if TYPE_CHECKING:
    import numpy as np

    from veritrain_lib.quality.text.character_classes import CharacterClasses
    from veritrain_lib.quality.text.tokens import Tokens

_CANNOT = "cannot cant wont not unable dont"
_SERVES = (
    "help assist provide fulfil comply answer translate generate create complete respond discuss support process engage "
    "write continue ability access opinions feelings experiences information context real"
)
_ALONE = "trained programmed designed appropriate against sure certainly course absolutely know"
CANNOT, SERVES, DOES = frozenset(_CANNOT.split()), tuple(_SERVES.split()), "do"
KINDS_OF_MODEL, BEING = ("ai", "artificial", "language", "llm", "chat", "virtual"), ("as", "am", "im")
ITS_OWN = ("training", "knowledge", "last", "guidelines", "programming")
ALONE, ALONE_BEGINNING = frozenset(_ALONE.split()), ("declin", "refuse", "comfortable", "note", "helps")
MORE, GIVES = ("context", "details", "information", "clarification"), ("provide", "give")


def may_be_refusal(tokens: Tokens, classes: CharacterClasses) -> np.ndarray:
    """Return which texts may match one of the patterns of the check `refusal`.

    Args:
        tokens: Tokens of the texts.
        classes: Character classes of the texts.

    Returns:
        Boolean array of shape (texts,): True if a text has the words of a pattern, or if single words can't decide.
    """
    contains = tokens.contains
    negates = contains(CANNOT.__contains__) & contains(lambda word: word == DOES or word.startswith(SERVES))
    names_model = contains(lambda word: word.startswith(KINDS_OF_MODEL)) & contains(
        lambda word: word.endswith(BEING)
    )
    # `a.i.` is split into two words.
    names_model |= ~classes.lacks(STOP) & contains("a".__eq__) & contains("i".__eq__)
    describes_itself = contains(lambda word: word.startswith(ITS_OWN)) & contains(
        lambda word: word.endswith("my")
    )
    asks_for_context = contains(lambda word: word.startswith(MORE)) & contains(
        lambda word: word.startswith(GIVES)
    )
    single_word = contains(lambda word: word in ALONE or word.startswith(ALONE_BEGINNING) or "openai" in word)
    mask: np.ndarray = (
        ~classes.lacks(BEYOND | COLON)
        | negates
        | names_model
        | describes_itself
        | asks_for_context
        | single_word
    )
    return mask
