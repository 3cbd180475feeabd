"""Gate check for insults, slurs and threats by a word list: a first filter that does not judge the intention."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from veritrain_lib.quality.prepared_texts import character_classes_in, tokens_in
from veritrain_lib.quality.text.character_classes import BEYOND
from veritrain_lib.quality.text.normal_form import joined, normal
from veritrain_lib.quality.text.text_fields import text_fields

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context

# Put together for this project: words that are hardly ever used without contempt. Words with a harmless everyday
# sense (dick, gay, ass as an animal) are only here inside a phrase. `*` stands for any ending.
_INSULTS = """
asshole* arsehole* bastard* bitch* bollocks bullshit cunt* dickhead* dipshit* douchebag* dumbass* fag faggot* fuck* fuk fck
motherfuck* nigger* nigga* paki pakis piss prick pricks retard* scumbag* shit shits shitty shithead* shithole* slut* spastic
tranny twat* wanker* whore* wtf chink chinks gook gooks kike kikes spic spics wetback* raghead* cocksuck* jackass*
"""
_PHRASES = (
    "kill yourself", "kill yourselves", "go die", "drop dead", "shut the hell up", "shut up you", "go to hell", "piece of crap",
    "you idiot", "you idiots", "you moron", "you morons", "you are an idiot", "you re an idiot", "youre an idiot",
    "you are stupid", "youre stupid", "you are worthless", "youre worthless", "you are pathetic", "i will kill you",
    "ill kill you", "i will hurt you", "i hope you die", "suck my dick", "kiss my ass", "eat shit", "white trash",
)  # fmt: skip
_JAPANESE = (
    "死ね", "しね", "くたばれ", "ぶっ殺す", "殺してやる", "殺すぞ", "クソ野郎", "くそ野郎", "クソったれ", "ばか野郎", "馬鹿野郎",
    "バカ野郎", "バカヤロー", "キチガイ", "気違い", "ブス野郎", "ゴミクズ", "カス野郎", "クズ野郎", "うざい消えろ", "消え失せろ",
)  # fmt: skip
_WORDS = "|".join(word.replace("*", r"\w*") for word in _INSULTS.split())
WORD = re.compile(_WORDS)
PHRASE_KEYWORDS = frozenset(max(reversed(phrase.split()), key=len) for phrase in _PHRASES)
"""The longest word of each phrase in the list (the last one of several equally long).

An ASCII text without any of these words, and without any insult of the list, can't match the list.
"""
ENGLISH = re.compile(rf"\b(?:{_WORDS}|{'|'.join(_PHRASES)})\b")
# しね is also the end of いいしね and よろしね; as a curse it stands alone or before a sign.
JAPANESE = re.compile(
    "|".join(
        r"(?:^|[\s、。！!])しね(?:$|[\s、。！!よ])" if phrase == "しね" else phrase for phrase in _JAPANESE
    )
)


def check(rows: pd.DataFrame, context: Context) -> pd.Series[str]:
    """Flag rows with an insult, a slur or a threat from the word list.

    Reason: `toxic:words`, in English or Japanese. Input fields and a free-text target are checked. The word itself is
    not in the reason. The list can't recognize irony or quotations: let the rule only warn, or review the rows that it
    removes.

    Args:
        rows: Rows to check.
        context: Task and reference data.

    Returns:
        One reason a row, aligned to `rows.index`; "" for a row that passes.
    """
    import numpy as np
    import pandas as pd

    flagged = np.zeros(len(rows), dtype=bool)
    for name in text_fields(rows, context.task):
        texts = joined(rows, [name])
        candidates = ~character_classes_in(rows, [name]).lacks(BEYOND) | tokens_in(rows, [name]).contains(
            _may_be_toxic
        )
        for number in np.flatnonzero(candidates & ~flagged).tolist():
            flagged[number] = toxic(texts[number])
    return pd.Series(np.where(flagged, "toxic:words", "").astype(object), index=rows.index, dtype=object)


def _may_be_toxic(word: str) -> bool:
    return word in PHRASE_KEYWORDS or WORD.fullmatch(word) is not None


def toxic(text: str) -> bool:
    """Return whether a text contains an insult, a slur or a threat from the word list (English or Japanese).

    Args:
        text: The text.
    """
    return ENGLISH.search(normal(text)) is not None or (
        not text.isascii() and JAPANESE.search(text) is not None
    )
