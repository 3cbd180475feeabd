"""A translation memory as it answers, in one file that needs no veritrain: a model server ships this very file.

It imports numpy, pandas and scikit-learn only, and those inside functions.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

FORMAT_VERSION = 1
CARD_FILE = "memory.json"
PAIRS_FILE = "pairs.json"

SHARPNESS = 0.15
"""Divides the likenesses before they become weights of the neighbours. Of 0.05 to 0.6 it had the highest chrF on
the development rows of small_parallel_enja with 10,000 pairs."""
LEAST_TOGETHER, LEAST_DICE = 2, 0.6
"""A word and its translation stand together in that many pairs at least, with that Dice coefficient at least."""

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
MYRIADS = {"万": 10_000, "億": 100_000_000, "千": 1_000}
_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
_SLOT = re.compile(rf"({_NUMBER})\s*(月|[万億千]?)")
_RUNS = re.compile(
    r"[一-龯々]+|[ァ-ヴー]+|[A-Za-z][A-Za-z'’-]*"  # Han, Katakana, Latin: what names and terms are written in
)


NO_INPUT = "no answer: the input is empty (null, a missing key, or blanks only); give it a text"
"""Stands as the explanation of a row that is not answered."""


class MissingColumns(ValueError):
    """The rows lack a column that the memory reads."""


@dataclass(frozen=True)
class MemoryCard:
    """What a saved memory says about itself, in `memory.json`.

    `source` is the column that is translated, `target` the key of the answer; `direction` a column whose values
    keep pairs apart (empty: none); `glossary` has terms with their translation; `neighbours` is how many pairs
    are looked at, `candidates` how many answers it gives; `repair` whether slots are put right; `rows` is how many
    pairs it keeps.
    """

    source: str
    target: str
    direction: str = ""
    char_ngrams: tuple[int, int] = (1, 3)
    neighbours: int = 8
    candidates: int = 3
    repair: bool = True
    glossary: dict[str, str] = field(default_factory=dict)
    seed: int = 0
    rows: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION


class ServedMemory:
    """Answers with the translation of the most alike source, its numbers, names and terms put right.

    `pairs` are (source, target, direction). Among the neighbours the one is taken whose translation is most like
    all of theirs, weighted by how alike their sources are: minimum Bayes risk over neighbours (S. Kumar and
    W. Byrne, NAACL 2004), so that one odd pair does not decide.
    """

    def __init__(self, card: MemoryCard, pairs: list[tuple[str, str, str]]) -> None:
        self.card = card
        self.pairs = pairs

    @classmethod
    def load(cls, folder: str | Path) -> ServedMemory:
        """Open a folder written by `save`.

        Raises FileNotFoundError when a file is missing, and ValueError for another format version or damage.
        """
        read = []
        for name in (CARD_FILE, PAIRS_FILE):
            file = Path(folder) / name
            if not file.is_file():
                raise FileNotFoundError(f"no {name} in {folder}: no memory was saved there")
            try:
                read.append(json.loads(file.read_text(encoding="utf-8")))
            except ValueError as error:
                raise ValueError(f"{file} is damaged: {error}") from error
        content, pairs = read
        version = content.get("format_version") if isinstance(content, dict) else None
        if version != FORMAT_VERSION:
            raise ValueError(
                f"{folder}/{CARD_FILE} has format version {version}, not {FORMAT_VERSION}; train again"
            )
        try:
            card = MemoryCard(**{**content, "char_ngrams": tuple(content["char_ngrams"])})
            known = [(str(source), str(target), str(direction)) for source, target, direction in pairs]
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(f"the memory in {folder} is damaged: {error}") from error
        if len(known) != card.rows:
            raise ValueError(f"{PAIRS_FILE} is damaged: it has {len(known)} pairs, trained on {card.rows}")
        return cls(card, known)

    def save(self, folder: str | Path) -> None:
        """Write card and pairs into a folder, which is made when it is not there."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in ((CARD_FILE, asdict(self.card)), (PAIRS_FILE, self.pairs)):
            (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=0), encoding="utf-8")

    def certainty(self, frame: pd.DataFrame) -> np.ndarray:
        """Shape (rows,), 0 to 1: how alike the nearest source is."""
        import numpy as np

        best = [near[1][0] if len(near[0]) else 0.0 for near in self._nearest(frame)]
        return np.array(best, dtype=float)

    def predict(self, frame: pd.DataFrame) -> list[dict[str, Any]]:
        """One answer a row, in order: `{TARGET: text, "candidates": [{TARGET, "score"}], "explanation", "notes"}`.

        A row without a text has no candidates; its explanation says why.
        """
        sources = self._column(frame, self.card.source)
        return [
            self._answer(source, places, likeness)
            for source, (places, likeness) in zip(sources, self._nearest(frame), strict=True)
        ]

    def _answer(self, source: str, places: np.ndarray, likeness: np.ndarray) -> dict[str, Any]:
        key = self.card.target
        if not any(sign.isprintable() and not sign.isspace() for sign in source):
            return {key: "", "candidates": [], "explanation": NO_INPUT, "notes": ""}
        if not len(places):
            return {key: "", "candidates": [], "explanation": "no pair is like it", "notes": ""}
        # What people wrote for this very text needs no vote.
        same = [at for at, place in enumerate(places) if self.pairs[place][0] == source]
        if same:
            places, likeness = places[same], likeness[same]
        ranked: dict[str, tuple[float, int, list[str], list[str]]] = {}
        for place in self._by_risk(places, likeness):
            near, target, _ = self.pairs[places[place]]
            text, changed, left = (
                self._repaired(source, near, target) if self.card.repair else (target, [], [])
            )
            ranked.setdefault(text, (float(likeness[place]), int(places[place]), changed, left))
        best = next(iter(ranked))
        score, place, changed, left = ranked[best]
        told = f"nearest of {len(self.pairs)} pairs: {self.pairs[place][0]} (likeness {score:.2f})"
        told += f"; put right: {', '.join(changed)}" if changed else ""
        candidates = [
            {key: text, "score": round(min(found[0], 1.0), 6)}
            for text, found in list(ranked.items())[: self.card.candidates]
        ]
        notes = f"not found in the memory: {', '.join(left)}" if left else ""
        return {key: best, "candidates": candidates, "explanation": told, "notes": notes}

    def _by_risk(self, places: np.ndarray, likeness: np.ndarray) -> list[int]:
        import numpy as np

        weights = np.exp((likeness - likeness.max()) / SHARPNESS)
        near = self._targets[places]
        agreed = np.asarray((near @ near.T).todense()) @ (weights / weights.sum())
        return list(np.lexsort((-likeness, -np.round(agreed, 9))))

    def _nearest(self, frame: pd.DataFrame) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each row the places of the most alike pairs and their likeness, the most alike first."""
        import numpy as np

        if not len(frame):
            return []
        asked = self._column(frame, self.card.source)
        turns = self._column(frame, self.card.direction) if self.card.direction else [""] * len(asked)
        known = np.array([direction for _, _, direction in self.pairs])
        alike = (self._vectorizer.transform([masked(text) for text in asked]) @ self._sources.T).tocsr()
        found = []
        for at, turn in enumerate(turns):
            inside = slice(alike.indptr[at], alike.indptr[at + 1])
            places, likeness = alike.indices[inside], alike.data[inside]
            if self.card.direction:
                same = known[places] == turn
                places, likeness = places[same], likeness[same]
            order = np.lexsort((places, -likeness))[: self.card.neighbours]
            found.append((places[order], likeness[order]))
        return found

    def _column(self, frame: pd.DataFrame, name: str) -> list[str]:
        if name not in frame.columns:
            there = ", ".join(map(str, frame.columns)) or "none"
            raise MissingColumns(f"the rows lack the column {name}; they have: {there}")
        return ["" if text is None or text != text else str(text) for text in frame[name]]

    @cached_property
    def _fitted(self) -> tuple[Any, Any, Any]:
        import numpy as np
        from sklearn.feature_extraction.text import TfidfVectorizer

        shared = {"analyzer": "char", "sublinear_tf": True, "dtype": np.float64}
        by_source = TfidfVectorizer(ngram_range=self.card.char_ngrams, **shared)
        sources = by_source.fit_transform([masked(source) for source, _, _ in self.pairs])
        targets = TfidfVectorizer(ngram_range=(2, 4), use_idf=False, **shared).fit_transform(
            [f" {masked(target)} " for _, target, _ in self.pairs]
        )
        return by_source, sources, targets

    @property
    def _vectorizer(self) -> Any:
        return self._fitted[0]

    @property
    def _sources(self) -> Any:
        return self._fitted[1]

    @property
    def _targets(self) -> Any:
        return self._fitted[2]

    @cached_property
    def _words(self) -> dict[str, str]:
        """Words of the sources with their translation: the glossary, and what the pairs themselves show."""
        turned = {kept: term for term, kept in self.card.glossary.items()} if self.card.direction else {}
        return {**learn_words(self.pairs), **turned, **self.card.glossary}

    def _repaired(self, source: str, near: str, target: str) -> tuple[str, list[str], list[str]]:
        """The neighbour's translation with the source's own numbers, names and terms; what was changed; what of
        the source could not be brought in."""
        text, changed, left = _numbers_right(source, near, target)
        own, others = self._different(source, near), self._different(near, source)
        for word, other in zip(own, others, strict=False):
            new, old = self._words.get(word), self._words.get(other)
            if new and old and new != old and _times(old, text) == 1:
                text = _put(old, new, text)
                changed.append(f"{other} → {word}")
            else:
                left.append(word)
        return text, changed, [*left, *own[len(others) :]]

    def _different(self, text: str, other: str) -> list[str]:
        """Words of a text that the other lacks, in order: terms of the glossary first, then runs of one script."""
        terms = [term for term in self.card.glossary if term in text and term not in other]
        return [*terms, *(run for run in runs(text) if run not in other and not any(run in t for t in terms))]


def masked(text: str) -> str:
    """The text in one width and case, every digit the same: what numbers it has is put right afterwards."""
    return re.sub(r"\d", "0", unicodedata.normalize("NFKC", text).casefold())


def runs(text: str) -> list[str]:
    """Runs of Han, Katakana or Latin letters, in order, each once."""
    return list(dict.fromkeys(_RUNS.findall(unicodedata.normalize("NFKC", text))))


def learn_words(pairs: list[tuple[str, str, str]]) -> dict[str, str]:
    """Words of the sources with the one word of the targets that keeps their company.

    Each must be the other's best by the Dice coefficient over pairs (L. R. Dice, 1945), and above the bounds.
    """
    alone: Counter[tuple[int, str]] = Counter()
    together: Counter[tuple[str, str]] = Counter()
    for source, target, _ in pairs:
        left, right = runs(source), runs(target)
        alone.update((0, word) for word in left)
        alone.update((1, word) for word in right)
        together.update((word, other) for word in left for other in right)
    dice = {
        (word, other): 2 * count / (alone[0, word] + alone[1, other])
        for (word, other), count in together.items()
        if count >= LEAST_TOGETHER
    }
    ranked = sorted(dice, key=lambda pair: (-dice[pair], pair))
    best: dict[str, str] = {}
    taken: set[str] = set()
    for word, other in ranked:
        if dice[word, other] < LEAST_DICE:
            break
        if word not in best and other not in taken:
            best[word] = other
            taken.add(other)
    return best


def _numbers_right(source: str, near: str, target: str) -> tuple[str, list[str], list[str]]:
    """Numbers of the neighbour's translation, one for one those of the source; only where both have as many."""
    wanted, there = _slots(source), _slots(near)
    if len(wanted) != len(there):
        return target, [], [shown for shown, _ in wanted] if wanted != there else []
    parts: list[str] = []
    rest, changed, left = target, [], []
    for (shown, ways), (old_shown, old_ways) in zip(wanted, there, strict=True):
        if shown == old_shown:
            continue
        for new, old in zip(ways, old_ways, strict=False):
            if _times(old, rest) == 1:
                # Set apart, so that a number put in is not taken for one to be put right.
                mark = chr(0xE000 + len(parts))
                rest = _put(old, mark, rest)
                parts.append(new)
                changed.append(f"{old_shown} → {shown}")
                break
        else:
            left.append(shown)
    for at, new in enumerate(parts):
        rest = rest.replace(chr(0xE000 + at), new)
    return rest, changed, left


