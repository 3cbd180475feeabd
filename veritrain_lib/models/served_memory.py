"""Prediction code of the translation memory in a single file without other veritrain imports.

Model servers get a copy of this very file. It imports only numpy, pandas and scikit-learn, all of them inside
functions.
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
"""Divisor of the similarities before the exponential function turns them into the neighbours' weights.

Of the values from 0.05 to 0.6 it had the highest chrF on the development rows of small_parallel_enja with
10,000 pairs.
"""
MIN_COOCCURRENCES, MIN_DICE = 2, 0.6
"""Minimum requirements for learning that two words translate each other.

They are the number of translation pairs in which both words occur, and the Dice coefficient of the two.
"""

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
    r"[一-龯々]+|[ァ-ヴー]+|[A-Za-z][A-Za-z'’-]*"  # Han, Katakana, Latin: the scripts of names and terms
)


NO_INPUT = "no answer: the input is empty (null, a missing key, or blanks only); give it a text"
"""Explanation that is given for a row without any text, which is not answered."""


class MissingColumns(ValueError):
    """Raised when rows lack a column that the translation memory reads."""


@dataclass(frozen=True)
class MemoryCard:
    """Metadata of a saved translation memory, stored in `memory.json`.

    Attributes:
        source: name of the column that is translated.
        target: key of the answer.
        direction: name of the column with the translation direction; a row is answered only from pairs of the
            same direction. Empty for none.
        char_ngrams: shortest and longest character n-gram that the similarity is computed from.
        neighbours: number of similar pairs that are considered for an answer.
        candidates: number of answers to a row.
        repair: whether numbers, names and terms of the stored translation are replaced by those of the input.
        glossary: terms with their translations.
        seed: random seed of the training.
        rows: number of stored pairs.
        versions: versions of the libraries that it was trained with.
        format_version: version of the file format.
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
    """Translation memory as it runs on a model server: it adapts the translation of the most similar source text.

    Of the nearest stored pairs, the one is chosen whose translation is most similar to the translations of
    all of them, weighted by the similarity of their sources, so that a single outlier does not decide
    (minimum Bayes risk over neighbours: S. Kumar and W. Byrne, NAACL 2004). Numbers, names and terms of the
    chosen translation are then replaced by those of the input.

    Attributes:
        card: metadata of the memory.
        pairs: the stored pairs as (source, target, direction).
    """

    def __init__(self, card: MemoryCard, pairs: list[tuple[str, str, str]]) -> None:
        self.card = card
        self.pairs = pairs

    @classmethod
    def load(cls, folder: str | Path) -> ServedMemory:
        """Load a translation memory from a folder that `save` wrote.

        Raises:
            FileNotFoundError: a file is missing.
            ValueError: the format version is another one, or a file is damaged.
        """
        contents = []
        for name in (CARD_FILE, PAIRS_FILE):
            file = Path(folder) / name
            if not file.is_file():
                raise FileNotFoundError(f"no {name} in {folder}: no memory was saved there")
            try:
                contents.append(json.loads(file.read_text(encoding="utf-8")))
            except ValueError as error:
                raise ValueError(f"{file} is damaged: {error}") from error
        content, pairs = contents
        version = content.get("format_version") if isinstance(content, dict) else None
        if version != FORMAT_VERSION:
            raise ValueError(
                f"{folder}/{CARD_FILE} has format version {version}, not {FORMAT_VERSION}; train again"
            )
        try:
            card = MemoryCard(**{**content, "char_ngrams": tuple(content["char_ngrams"])})
            stored_pairs = [(str(source), str(target), str(direction)) for source, target, direction in pairs]
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(f"the memory in {folder} is damaged: {error}") from error
        if len(stored_pairs) != card.rows:
            raise ValueError(
                f"{PAIRS_FILE} is damaged: it has {len(stored_pairs)} pairs, trained on {card.rows}"
            )
        return cls(card, stored_pairs)

    def save(self, folder: str | Path) -> None:
        """Write the translation memory (metadata and pairs) into a folder, which is created if needed."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in ((CARD_FILE, asdict(self.card)), (PAIRS_FILE, self.pairs)):
            (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=0), encoding="utf-8")

    def confidence(self, frame: pd.DataFrame) -> np.ndarray:
        """Return for each row the similarity to the nearest stored source text.

        Returns:
            Array of shape (rows,), values from 0 to 1; 0 if no stored source is similar.
        """
        import numpy as np

        best = [near[1][0] if len(near[0]) else 0.0 for near in self._nearest(frame)]
        return np.array(best, dtype=float)

    def predict(self, frame: pd.DataFrame) -> list[dict[str, Any]]:
        """Return the translation memory's answer to each row, in order.

        Returns:
            One dictionary per row: the best translation under the name of the target field, `candidates`
            (best first, each with `score`), `explanation`, and `notes` about what could not be corrected. A
            row without any text or without a similar pair has no candidates; its explanation says why.
        """
        sources = self._column(frame, self.card.source)
        return [
            self._answer(source, indices, similarities)
            for source, (indices, similarities) in zip(sources, self._nearest(frame), strict=True)
        ]

    def _answer(self, source: str, indices: np.ndarray, similarities: np.ndarray) -> dict[str, Any]:
        key = self.card.target
        if not any(character.isprintable() and not character.isspace() for character in source):
            return {key: "", "candidates": [], "explanation": NO_INPUT, "notes": ""}
        if not len(indices):
            return {key: "", "candidates": [], "explanation": "no stored pair is similar to it", "notes": ""}
        # The human translation of this very text needs no vote.
        same = [position for position, index in enumerate(indices) if self.pairs[index][0] == source]
        if same:
            indices, similarities = indices[same], similarities[same]
        ranked: dict[str, tuple[float, int, list[str], list[str]]] = {}
        for position in self._rank_by_risk(indices, similarities):
            near, target, _ = self.pairs[indices[position]]
            text, changed, unresolved = (
                self._repair(source, near, target) if self.card.repair else (target, [], [])
            )
            ranked.setdefault(
                text, (float(similarities[position]), int(indices[position]), changed, unresolved)
            )
        best = next(iter(ranked))
        score, index, changed, unresolved = ranked[best]
        explanation = f"nearest of {len(self.pairs)} pairs: {self.pairs[index][0]} (similarity {score:.2f})"
        explanation += f"; corrected: {', '.join(changed)}" if changed else ""
        candidates = [
            {key: text, "score": round(min(values[0], 1.0), 6)}
            for text, values in list(ranked.items())[: self.card.candidates]
        ]
        notes = f"not found in the memory: {', '.join(unresolved)}" if unresolved else ""
        return {key: best, "candidates": candidates, "explanation": explanation, "notes": notes}

    def _rank_by_risk(self, indices: np.ndarray, similarities: np.ndarray) -> list[int]:
        import numpy as np

        weights = np.exp((similarities - similarities.max()) / SHARPNESS)
        vectors = self._targets[indices]
        agreement = np.asarray((vectors @ vectors.T).todense()) @ (weights / weights.sum())
        return list(np.lexsort((-similarities, -np.round(agreement, 9))))

    def _nearest(self, frame: pd.DataFrame) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return for each row the indices of the most similar stored pairs and their similarities, highest first."""
        import numpy as np

        if not len(frame):
            return []
        sources = self._column(frame, self.card.source)
        row_directions = (
            self._column(frame, self.card.direction) if self.card.direction else [""] * len(sources)
        )
        pair_directions = np.array([direction for _, _, direction in self.pairs])
        similarity_matrix = (
            self._vectorizer.transform([masked(text) for text in sources]) @ self._sources.T
        ).tocsr()
        neighbours = []
        for row, direction in enumerate(row_directions):
            entries = slice(similarity_matrix.indptr[row], similarity_matrix.indptr[row + 1])
            indices, similarities = similarity_matrix.indices[entries], similarity_matrix.data[entries]
            if self.card.direction:
                same = pair_directions[indices] == direction
                indices, similarities = indices[same], similarities[same]
            order = np.lexsort((indices, -similarities))[: self.card.neighbours]
            neighbours.append((indices[order], similarities[order]))
        return neighbours

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
        """Dictionary from words of source texts to their translations, from the glossary and learned from the pairs."""
        reversed_glossary = (
            {translation: term for term, translation in self.card.glossary.items()}
            if self.card.direction
            else {}
        )
        return {**learn_words(self.pairs), **reversed_glossary, **self.card.glossary}

    def _repair(self, source: str, near: str, target: str) -> tuple[str, list[str], list[str]]:
        """Replace numbers, names and terms in the translation of a stored pair by those of the new source text.

        Args:
            source: the new source text.
            near: the source text of the stored pair.
            target: the translation of the stored pair.

        Returns:
            The corrected translation, the changes made, and the words that could not be corrected.
        """
        text, changed, unresolved = _replace_numbers(source, near, target)
        new_words, old_words = self._missing_words(source, near), self._missing_words(near, source)
        for word, other in zip(new_words, old_words, strict=False):
            new, old = self._words.get(word), self._words.get(other)
            if new and old and new != old and _count(old, text) == 1:
                text = _replace_word(old, new, text)
                changed.append(f"{other} → {word}")
            else:
                unresolved.append(word)
        return text, changed, [*unresolved, *new_words[len(old_words) :]]

    def _missing_words(self, text: str, other: str) -> list[str]:
        """Return the words of a text that do not occur in another text.

        They are the glossary terms first, then runs of Han, Katakana or Latin letters, in order of
        appearance.

        Args:
            text: the text.
            other: the other text.
        """
        terms = [term for term in self.card.glossary if term in text and term not in other]
        return [*terms, *(run for run in runs(text) if run not in other and not any(run in t for t in terms))]


