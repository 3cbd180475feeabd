"""Choice of the weight of a sentence encoder's vectors relative to TF-IDF, by cross-validation on training rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

WEIGHTS = (1.0, 2.0, 3.0)
"""Weights that are tried: the length to which a vector is scaled, where word and character TF-IDF have length 1 each.

On CLINC150 with 5 and 10 rows per intent, weights above 3 were worse.
"""

DEFAULT_WEIGHT = 2.0
"""Weight that is used when too few labels have enough rows for a comparison.

If several weights are equally good, the one nearest to it is chosen.
"""

FOLDS = 3

MAXIMUM_ROWS = 600
"""Maximum number of rows that the comparison uses; more rows would change the choice little.

All rows of randomly drawn labels are used, up to this number.
"""

TOLERANCE = 0.01
"""Stopping tolerance of the classifiers that are compared, a hundred times looser than that of the final one."""


def choose_weight(ngrams: Any, vectors: np.ndarray, answers: list[str], *, C: float, seed: int) -> float:
    """Return the weight of the sentence vectors with which a linear support vector machine has the highest accuracy.

    The accuracy is measured by cross-validation on rows that the classifier was not trained on.

    Args:
        ngrams: TF-IDF values of the training rows, a sparse matrix of shape (rows, n-grams).
        vectors: sentence vectors of the training rows, shape (rows, dimension).
        answers: labels of the training rows.
        C: parameter of LinearSVC.
        seed: random seed of the drawn rows and folds.

    Returns:
        One of `WEIGHTS`; `DEFAULT_WEIGHT` when fewer than two labels have at least `FOLDS` rows each.
    """
    import numpy as np
    from scipy.sparse import csr_matrix, hstack
    from sklearn.model_selection import StratifiedKFold
    from sklearn.svm import LinearSVC

    labels = np.array(answers, dtype=object)
    rows = _drawn_rows(labels, np.random.default_rng(seed))
    if len(set(labels[rows])) < 2:
        return DEFAULT_WEIGHT
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(rows, labels[rows]))
    right = {}
    for weight in WEIGHTS:
        features = hstack([ngrams[rows], csr_matrix(vectors[rows] * np.float32(weight))], format="csr")
        right[weight] = 0
        for train, test in folds:
            classifier = LinearSVC(C=C, tol=TOLERANCE, random_state=seed)
            classifier.fit(features[train], labels[rows[train]])
            right[weight] += int((classifier.predict(features[test]) == labels[rows[test]]).sum())
    return max(WEIGHTS, key=lambda weight: (right[weight], -abs(weight - DEFAULT_WEIGHT)))


def _drawn_rows(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the positions of all rows of some randomly drawn labels, at most `MAXIMUM_ROWS` rows.

    Only labels with at least `FOLDS` rows are drawn.

    Args:
        labels: label of each row.
        rng: random generator.
    """
    import numpy as np

    names, counts = np.unique(labels.astype(str), return_counts=True)
    order = [number for number in rng.permutation(len(names)) if counts[number] >= FOLDS]
    drawn: list[str] = []
    total = 0
    for number in order:
        if len(drawn) >= 2 and total + counts[number] > MAXIMUM_ROWS:
            break
        drawn.append(str(names[number]))
        total += int(counts[number])
    positions = np.flatnonzero(np.isin(labels.astype(str), drawn))
    if len(positions) <= MAXIMUM_ROWS:
        return positions
    return np.sort(rng.permutation(positions)[:MAXIMUM_ROWS])
