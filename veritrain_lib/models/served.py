"""Prediction code of the student, in one file that needs no veritrain: a model server ships this very file.

It imports numpy, pandas, scikit-learn and skops only, and those inside functions.
"""

from __future__ import annotations

import json
from copy import copy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

FORMAT_VERSION = 2
READABLE = (1, 2)
"""Format versions that can be loaded. Version 1 kept the terms in the model file, which took a second to load."""

MODEL_FILE = "student.skops"
CARD_FILE = "student.json"
TERMS_FILE = "terms.json"
"""The terms of each vectorizer, by its name, in the order of its columns."""

TEMPERATURE = 0.12
"""Divides the decision values before the softmax. Of 0.05 to 1 it had the lowest log loss on the CLINC150
validation set from 10 rows an intent. A fixed scale for display, not fitted to each task."""

FEATURES_SHOWN = 5
"""Features listed in an explanation."""

NO_INPUT = "no answer: the input is empty (null, a missing key, or blanks only); give it a text"
"""The explanation of a row that is not answered."""


class MissingColumns(ValueError):
    """Raised when the rows lack a column that the student reads."""


@dataclass(frozen=True)
class StudentCard:
    """Metadata of a saved student, stored in `student.json`.

    Attributes:
        labels: the labels it was trained on, sorted, in the order of the scores.
        inputs: the columns it reads.
        candidates: number of answers it gives, at least 1.
        temperature: divides the decision values before the softmax.
        parameters: parameters of the trainer.
        seed: seed of the training.
        rows: number of training rows.
        versions: versions of the libraries it was trained with.
        format_version: version of the file format.
    """

    labels: list[str]
    inputs: list[str]
    candidates: int = 3
    temperature: float = TEMPERATURE
    parameters: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    rows: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION


def joined(frame: pd.DataFrame, inputs: list[str]) -> list[str]:
    """Join the input fields of each row into one text.

    Returns:
        One text a row, with each field on a separate line; a missing value is the empty text.

    Raises:
        MissingColumns: an input column is missing; the message names it.
    """
    missing = [name for name in inputs if name not in frame.columns]
    if missing:
        present = ", ".join(map(str, frame.columns)) or "none"
        raise MissingColumns(f"the rows lack the input column(s) {', '.join(missing)}; they have: {present}")
    columns = [frame[name].astype(object).where(frame[name].notna(), "").astype(str) for name in inputs]
    return ["\n".join(values) for values in zip(*columns, strict=True)]


def has_text(text: str) -> bool:
    """Return whether a text holds anything but blanks and invisible characters (zero width, control).

    >>> has_text(" \u3000\u200b\ufeff"), has_text("?")
    (False, True)
    """
    return any(character.isprintable() and not character.isspace() for character in text)


