"""Groups of rows without a label that could be labels of their own, each with examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.teachers.out_of_scope.novelty import unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd

MOST_ROWS = 2_000
"""Rows that are grouped; of more, a random draw, since grouping takes memory and time of their square."""

SMALLEST_GROUP = 8
"""Rows that a group needs to be offered as a label."""

MOST_GROUPS = 20
"""Groups that are offered, the largest first."""

DISTANCE = 0.5
"""Mean cosine distance between two groups above which they are kept apart. With whole intents of CLINC150 left out, 0.4
offers fewer of them, and from 0.6 on groups mix intents (0.80 to 0.85 of their rows are of one, 0.87 to 0.91 here)."""

EXAMPLES = 3

COLUMNS = ("rows", "share", "examples")


def groups_of(texts: Sequence[str], vectors: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Cluster texts without a label by meaning, and return the groups that are large enough to become labels.

    Args:
        texts: Texts of rows that no label of the task fits.
        vectors: Sentence vectors of the texts, shape (texts, dimension); their length does not matter.
        rng: Random generator that draws `MOST_ROWS` texts to cluster if there are more.

    Returns:
        One row per group of at least `SMALLEST_GROUP` texts, the largest group first, at most `MOST_GROUPS`. Columns: `rows`
        (size of the group), `share` (of the clustered texts), `examples` (the texts nearest to the group's mean, in quotes).
        Empty if there is no such group.
    """
    import numpy as np
    import pandas as pd
    from sklearn.cluster import AgglomerativeClustering

    drawn = rng.permutation(len(texts))[:MOST_ROWS]
    if len(drawn) < SMALLEST_GROUP:
        return pd.DataFrame(columns=list(COLUMNS))
    scaled = unit(vectors[drawn])
    clustering = AgglomerativeClustering(
        n_clusters=None, metric="cosine", linkage="average", distance_threshold=DISTANCE
    )
    numbers = clustering.fit_predict(scaled)
    groups = []
    for number, size in enumerate(np.bincount(numbers)):
        if size < SMALLEST_GROUP:
            continue
        members = np.flatnonzero(numbers == number)
        nearest = members[np.argsort(-(scaled[members] @ scaled[members].mean(axis=0)), kind="stable")]
        examples = "; ".join(f"“{texts[drawn[member]]}”" for member in nearest[:EXAMPLES])
        groups.append((int(size), size / len(drawn), examples))
    groups.sort(key=lambda group: (-group[0], group[2]))
    return pd.DataFrame(groups[:MOST_GROUPS], columns=list(COLUMNS))
