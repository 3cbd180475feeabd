"""Blend of a linear discriminant analysis of sentence vectors into a linear support vector machine.

A support vector machine looks at the rows nearest to other labels. With few rows per label, the mean of each label's
vectors and the spread that all labels share tell more. Both are linear, so the blend is stored as one classifier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

SHRINKAGE = 0.9
"""Share of the estimated covariance matrix that is replaced by a multiple of the identity matrix (0 to 1).

On CLINC150 and on the built-in example it was better than 0.5 with 5 and 10 rows per label, and about equal with 40.
"""

MAXIMUM_ROWS = 5_000
"""Maximum number of training rows, at equal distances, whose decision values are compared for the scale."""


def blend_in(
    classifier: Any, vectors: np.ndarray, answers: list[str], encoded: Any, *, scale: float, weight: float
) -> None:
    """Replace a classifier's decision values by their weighted mean with those of a linear discriminant analysis.

    The values of the analysis are first scaled to the standard deviation of the classifier's, over the training
    rows; so the blend's scores are about as certain as those of the classifier alone. The classifier stays as it
    is where the analysis is impossible: without more rows than labels, or where all vectors of each label are equal.

    Args:
        classifier: a fitted `LinearSVC`, whose `coef_` and `intercept_` are changed; the last columns of its features
            are the vectors times `scale`.
        vectors: sentence vectors of the training rows, shape (rows, dimension).
        answers: labels of the training rows.
        encoded: features of the training rows, with which the classifier was fitted.
        scale: number with which the vectors were multiplied in `encoded`.
        weight: weight of the analysis, 0 or more, where the classifier has weight 1.
    """
    import numpy as np
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    if not weight or len(answers) <= len(classifier.classes_):
        return
    analysis = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=SHRINKAGE).fit(vectors, answers)
    # What all labels have in common changes no answer, but would appear in explanations and in the spread.
    coefficients, intercepts = _centred(analysis.coef_), _centred(analysis.intercept_)
    rows = np.linspace(0, len(answers) - 1, min(len(answers), MAXIMUM_ROWS)).astype(int)
    spread = _spread(vectors[rows] @ coefficients.T + intercepts)
    if not spread > 0:
        return
    ratio = weight * _spread(classifier.decision_function(encoded[rows])) / spread
    blended = classifier.coef_.astype(np.float64)
    blended[:, -vectors.shape[1] :] += ratio / scale * coefficients
    # float32, as `TfidfSvc` keeps coefficients.
    classifier.coef_ = (blended / (1 + weight)).astype(np.float32)
    classifier.intercept_ = (classifier.intercept_ + ratio * intercepts) / (1 + weight)


def _spread(values: np.ndarray) -> float:
    """Return the standard deviation of decision values: shape (rows, labels), or (rows,) or (rows, 1) with two labels."""
    import numpy as np

    by_label = values[None] if values.ndim == 1 else values.T
    return float(np.sqrt(np.square(_centred(by_label)).mean()))


def _centred(values: np.ndarray) -> np.ndarray:
    """Subtract the mean over labels, the first axis. With two labels it has length 1, and nothing is to be subtracted."""
    return values - values.mean(axis=0) if len(values) > 1 else values
