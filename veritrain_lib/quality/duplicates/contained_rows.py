"""Search for held-out rows (development, test) that are contained in longer rows, for the gate check `leakage`.

A held-out row may have a greeting and an ending around it, or be part of a quotation or a reply.

Long held-out rows count wherever they occur, because hardly anybody writes the same ten words by chance. A shorter one
may be the beginning of another message (`what is the time` in `what is the time in tokyo`), so it must stand there as a
message of its own (`message_framing.only_framed`); one that several other held-out rows contain, too, is a stock phrase
and does not count.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from veritrain_lib.quality.duplicates.function_words import GREETS, THANKS
from veritrain_lib.quality.duplicates.message_framing import folded, is_framing, only_framed
from veritrain_lib.quality.duplicates.subsequence_search import find_subsequences
from veritrain_lib.quality.prepared_texts import tokens_in
from veritrain_lib.quality.text.normal_form import UNSPACED, normal, unspaced
from veritrain_lib.quality.text.tokens import word_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import pandas as pd

MINIMUM_WORDS, UNIQUE_WORDS = 4, 10
"""Limits on the number of words of a held-out row, in a script with spaces.

A row with fewer than `MINIMUM_WORDS` is not searched for; one with `UNIQUE_WORDS` or more counts wherever it occurs.
"""

MINIMUM_CHARACTERS, UNIQUE_CHARACTERS = 8, 14
"""Limits on the number of characters of a held-out row, in a script without spaces.

A row with fewer than `MINIMUM_CHARACTERS` is not searched for; one with `UNIQUE_CHARACTERS` or more counts wherever it
occurs.
"""

STOCK_PHRASE_ROWS = 2
"""Smallest number of other held-out rows that must contain a short held-out row for it to count as a stock phrase.

