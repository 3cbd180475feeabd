"""A held-out row that stands whole in a longer row: a greeting and an ending around it, a quotation, a reply.

Long rows are found wherever they stand: nobody writes the same ten words by chance, or hardly. A shorter one may be
the beginning of another message (`what is the time` in `what is the time in tokyo`), so it must stand there by itself
(`framing.only_framed`); and one that several other held-out rows hold too is a phrase of everyday talk.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from veritrain_lib.quality.duplicates.function_words import GREETS, THANKS
from veritrain_lib.quality.duplicates.message_framing import folded, is_framing, only_framed
from veritrain_lib.quality.duplicates.subsequence_search import windows_like
from veritrain_lib.quality.prepared_texts import tokens_in
from veritrain_lib.quality.text.normal_form import UNSPACED, normal, unspaced
from veritrain_lib.quality.text.tokens import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import pandas as pd

FEWEST_WORDS, ENOUGH_WORDS = 4, 10
"""Words of a held-out row below which nothing is said of it, and from which it counts wherever it stands."""

FEWEST_CHARACTERS, ENOUGH_CHARACTERS = 8, 14
"""The same for a script without spaces, in characters."""

STOCK = 2
"""Other held-out rows that hold a short one, from which it is a phrase that anybody may use."""

_ENDS = "there all team support folks guys everyone sir madam morning many kind best warm thank so very"
ENDS = GREETS | THANKS | frozenset(_ENDS.split())
"""Words that `tokens_of` may leave out at the ends of a text, or of a longer one that the text stands in."""

CHUNK = 50_000
"""Texts without spaces that are searched together: eight bytes a character are held three times for so many."""

LAST_CODE = 0x2FFFF


class Contained:
    """Finds held-out rows that stand in longer ones; `held_out` and the rows have the input fields `inputs`."""

    def __init__(self, held_out: pd.DataFrame, inputs: Sequence[str]) -> None:
        columns = {name: held_out[name].fillna("").astype(str).tolist() for name in inputs}
        # Of several fields the one that says most is searched for; the others are compared where it is found.
        self._field = max(inputs, key=lambda name: sum(map(len, columns[name])))
        self._held = columns
        self._texts = columns[self._field]
        self._dense = [unspaced(text) for text in self._texts]
        self._stock = self._phrases(held_out)

    def find(self, rows: pd.DataFrame) -> np.ndarray:
        """For each row the position of the held-out row that stands in it, -1 for none; a row that is the same message
        as that one, courtesy aside, counts too."""
        import numpy as np

        found = np.full(len(rows), -1)
        columns = {name: rows[name].fillna("").astype(str).tolist() for name in self._held}
        for row, held in self._pairs(rows):
            if found[row] < 0 and held not in self._stock and self._stands(columns, row, held):
                found[row] = held
        return found

    def _phrases(self, held_out: pd.DataFrame) -> set[int]:
        forms = [normal(text) for text in self._texts]
        holders: dict[int, set[str]] = {}
        for row, held in self._pairs(held_out):
            if forms[row] != forms[held] and not self._long(held):
                holders.setdefault(held, set()).add(forms[row])
        often = {held for held, texts in holders.items() if len(texts) >= STOCK}
        return often | {held for held, text in enumerate(self._texts) if is_framing(folded(text))}

    def _long(self, held: int) -> bool:
        if self._dense[held]:
            return len(_bare(self._texts[held])) >= ENOUGH_CHARACTERS
        return len(normal(self._texts[held]).split()) >= ENOUGH_WORDS

    def _pairs(self, rows: pd.DataFrame) -> Iterator[tuple[int, int]]:
        yield from self._by_words(rows)
        yield from self._by_characters(rows[self._field].fillna("").astype(str).tolist())

    def _by_words(self, rows: pd.DataFrame) -> Iterator[tuple[int, int]]:
        tokens = tokens_in(rows, [self._field])
        places = {word: place for place, word in enumerate(tokens.words)}
        keys = keys_of(len(tokens.words))
        owners, pieces = [], []
        for held, text in enumerate(self._texts):
            for words in [] if self._dense[held] else _without_ends(normal(text).split()):
                # A word that no row has stands in none of them.
                if len(words) >= FEWEST_WORDS and all(word in places for word in words):
                    owners.append(held)
                    pieces.append(keys[[places[word] for word in words]])
        for row, number in windows_like(keys[tokens.ids], tokens.starts, pieces, FEWEST_WORDS):
            yield row, owners[number]

    def _by_characters(self, texts: Sequence[str]) -> Iterator[tuple[int, int]]:
        import numpy as np

        bare = {held: _bare(text) for held, text in enumerate(self._texts) if self._dense[held]}
        owners = [held for held, text in bare.items() if len(text) >= FEWEST_CHARACTERS]
        if not owners:
            return
        keys = keys_of(LAST_CODE + 1)
        pieces = [keys[_codes(bare[held])] for held in owners]
        dense = [at for at, text in enumerate(texts) if not text.isascii() and UNSPACED.search(text)]
        for begin in range(0, len(dense), CHUNK):
            part = dense[begin : begin + CHUNK]
            forms = [_bare(texts[at]) for at in part]
            starts = np.concatenate([[0], np.cumsum([len(form) for form in forms])])
            for row, number in windows_like(keys[_codes("".join(forms))], starts, pieces, FEWEST_CHARACTERS):
                yield part[row], owners[number]

    def _stands(self, columns: dict[str, list[str]], row: int, held: int) -> bool:
        for name, texts in self._held.items():
            text, wanted = folded(columns[name][row]), texts[held]
            if name != self._field and normal(wanted) == normal(columns[name][row]):
                continue
            match = _pattern(wanted).search(text)
            if match is None:
                return False
            doubtful = name == self._field and not self._long(held)
            if doubtful and not only_framed(text[: match.start()], text[match.end() :]):
                return False
        return True


def _without_ends(words: list[str]) -> list[list[str]]:
    """The words, and the same without what the words of a longer text may lack at its ends, being courtesy there."""
    first, last = 0, len(words)
    while first < last and words[first] in ENDS:
        first += 1
    while last > first and words[last - 1] in ENDS:
        last -= 1
    return (
        [words]
        if (first, last) == (0, len(words))
        else [words, words[first:], words[first:last], words[:last]]
    )


def _bare(text: str) -> str:
    return normal(text).replace(" ", "")


def _codes(text: str) -> np.ndarray:
    import numpy as np

    return np.minimum(np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32), LAST_CODE)


@lru_cache(maxsize=10_000)
def _pattern(text: str) -> re.Pattern[str]:
    """Matches a held-out text in a folded one, whatever its signs and spaces."""
    if unspaced(text):
        return re.compile(r"[\W_]*".join(map(re.escape, _bare(text))))
    words = r"[\W_]+".join(map(re.escape, normal(text).split()))
    return re.compile(rf"(?<![^\W_]){words}(?![^\W_])")