def masked(text: str) -> str:
    """Return a source text as it is compared with others: width and case normalized, every digit replaced by 0.

    Texts that differ only in a number therefore count as equal; the numbers are corrected afterwards.
    """
    return re.sub(r"\d", "0", unicodedata.normalize("NFKC", text).casefold())


def runs(text: str) -> list[str]:
    """Return the distinct words of a text, in order; a word is a run of Han, Katakana or Latin letters."""
    return list(dict.fromkeys(_RUNS.findall(unicodedata.normalize("NFKC", text))))


def learn_words(pairs: list[tuple[str, str, str]]) -> dict[str, str]:
    """Learn a word-to-word dictionary from the words that occur together in translation pairs.

    Two words are accepted as translations in the order of their Dice coefficient over the pairs (L. R. Dice,
    1945), the highest first; each word is used once, and both limits (`MIN_COOCCURRENCES`, `MIN_DICE`) must
    be met.

    Args:
        pairs: (source, target, direction) of each stored pair.

    Returns:
        Words of the sources with their translations.
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
        if count >= MIN_COOCCURRENCES
    }
    ranked = sorted(dice, key=lambda pair: (-dice[pair], pair))
    best: dict[str, str] = {}
    taken: set[str] = set()
    for word, other in ranked:
        if dice[word, other] < MIN_DICE:
            break
        if word not in best and other not in taken:
            best[word] = other
            taken.add(other)
    return best


def _replace_numbers(source: str, near: str, target: str) -> tuple[str, list[str], list[str]]:
    """Replace the numbers in the translation of a stored pair by those of a new source text, one by one.

    Nothing is replaced unless both source texts have the same count of numbers.

    Args:
        source: the new source text.
        near: the source text of the stored pair.
        target: the translation of the stored pair.

    Returns:
        The new translation, the changes made, and the numbers that could not be replaced.
    """
    source_numbers, near_numbers = _slots(source), _slots(near)
    if len(source_numbers) != len(near_numbers):
        return target, [], [shown for shown, _ in source_numbers] if source_numbers != near_numbers else []
    inserted: list[str] = []
    rest, changed, unresolved = target, [], []
    for (shown, forms), (old_shown, old_forms) in zip(source_numbers, near_numbers, strict=True):
        if shown == old_shown:
            continue
        for new, old in zip(forms, old_forms, strict=False):
            if _count(old, rest) == 1:
                # A placeholder, so that an inserted number is not replaced again.
                placeholder = chr(0xE000 + len(inserted))
                rest = _replace_word(old, placeholder, rest)
                inserted.append(new)
                changed.append(f"{old_shown} → {shown}")
                break
        else:
            unresolved.append(shown)
    for number, new in enumerate(inserted):
        rest = rest.replace(chr(0xE000 + number), new)
    return rest, changed, unresolved


def _slots(text: str) -> list[tuple[str, list[str]]]:
    """Return the numbers in a text as they are written, each with the forms in which a translation may write it."""
    numbers = []
    for match in _SLOT.finditer(unicodedata.normalize("NFKC", text)):
        number, unit = match.groups()
        plain = number.replace(",", "")
        forms = [number, plain]
        if "." not in plain:
            forms = [f"{int(plain):,}", plain]
            if unit == "月" and 1 <= int(plain) <= 12:
                forms = [MONTHS[int(plain) - 1], *forms]
        if unit in MYRIADS:
            value = float(plain) * MYRIADS[unit]
            forms = [f"{value:,.0f}", f"{value:.0f}", *forms]
        numbers.append((match.group().strip(), forms))
    return numbers


def _word_pattern(word: str) -> str:
    before = r"(?<![A-Za-z0-9])(?<!\d[.,])" if word[0].isascii() else ""
    after = r"(?![A-Za-z0-9])(?![.,]\d)" if word[-1].isascii() else ""
    # Neither 3rd nor 13 matches 3.
    return f"{before}{re.escape(word)}{after}"


def _count(word: str, text: str) -> int:
    return len(re.findall(_word_pattern(word), text))


def _replace_word(old: str, new: str, text: str) -> str:
    return re.sub(_word_pattern(old), lambda _: new, text)
