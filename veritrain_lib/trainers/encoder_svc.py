"""The trainer `encoder_svc`: a linear support vector machine on TF-IDF and on the vectors of a sentence encoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.encoders import of_task, vector_store
from veritrain_lib.encoders.base import open_encoder
from veritrain_lib.models.student import Student
from veritrain_lib.trainers.discriminant import blend_in
from veritrain_lib.trainers.parameters import number_from_zero, positive_number, with_defaults
from veritrain_lib.trainers.tfidf_svc import DEFAULTS as NGRAM_DEFAULTS
from veritrain_lib.trainers.tfidf_svc import FittedStudent, TfidfSvc, training_answers
from veritrain_lib.trainers.vector_weight import choose_weight

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.encoders.base import Encoder

AUTO = "auto"
"""Value of the parameter `vector_weight` that makes the trainer choose the weight by cross-validation."""

DEFAULTS: dict[str, Any] = {
    "encoder": of_task.AUTO,
    "vector_weight": AUTO,
    "discriminant_weight": 1.0,
    **NGRAM_DEFAULTS,
}


class EncoderSvc(TfidfSvc):
    """Trainer of a student model that reads a sentence encoder's vector of each text in addition to its n-grams.

    N-grams of words and characters match wording, vectors match meaning: with few rows per label, the vectors
    help to recognize paraphrases of them. The decision values are the mean of those of a support vector machine on
    all features and of a linear discriminant analysis of the vectors (`discriminant`). docs/encoders.md has the measurements.

    Args:
        encoder: name of the sentence encoder. Default "auto": `use_multilingual+minilm` where all inputs of the task
            are English, `use_multilingual` otherwise.
        vector_weight: length to which a vector is scaled, above 0; the word and the character n-grams have
            length 1 each. Default "auto": chosen by cross-validation on the training rows.
        discriminant_weight: weight of a linear discriminant analysis of the vectors in the decision values, 0 or
            more, where the support vector machine has weight 1. Default 1; 0 leaves the analysis out.
        word_ngrams: as in `TfidfSvc`.
        char_ngrams: as in `TfidfSvc`.
        C: as in `TfidfSvc`.
        candidates: as in `TfidfSvc`.

    Raises:
        UserError: a parameter is unknown or out of range, or there is no encoder of that name.
    """

    name = "encoder_svc"
    parameter_names = tuple(DEFAULTS)

    def __init__(self, **parameters: Any) -> None:
        values = with_defaults(self.name, DEFAULTS, parameters)
        super().__init__(**{name: values[name] for name in NGRAM_DEFAULTS})
        self.encoder = str(values["encoder"])
        if self.encoder != of_task.AUTO:
            open_encoder(self.encoder)
        weight = values["vector_weight"]
        if isinstance(weight, str) and weight != AUTO:
            raise UserError(f"vector_weight must be a number above 0, or {AUTO!r}, not {weight!r}")
        self.vector_weight: float | str = (
            weight if weight == AUTO else positive_number("vector_weight", weight)
        )
        self.discriminant_weight = number_from_zero("discriminant_weight", values["discriminant_weight"])

    def ingredients(self, task: Task) -> dict[str, str]:
        """Return the digest of the sentence encoder as `encoder`; another version of it gives another model."""
        return {"encoder": self._encoder(task).digest}

    def train(self, task: Task, rows: pd.DataFrame, *, seed: int) -> FittedStudent:
        """Train a student model (a small classifier) on rows and return it.

        It reads the word n-grams, character n-grams and sentence vector of each row.

        Args:
            task: the task.
            rows: training rows with an answer each, with the columns that `core.records` defines.
            seed: random seed; the same rows and seed give a model with the same answers.

        Raises:
            UserError: as in `TfidfSvc.train`.
        """
        import numpy as np
        from scipy.sparse import csr_matrix, hstack

        from veritrain_lib.models.served import ServedStudent, joined

        answers = training_answers(task, rows)
        texts = joined(rows, list(task.inputs))
        features, ngrams = self._ngram_features(texts)
        encoder = self._encoder(task)
        vectors = vector_store.encode(encoder, texts)
        weight = (
            choose_weight(ngrams, vectors, answers, C=self.C, seed=seed)
            if isinstance(self.vector_weight, str)
            else self.vector_weight
        )
        encoded = hstack([ngrams, csr_matrix(vectors * np.float32(weight))], format="csr")
        classifier = self._fit_classifier(encoded, answers, seed)
        blend_in(classifier, vectors, answers, encoded, scale=weight, weight=self.discriminant_weight)
        card = replace(
            self._card(task, [str(label) for label in classifier.classes_], len(rows), seed),
            encoder=encoder.name,
            encoder_digest=encoder.digest,
            vector_weight=weight,
        )
        return FittedStudent(Student(ServedStudent(card, features, classifier)))

    def _encoder(self, task: Task) -> Encoder:
        return open_encoder(of_task.resolved(self.encoder, task))

    def _parameters(self) -> Mapping[str, Any]:
        return {
            **super()._parameters(),
            "encoder": self.encoder,
            "vector_weight": self.vector_weight,
            "discriminant_weight": self.discriminant_weight,
        }
