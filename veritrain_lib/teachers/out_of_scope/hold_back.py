"""Rows of a pool that are held back before choosing, because none of the task's labels seems to fit them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.encoders import of_task, vector_store
from veritrain_lib.encoders.base import open_encoder
from veritrain_lib.models.served import joined
from veritrain_lib.teachers.out_of_scope.novelty import novelty, unit
from veritrain_lib.teachers.out_of_scope.random_walk import AT_ONCE

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.task import Task

DEFAULT_SHARE = 0.03
"""Share of the rows with a label that may be held back, where the trainer reads a sentence encoder's vectors."""

MINIMUM_TRAINING_ROWS = 50
"""Training rows below which nothing is held back: their highest novelties say nothing about the pool's."""


def share_of(task: Task) -> float:
    """Return the accepted false-alarm rate of the out-of-scope filter, which holds pool rows back from being chosen.

    The filter may hold back this share of the rows that have one of the task's labels, so that it catches rows with none.
    With 0 nothing is held back.

    Returns:
        The task file's `teacher.out_of_scope`; without it `DEFAULT_SHARE` if the task's trainer uses a sentence encoder, else
        0. Always 0 for a task without labels.
    """
    if not task.labels:
        return 0.0
    if task.teacher.out_of_scope is not None:
        return task.teacher.out_of_scope
    return DEFAULT_SHARE if of_task.encoder_name(task) else 0.0


def share_held_back(held_back: int, left: int | None) -> float:
    """Return the share (0 to 1) of a pool's remaining rows that is held back because none of the task's labels seems to fit.

    Args:
        held_back: Number of rows held back.
        left: Number of the other rows that are left in the pool; None where the teacher does not count them.
    """
    return held_back / max(held_back + (left or 0), 1)


class HoldBack:
    """Filter that holds back pool rows which none of the task's labels seems to fit, so that they are not chosen for training.

    A pool row is held back in two cases: it is more novel (less like the training rows) than all but a given share of
    the training rows themselves, or it is nearer to a row to which people answered "none of these" than to any row with a
    label. Novelty is measured once, at construction; `learn` adds people's answers. One object serves one call of the teacher.

    It is off, so that nothing is held back, if `share` is 0, the pool is empty, or there are fewer than
    `MINIMUM_TRAINING_ROWS` training rows.

    Args:
        task: The task.
        training_rows: The rows accepted for training so far, with their labels.
        pool: The pool rows that may be chosen; their index identifies them in later calls.
        no_label: Rows to which people answered "none of these" earlier.
        share: Share of the rows with a label that may be held back by mistake, 0 to 1; 0 holds nothing back.
        seed: Random seed for drawing the rows among which novelty is measured.
    """

    def __init__(
        self,
        task: Task,
        training_rows: pd.DataFrame,
        pool: pd.DataFrame,
        no_label: pd.DataFrame,
        *,
        share: float,
        seed: int,
    ) -> None:
        import numpy as np
        import pandas as pd

        self._task = task
        self._mask = pd.Series(False, index=pool.index)
        self.is_active = bool(share) and len(training_rows) >= MINIMUM_TRAINING_ROWS and len(pool) > 0
        if not self.is_active:
            return
        training, self.vectors = self._encoded(training_rows), self._encoded(pool)
        target = task.target.field
        of_pool, of_training = novelty(
            training, training_rows[target].tolist(), self.vectors, np.random.default_rng([seed, 0])
        )
        self._mask[:] = of_pool > np.quantile(of_training, 1 - share)
        self._centre = training.mean(axis=0)
        self._nearest_label = self._cosines(training)
        self._nearest_none = np.full(len(pool), -np.inf)
        if len(no_label):
            self.learn(training_rows.iloc[:0], no_label)

    def learn(self, labelled: pd.DataFrame, no_label: pd.DataFrame) -> None:
        """Update the filter with people's answers to a batch of chosen rows.

        From then on, pool rows are also held back that are nearer to a row answered "none of these" than to a row with a label.

        Args:
            labelled: The answered rows that have a label.
            no_label: The answered rows to which people answered "none of these".
        """
        import numpy as np

        if not self.is_active:
            return
        if len(labelled):
            self._nearest_label = np.maximum(self._nearest_label, self._cosines(self._encoded(labelled)))
        if len(no_label):
            self._nearest_none = np.maximum(self._nearest_none, self._cosines(self._encoded(no_label)))
            self._mask |= self._nearest_none > self._nearest_label

    def may_be_chosen(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return those of the given pool rows that the out-of-scope filter does not hold back."""
        return rows[~self._mask.loc[rows.index].to_numpy()] if self.is_active else rows

    def held_back(self, rows: pd.DataFrame) -> pd.DataFrame | None:
        """Return those of the given pool rows that the out-of-scope filter holds back; None if the filter is off."""
        if not self.is_active:
            return None
        return rows[self._mask.loc[rows.index].to_numpy()]

    def new_labels(self, rows: pd.DataFrame, no_label: pd.DataFrame, seed: int) -> pd.DataFrame | None:
        """Cluster the rows that no label of the task fits into groups that could become new labels.

        Args:
            rows: The pool rows that are left; of these, the rows held back are clustered.
            no_label: Rows to which people answered "none of these", which are clustered too.
            seed: Random seed for drawing a sample if there are too many rows to cluster.

        Returns:
            The table of groups that `new_labels.groups_of` describes; None if the out-of-scope filter is off.
        """
        import numpy as np
        import pandas as pd

        from veritrain_lib.teachers.out_of_scope.new_labels import groups_of

        held_back = self.held_back(rows)
        if held_back is None:
            return None
        without_label = pd.concat([held_back, no_label], ignore_index=True)
        texts = joined(without_label, list(self._task.inputs))
        vectors = self._encoded(without_label) - self._centre
        return groups_of(texts, vectors, np.random.default_rng([seed, 1]))

    def _encoded(self, rows: pd.DataFrame) -> np.ndarray:
        name = of_task.encoder_name(self._task) or of_task.resolved(of_task.AUTO, self._task)
        return vector_store.encode(open_encoder(name), joined(rows, list(self._task.inputs)))

    def _cosines(self, others: np.ndarray) -> np.ndarray:
        """Return each pool row's highest cosine to some other rows, around the training rows' centre."""
        import numpy as np

        directions = unit(others - self._centre)
        parts = [
            (unit(self.vectors[start : start + AT_ONCE] - self._centre) @ directions.T).max(axis=1)
            for start in range(0, len(self.vectors), AT_ONCE)
        ]
        return np.concatenate(parts)
