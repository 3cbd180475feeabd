"""Which texts may be a chat model's talk, told from single words: the patterns of `checks/refusal` need not look at others.

Each group of words here is what one or more of those patterns can't match without. Words are those of the normal
form (`texts.normal`), where `can't` is `cant` and signs part words. What is left of a pattern's word is white space
where the test is for its beginning, and anything where it is for a part. A text beyond ASCII is always looked at:
letters that are equal but for case are not only those of ASCII there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.quality.text.character_classes import BEYOND, COLON, STOP

if TYPE_CHECKING:
    import numpy as np

    from veritrain_lib.quality.text.character_classes import Surface
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


def may_be_talk(tokens: Tokens, surface: Surface) -> np.ndarray:
    """Whether each text has the words of a pattern of model's talk, or is beyond what single words tell."""
    holding = tokens.holding
    says_not = holding(CANNOT.__contains__) & holding(lambda word: word == DOES or word.startswith(SERVES))
    says_what_it_is = holding(lambda word: word.startswith(KINDS_OF_MODEL)) & holding(
        lambda word: word.endswith(BEING)
    )
    # `a.i.` falls apart into two words.
    says_what_it_is |= ~surface.lacks(STOP) & holding("a".__eq__) & holding("i".__eq__)
    speaks_of_itself = holding(lambda word: word.startswith(ITS_OWN)) & holding(
        lambda word: word.endswith("my")
    )
    asks_for_more = holding(lambda word: word.startswith(MORE)) & holding(lambda word: word.startswith(GIVES))
    alone = holding(lambda word: word in ALONE or word.startswith(ALONE_BEGINNING) or "openai" in word)
    found: np.ndarray = (
        ~surface.lacks(BEYOND | COLON) | says_not | says_what_it_is | speaks_of_itself | asks_for_more | alone
    )
    return found