class ServedStudent:
    """A fitted TF-IDF vectorizer and linear classifier that gives scored candidates and an explanation.

    Args:
        card: metadata of the student.
        features: a fitted `FeatureUnion` of a vectorizer named `words` and one named `characters`.
        classifier: a fitted `LinearSVC`.
    """

    def __init__(self, card: StudentCard, features: Any, classifier: Any) -> None:
        import numpy as np

        self.card = card
        self._features = features
        self._classifier = classifier
        coefficients = classifier.coef_
        # With two labels scikit-learn keeps one row of weights, those of the second label.
        self._weights = np.vstack([-coefficients, coefficients]) if len(card.labels) == 2 else coefficients
        self._names: list[str] | None = None

    @classmethod
    def load(cls, folder: str | Path) -> ServedStudent:
        """Load a folder written by `save`.

        Raises:
            FileNotFoundError: a file is missing.
            ValueError: another format version, another minor version of scikit-learn than the student was trained
                with, or a damaged file.
        """
        import sklearn
        import skops.io

        folder = Path(folder)
        _require_files(folder, CARD_FILE, MODEL_FILE)
        try:
            content = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{folder / CARD_FILE} is damaged: {error}") from error
        version = content.get("format_version") if isinstance(content, dict) else None
        if version not in READABLE:
            raise ValueError(
                f"{folder / CARD_FILE} has format version {version}, not {FORMAT_VERSION}; train again"
            )
        if version > 1:
            _require_files(folder, TERMS_FILE)
        try:
            card = StudentCard(**content)
        except TypeError as error:
            raise ValueError(f"{folder / CARD_FILE} is damaged: {error}") from error
        trained, installed = card.versions.get("scikit-learn", "unknown"), sklearn.__version__
        if trained.split(".")[:2] != installed.split(".")[:2]:
            raise ValueError(
                f"the student in {folder} was trained with scikit-learn {trained}, here is {installed}: its "
                f"answers could differ. Install scikit-learn {trained}, or train again."
            )
        try:
            parts = skops.io.load(folder / MODEL_FILE, trusted=[])
            student = cls(card, parts["features"], parts["classifier"])
        except Exception as error:
            raise ValueError(
                f"{folder / MODEL_FILE} can't be opened: {type(error).__name__}: {error}"
            ) from error
        if version > 1:
            _restore_terms(student._features, folder / TERMS_FILE)
        return student

    def save(self, folder: str | Path) -> None:
        """Write `student.skops`, `terms.json` and `student.json` into a folder, which is created if needed."""
        from zipfile import ZIP_DEFLATED

        import skops.io

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        # The terms are kept out of the model file, which would describe each of them in ten lines of JSON.
        bare, terms = _without_terms(self._features)
        (folder / TERMS_FILE).write_text(json.dumps(terms, ensure_ascii=False), encoding="utf-8")
        parts = {"features": bare, "classifier": self._classifier}
        skops.io.dump(parts, folder / MODEL_FILE, compression=ZIP_DEFLATED, compresslevel=1)
        card = json.dumps(asdict(self.card), ensure_ascii=False, indent=2)
        (folder / CARD_FILE).write_text(card + "\n", encoding="utf-8")

    def scores(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the softmax of the decision values divided by the temperature.

        Returns:
            Shape (rows, labels), each row sums to 1. A relative score, comparable within one row; not a calibrated
            probability.
        """
        import numpy as np

        if not len(frame):
            return np.empty((0, len(self.card.labels)))
        return self._softmax(self._decision_values(self._encode(frame)))

    def predict(self, frame: pd.DataFrame) -> list[dict[str, Any]]:
        """Return one answer for each row, in order.

        Each is `{"label": best, "candidates": [{"label", "score"}, ...], "explanation": text}`, best first. A row
        without a text has no candidates and the empty label; its explanation says why.
        """
        answerable = [has_text(text) for text in joined(frame, self.card.inputs)]
        if all(answerable):
            return self._answers(frame)
        answers = iter(self._answers(frame[answerable]))
        blank_row_answer = {"label": "", "candidates": [], "explanation": NO_INPUT}
        return [next(answers) if has_input else dict(blank_row_answer) for has_input in answerable]

    def _answers(self, frame: pd.DataFrame) -> list[dict[str, Any]]:
        import numpy as np

        if not len(frame):
            return []
        encoded = self._encode(frame)
        scores = self._softmax(self._decision_values(encoded))
        n_candidates = min(self.card.candidates, len(self.card.labels))
        order = np.argsort(-scores, axis=1, kind="stable")[:, :n_candidates]
        reasons = self._explain(encoded, order[:, 0])
        answers = []
        for row, (best, reason) in enumerate(zip(order.tolist(), reasons, strict=True)):
            candidates = [
                {"label": self.card.labels[column], "score": round(float(scores[row, column]), 6)}
                for column in best
            ]
            answers.append({"label": candidates[0]["label"], "candidates": candidates, "explanation": reason})
        return answers

    def _encode(self, frame: pd.DataFrame) -> Any:
        from scipy.sparse import hstack

        # The same as FeatureUnion.transform without its job queue, which takes longer than transforming a short text.
        texts = joined(frame, self.card.inputs)
        return hstack([part.transform(texts) for _, part in self._features.transformer_list], format="csr")

    def _decision_values(self, encoded: Any) -> np.ndarray:
        import numpy as np

        values: np.ndarray = self._classifier.decision_function(encoded)
        return np.column_stack([-values, values]) if values.ndim == 1 else values

    def _softmax(self, values: np.ndarray) -> np.ndarray:
        import numpy as np

        scaled = values.astype(np.float64) / self.card.temperature
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
        return shares

    def _explain(self, encoded: Any, winners: np.ndarray) -> list[str]:
        """Return for each row the features with the largest product of TF-IDF value and weight of the winning label."""
        if self._names is None:
            self._names = [_readable(str(name)) for name in self._features.get_feature_names_out()]
        reasons = []
        for row, winner in enumerate(winners):
            entries = slice(encoded.indptr[row], encoded.indptr[row + 1])
            columns = encoded.indices[entries]
            contributions = encoded.data[entries] * self._weights[winner, columns]
            strongest = [
                entry
                for entry in (-contributions).argsort(kind="stable")[:FEATURES_SHOWN]
                if contributions[entry] > 0
            ]
            shown = ", ".join(
                f"{self._names[columns[entry]]} ({contributions[entry]:+.2f})" for entry in strongest
            )
            reasons.append(
                f"because of: {shown}"
                if shown
                else "because of: no known feature, only how common the label is"
            )
        return reasons


def _require_files(folder: Path, *names: str) -> None:
    for name in names:
        if not (folder / name).is_file():
            raise FileNotFoundError(f"no {name} in {folder}: no student was saved there")


def _without_terms(features: Any) -> tuple[Any, dict[str, list[str]]]:
    """Return a copy of a fitted FeatureUnion with empty vocabularies, and the terms of each vectorizer."""
    bare, terms, vectorizers = copy(features), {}, []
    for name, vectorizer in features.transformer_list:
        terms[name] = sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.__getitem__)
        emptied = copy(vectorizer)
        emptied.vocabulary_ = {}
        vectorizers.append((name, emptied))
    bare.transformer_list = vectorizers
    return bare, terms


def _restore_terms(features: Any, file: Path) -> None:
    try:
        terms = json.loads(file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is damaged: {error}") from error
    for name, vectorizer in features.transformer_list:
        listed, trained = len(terms.get(name, [])), len(vectorizer.idf_)
        if listed != trained:
            raise ValueError(f"{file} is damaged: it has {listed} {name}, the model was trained on {trained}")
        vectorizer.vocabulary_ = {term: column for column, term in enumerate(terms[name])}


def _readable(name: str) -> str:
    """Format `words__my invoice` as `"my invoice"` and `characters__ inv` as `characters "_inv"` (blanks visible)."""
    kind, _, text = name.partition("__")
    return f'"{text}"' if kind == "words" else 'characters "{}"'.format(text.replace(" ", "_"))