Anybody may use a stock phrase, so it is not searched for.
"""

_OTHER_COURTESY = (
    "there all team support folks guys everyone sir madam morning many kind best warm thank so very"
)
COURTESY_WORDS = GREETS | THANKS | frozenset(_OTHER_COURTESY.split())
"""Words of greetings and thanks that may be missing at the ends of a text when it is compared with a longer one."""

CHUNK = 50_000
"""Number of texts without spaces that are searched together, to limit memory (24 bytes a character)."""

LAST_CODE = 0x2FFFF


class ContainedRowFinder:
    """Search for held-out rows that are contained in longer rows.

    Args:
        held_out: Held-out rows with the input fields.
        inputs: Names of the input fields.
    """

    def __init__(self, held_out: pd.DataFrame, inputs: Sequence[str]) -> None:
        columns = {name: held_out[name].fillna("").astype(str).tolist() for name in inputs}
        # Of several fields the one with the most text is searched for; the others are compared where it is found.
        self._field = max(inputs, key=lambda name: sum(map(len, columns[name])))
        self._held_columns = columns
        self._texts = columns[self._field]
        self._unspaced = [unspaced(text) for text in self._texts]
        self._stock_phrases = self._find_stock_phrases(held_out)

    def find(self, rows: pd.DataFrame) -> np.ndarray:
        """Return for each row the held-out row that it contains.

        A row that is the same message as the held-out one, apart from courtesy, counts as containing it.

        Args:
            rows: Rows with the input fields.

        Returns:
            For each row the position of the held-out row that it contains, -1 for none; shape (rows,).
        """
        import numpy as np

        matches = np.full(len(rows), -1)
        columns = {name: rows[name].fillna("").astype(str).tolist() for name in self._held_columns}
        for row, held in self._pairs(rows):
            if (
                matches[row] < 0
                and held not in self._stock_phrases
                and self._is_contained(columns, row, held)
            ):
                matches[row] = held
        return matches

    def _find_stock_phrases(self, held_out: pd.DataFrame) -> set[int]:
        forms = [normal(text) for text in self._texts]
        holders: dict[int, set[str]] = {}
        for row, held in self._pairs(held_out):
            if forms[row] != forms[held] and not self._is_long(held):
                holders.setdefault(held, set()).add(forms[row])
        often = {held for held, texts in holders.items() if len(texts) >= STOCK_PHRASE_ROWS}
        return often | {held for held, text in enumerate(self._texts) if is_framing(folded(text))}

    def _is_long(self, held: int) -> bool:
        if self._unspaced[held]:
            return len(_bare(self._texts[held])) >= UNIQUE_CHARACTERS
        return len(normal(self._texts[held]).split()) >= UNIQUE_WORDS

    def _pairs(self, rows: pd.DataFrame) -> Iterator[tuple[int, int]]:
        yield from self._by_words(rows)
        yield from self._by_characters(rows[self._field].fillna("").astype(str).tolist())

    def _by_words(self, rows: pd.DataFrame) -> Iterator[tuple[int, int]]:
        tokens = tokens_in(rows, [self._field])
        word_ids = {word: word_id for word_id, word in enumerate(tokens.words)}
        keys = word_keys(len(tokens.words))
        piece_owners, pieces = [], []
        for held_index, text in enumerate(self._texts):
            for words in [] if self._unspaced[held_index] else _without_ends(normal(text).split()):
                # A word that no row has can't be matched.
                if len(words) >= MINIMUM_WORDS and all(word in word_ids for word in words):
                    piece_owners.append(held_index)
                    pieces.append(keys[[word_ids[word] for word in words]])
        for row, number in find_subsequences(keys[tokens.ids], tokens.starts, pieces, MINIMUM_WORDS):
            yield row, piece_owners[number]

    def _by_characters(self, texts: Sequence[str]) -> Iterator[tuple[int, int]]:
        import numpy as np

        held_bare = {held: _bare(text) for held, text in enumerate(self._texts) if self._unspaced[held]}
        piece_owners = [held for held, text in held_bare.items() if len(text) >= MINIMUM_CHARACTERS]
        if not piece_owners:
            return
        keys = word_keys(LAST_CODE + 1)
        pieces = [keys[_codes(held_bare[held])] for held in piece_owners]
        unspaced_indices = [
            index for index, text in enumerate(texts) if not text.isascii() and UNSPACED.search(text)
        ]
        for start in range(0, len(unspaced_indices), CHUNK):
            chunk = unspaced_indices[start : start + CHUNK]
            bare_texts = [_bare(texts[index]) for index in chunk]
            starts = np.concatenate([[0], np.cumsum([len(form) for form in bare_texts])])
            for row, number in find_subsequences(
                keys[_codes("".join(bare_texts))], starts, pieces, MINIMUM_CHARACTERS
            ):
                yield chunk[row], piece_owners[number]

    def _is_contained(self, columns: dict[str, list[str]], row: int, held: int) -> bool:
        for name, texts in self._held_columns.items():
            text, wanted = folded(columns[name][row]), texts[held]
            if name != self._field and normal(wanted) == normal(columns[name][row]):
                continue
            match = _pattern(wanted).search(text)
            if match is None:
                return False
            doubtful = name == self._field and not self._is_long(held)
            if doubtful and not only_framed(text[: match.start()], text[match.end() :]):
                return False
        return True


def _without_ends(words: list[str]) -> list[list[str]]:
    """Return a text's words, and variants without greetings and thanks at either end, which a longer text may lack."""
    first, last = 0, len(words)
    while first < last and words[first] in COURTESY_WORDS:
        first += 1
    while last > first and words[last - 1] in COURTESY_WORDS:
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
    """Return a pattern that finds a held-out text in a text normalized by `folded`.

    It matches whatever the punctuation and spaces between the words.
    """
    if unspaced(text):
        return re.compile(r"[\W_]*".join(map(re.escape, _bare(text))))
    words = r"[\W_]+".join(map(re.escape, normal(text).split()))
    return re.compile(rf"(?<![^\W_]){words}(?![^\W_])")