def _slots(text: str) -> list[tuple[str, list[str]]]:
    """The numbers of a text as they stand there, each with the ways in which a translation may write it."""
    found = []
    for match in _SLOT.finditer(unicodedata.normalize("NFKC", text)):
        number, unit = match.groups()
        plain = number.replace(",", "")
        ways = [number, plain]
        if "." not in plain:
            ways = [f"{int(plain):,}", plain]
            if unit == "月" and 1 <= int(plain) <= 12:
                ways = [MONTHS[int(plain) - 1], *ways]
        if unit in MYRIADS:
            value = float(plain) * MYRIADS[unit]
            ways = [f"{value:,.0f}", f"{value:.0f}", *ways]
        found.append((match.group().strip(), ways))
    return found


def _whole(word: str) -> str:
    before = r"(?<![A-Za-z0-9])(?<!\d[.,])" if word[0].isascii() else ""
    after = r"(?![A-Za-z0-9])(?![.,]\d)" if word[-1].isascii() else ""
    # An ordinal keeps its number: 3rd is not looked for as 3, and 13 is not 3.
    return f"{before}{re.escape(word)}{after}"


def _times(word: str, text: str) -> int:
    return len(re.findall(_whole(word), text))


def _put(old: str, new: str, text: str) -> str:
    return re.sub(_whole(old), lambda _: new, text)
