"""The words of many texts as numbers: one vocabulary, one long array, and where each text begins."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from veritrain_lib.quality.duplicates.function_words import COURTESY, FUNCTION_WORDS, GREETS, THANKS
from veritrain_lib.quality.text.normal_form import normal, unspaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np

# A script without spaces is cut where the script changes; hiragana, which holds particles and endings, is cut
# into characters. Longer runs of it are words written without kanji, which this does not know.
_RUNS = re.compile(
    "[\u3040-\u309f]|[\u30a0-\u30ff]+|[\u3400-\u9fff\u3005]+|[^\\W\u3040-\u30ff\u3005\u3400-\u9fff]+"
)
_HIRAGANA = re.compile("[\u3040-\u309fー]")
SEED = 20261124


@dataclass(frozen=True)
class Tokens:
    """Words of n texts. `words` is the vocabulary in order of first appearance; `ids` are the words of all texts
    one after the other as places in it, and text k is `ids[starts[k]:starts[k + 1]]` (`starts` has n + 1
    values). `shown` counts in how many texts each word stands. `forms` are hashes of the texts' normal forms:
    equal forms have equal ones, in this process."""

    words: list[str]
    ids: np.ndarray
    starts: np.ndarray
    shown: np.ndarray
    forms: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Words of each text."""
        import numpy as np

        return np.diff(self.starts)

    def of(self, number: int) -> list[str]:
        """The words of one text, in order."""
        return [self.words[one] for one in self.ids[self.starts[number] : self.starts[number + 1]]]

    def sums(self, values: np.ndarray) -> np.ndarray:
        """For each text the sum of the values of its words; `values` has one for each word of the vocabulary."""
        import numpy as np

        ends = np.concatenate([[0], np.cumsum(values[self.ids])])
        total: np.ndarray = ends[self.starts[1:]] - ends[self.starts[:-1]]
        return total

    def holding(self, wanted: Callable[[str], bool]) -> np.ndarray:
        """Whether each text has a word that is `wanted`; each word of the vocabulary is asked for once."""
        import numpy as np

        asked = np.fromiter(map(wanted, self.words), dtype=np.int32, count=len(self.words))
        found: np.ndarray = self.sums(asked) > 0
        return found

    def owners(self) -> np.ndarray:
        """For each word of `ids` the number of its text."""
        import numpy as np

        return np.repeat(np.arange(len(self), dtype=np.int32), self.lengths)


def tokens_of(texts: Iterable[str]) -> Tokens:
    """The words of texts in their normal form. Japanese, Chinese and others without spaces are cut at changes
    of script, hiragana into characters. A greeting in front and thanks at the end are left out."""
    from array import array

    import numpy as np

    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    ids, ends, forms = array("i"), array("q", [0]), array("q")
    for text in texts:
        form = normal(text)
        forms.append(hash(form))
        if not form.isascii() and unspaced(form):
            words = _RUNS.findall(form)
        else:
            words = form.split()
            # The pattern is slow, and most messages begin and end with neither.
            if words and (words[0] in GREETS or words[-1] in THANKS):
                words = COURTESY.sub("", form).split()
        ids.extend(map(numbers.__getitem__, words))
        ends.append(len(ids))
    flat, starts = np.frombuffer(ids, dtype=np.intc) if ids else np.zeros(0, np.intc), np.array(ends)
    hashes = np.frombuffer(forms, dtype=np.int64) if forms else np.zeros(0, np.int64)
    return Tokens(list(numbers), flat, starts, _shown(flat, starts, len(numbers)), hashes)


def _shown(ids: np.ndarray, starts: np.ndarray, words: int) -> np.ndarray:
    import numpy as np

    owners = np.repeat(np.arange(len(starts) - 1, dtype=np.int64), np.diff(starts))
    # A word that a text says twice counts once.
    pairs = np.sort(owners * max(words, 1) + ids)
    fresh = np.concatenate([[True], pairs[1:] != pairs[:-1]]) if len(pairs) else np.zeros(0, dtype=bool)
    return np.bincount(pairs[fresh] % max(words, 1), minlength=words)


def joined_tokens(first: Tokens, second: Tokens) -> Tokens:
    """The texts of both, one vocabulary."""
    import numpy as np

    places = {word: place for place, word in enumerate(first.words)}
    mapped = np.array([places.setdefault(word, len(places)) for word in second.words], dtype=np.intc)
    shown = np.zeros(len(places), dtype=np.int64)
    shown[: len(first.words)] = first.shown
    np.add.at(shown, mapped, second.shown)
    ids = np.concatenate([first.ids, mapped[second.ids]]) if len(second.ids) else first.ids
    starts = np.concatenate([first.starts, second.starts[1:] + first.starts[-1]])
    return Tokens(list(places), ids, starts, shown, np.concatenate([first.forms, second.forms]))


def part_of(tokens: Tokens, numbers: np.ndarray) -> Tokens:
    """The texts of some numbers, in that order, over the same vocabulary: some of its words may stand in none."""
    found = in_order(tokens, numbers)
    return replace(found, shown=_shown(found.ids, found.starts, len(found.words)))


def in_order(tokens: Tokens, order: np.ndarray) -> Tokens:
    """The same texts in another order: place k of the result is text `order[k]`."""
    import numpy as np

    lengths = tokens.lengths[order]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    places = np.arange(starts[-1]) + np.repeat(tokens.starts[:-1][order] - starts[:-1], lengths)
    return Tokens(tokens.words, tokens.ids[places], starts, tokens.shown, tokens.forms[order])


def keys_of(words: int) -> np.ndarray:
    """A random 64-bit number for each of so many words, the same at every call."""
    import numpy as np

    return np.random.default_rng(SEED).integers(0, 2**64, size=words, dtype=np.uint64)


def light(word: str, *, english: bool) -> bool:
    """Whether a word carries no content: a function word of English; in any other language a
    hiragana character, or a word of one or two letters."""
    if english:
        return word in FUNCTION_WORDS
    if len(word) == 1 and _HIRAGANA.fullmatch(word):
        return True
    return len(word) <= 2 and word.isalpha() and word.isascii()
