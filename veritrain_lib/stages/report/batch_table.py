"""The report's table of batches: the effect of each round's training rows, measured by training without them.

A batch is the rows that one gate run accepted. Two differences in the log likelihood of the development rows' right
labels are measured: all rows against all rows but the batch (`left_out`), and the starting rows with the batch against
the starting rows alone (`added`). The batch's effect is the mean of the two, which are the last and the first step of
the Shapley value (A. Ghorbani, J. Zou, 2019, Data Shapley, ICML): a bad batch that is left out of many rows changes
little, since the other rows make up for it. The batch alone is also compared with equally many random pool rows, each
added to the starting rows.

The student (a small model) that was trained without a batch also answers the batch's own rows. If it contradicts more
of their labels than of other batches' labels, the effect of the contradicted rows alone is measured in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.models.base import Scorer
from veritrain_lib.statistics.batch_effects import Contradicted, judge_batches, mean_effect, suspect_batches

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.task import Task

COLUMNS = (
    "batch", "round", "rows", "effect", "low", "high", "p_harms", "contradicted", "p_contradicted",
    "contradicted_effect", "verdict", "left_out", "added",
    "against_random", "random_low", "random_high", "n",
)  # fmt: skip

ALL_BATCHES = "all batches"
"""Name of the table's row with the effect of all batches together."""

LEAST_SCORE = 1e-6
"""Smallest score that is used in a logarithm: 1e-6.

Without it, one label that the model has never seen would outweigh all other rows.
"""

MAX_WORK = 5e7
"""Largest work that a report spends on measuring batches: training rows times labels, summed over the trainings.

The quick built-in model takes a minute or two for it.
"""


def empty_batches() -> pd.DataFrame:
    """Return the report's table of batches without rows, for when nothing was measured."""
    import pandas as pd

    return pd.DataFrame(columns=list(COLUMNS))


def work_of(task: Task, rows: int, batches: int) -> float:
    """Estimate the computing work of measuring batches: training rows times labels, summed over the trainings.

    A batch takes three trainings: all rows without it, the starting rows with it, and the starting rows with random
    rows. All rows and the starting rows alone are trained on once, too. The two further trainings for a batch with many
    contradicted labels are not counted, because few batches need them.

    Args:
        task: The task.
        rows: The number of training rows.
        batches: The number of batches.

    Returns:
        The work as a number without unit, to be compared with `MAX_WORK`.
    """
    return float(rows) * len(task.labels) * (3 * batches + 2)


def measure_batches(
    task: Task,
    fit: Callable[[pd.DataFrame], object],
    rows: pd.DataFrame,
    batches: Mapping[str, frozenset[str]],
    development: pd.DataFrame,
    *,
    rounds: Mapping[str, int] | None = None,
    random_rows: pd.DataFrame | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure the effect of each batch of training rows on the development rows.

    Args:
        task: The task; its answers must be labels.
        fit: Function that trains a student (a small model) on rows. It must give scores of labels
            (`models.base.Scorer`).
        rows: All training rows, with the columns that `core.records` defines.
        batches: The ids of each batch's rows, by the name of the batch, the oldest first. Rows of no batch are the
            starting rows, which are in every training.
        development: The development rows, with answers.
        rounds: The number of the round that accepted each batch; a batch that no round accepted is left out.
        random_rows: Answered pool rows that are in no batch, in random order. With None or too few there is no
            comparison with random rows.
        seed: Seed of the bootstrap.

    Returns:
        A table with one row per batch and a last one for all batches together; columns `COLUMNS`. Effects are in nats
        per development row. `against_random` and its interval compare the batch alone with equally many random rows,
        and are missing if the pool does not allow it. The table is empty without batches, or if the student gives no
        scores.
    """
    import pandas as pd

    rows = rows.reset_index(drop=True)
    in_batch = rows["id"].map({row: name for name, ids in batches.items() for row in ids})
    present = [name for name in batches if (in_batch == name).any()]
    if not present or len(development) < 2:
        return empty_batches()
    base = rows[in_batch.isna()]

    def train(training_rows: pd.DataFrame) -> Scorer | None:
        student = fit(training_rows.reset_index(drop=True))
        return student if isinstance(student, Scorer) else None

    everything, start = train(rows), train(base)  # the starting rows are those of no batch
    if everything is None or start is None:
        return empty_batches()
    measured = _Measured(task, train, development, everything, start, base, rows, in_batch)
    lines = [
        {**line, "round": (rounds or {}).get(str(line["batch"])), "n": len(development)}
        for line in measured.lines(present, random_rows, seed)
    ]
    table = pd.DataFrame(lines, columns=list(COLUMNS))
    numbers = [name for name in COLUMNS if name not in ("batch", "verdict")]
    return table.astype(dict.fromkeys(numbers, float))


@dataclass(frozen=True)
class _Measured:
    """The students (small models) that every batch is compared with, and the rows to train further students on.

    Attributes:
        task: The task.
        train: Function that trains a student on rows.
        development: The development rows, with answers.
        everything: The student that was trained on all training rows.
        start: The student that was trained on the starting rows only.
        base: The starting rows, which are in no batch.
        rows: All training rows.
        in_batch: The name of the batch of each training row; missing for starting rows.
    """

    task: Task
    train: Callable[[pd.DataFrame], Scorer | None]
    development: pd.DataFrame
    everything: Scorer
    start: Scorer
    base: pd.DataFrame
    rows: pd.DataFrame
    in_batch: pd.Series[str]

    def lines(
        self, names: Sequence[str], random_rows: pd.DataFrame | None, seed: int
    ) -> list[dict[str, object]]:
        """Return the table's row of each batch, and the row of all batches together, as dicts.

        Args:
            names: The names of the batches.
            random_rows: Random pool rows to compare a batch with; None for no comparison.
            seed: Seed of the bootstrap.
        """
        full, alone = self._likelihood(self.everything), self._likelihood(self.start)
        added, left_out, contradicted = {}, {}, {}
        for name in names:
            batch = self.rows[self.in_batch == name]
            without = self._student(self.rows[self.in_batch != name])
            left_out[name] = full - self._likelihood(without)
            contradicted[name] = contradicted_rows(self.task, without, batch)
            added[name] = self._with(batch)
        p_contradicted, suspects = suspect_batches(
            {name: Contradicted(int(rows.sum()), len(rows)) for name, rows in contradicted.items()}
        )
        effects = {name: (left_out[name] + added[name] - alone) / 2 for name in names}
        wrong = {
            name: self._effect_of_contradicted(contradicted[name], full, added[name]) for name in suspects
        }
        lines = []
        for effect in judge_batches(effects, wrong, seed=seed):
            name, count = effect.name, int((self.in_batch == effect.name).sum())
            line = {
                "batch": name,
                "rows": count,
                "effect": effect.effect,
                "low": effect.interval.low,
                "high": effect.interval.high,
                "p_harms": effect.p_harms,
                "contradicted": float(contradicted[name].mean()) if len(contradicted[name]) else None,
                "p_contradicted": p_contradicted[name],
                "contradicted_effect": float(wrong[name].mean()) if name in wrong else None,
                "verdict": effect.verdict,
                "left_out": float(left_out[name].mean()),
                "added": float((added[name] - alone).mean()),
            }
            if random_rows is not None and len(random_rows) >= count:
                against = added[name] - self._with(random_rows.iloc[:count])
                mean, interval = mean_effect(against, seed=seed)
                line |= {"against_random": mean, "random_low": interval.low, "random_high": interval.high}
            lines.append(line)
        return [*lines, self._total(full - alone, seed)]

    def _effect_of_contradicted(
        self, contradicted: pd.Series[bool], full: np.ndarray, added: np.ndarray
    ) -> np.ndarray:
        """Return the effect of those rows of a batch whose label the student contradicts, for each development row.

        It is measured in nats, like the effect of a batch.

        Args:
            contradicted: Whether the student contradicts the label of each row of the batch.
            full: Log likelihoods of the development rows after training on all rows.
            added: Log likelihoods after training on the starting rows and the batch.
        """
        wrong = contradicted.index[contradicted]
        batch = self.rows[self.in_batch == self.in_batch[wrong[0]]]
        left_out = full - self._likelihood(self._student(self.rows.drop(index=wrong)))
        alone = added - self._with(batch.drop(index=wrong))
        effect: np.ndarray = (left_out + alone) / 2
        return effect

    def _student(self, rows: pd.DataFrame) -> Scorer:
        """Train a student (a small model) on rows. It gives scores of labels, because earlier students did."""
        student = self.train(rows)
        assert student is not None
        return student

    def _likelihood(self, student: Scorer) -> np.ndarray:
        return log_likelihood(self.task, student, self.development)

    def _with(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the log likelihoods of the development rows after training on the starting rows and the given rows."""
        import pandas as pd

        return self._likelihood(self._student(pd.concat([self.base, rows])))

    def _total(self, gains: np.ndarray, seed: int) -> dict[str, object]:
        """Return the table's row of all batches together, as a dict.

        Args:
            gains: The gain in log likelihood of each development row by all batches.
            seed: Seed of the bootstrap.
        """
        total, interval = mean_effect(gains, seed=seed)
        return {
            "batch": ALL_BATCHES,
            "rows": int(self.in_batch.notna().sum()),
            "effect": total,
            "low": interval.low,
            "high": interval.high,
            "verdict": "helps" if interval.low > 0 else "harms" if interval.high < 0 else "can't tell",
        }


def contradicted_rows(task: Task, student: Scorer, rows: pd.DataFrame) -> pd.Series[bool]:
    """Return whether each row's label differs from the best label of a student (a small model).

    Args:
        task: The task.
        student: A student that was not trained on the rows.
        rows: Rows with answers.

    Returns:
        Booleans with the index of the rows. Rows whose label the student has never seen are left out.
    """
    import pandas as pd

    target = task.target.field
    known = rows[rows[target].isin(student.labels)]
    if not len(known):
        return pd.Series(dtype=bool)
    best = [student.labels[column] for column in student.scores(known).argmax(axis=1)]
    contradicted: pd.Series[bool] = known[target] != best
    return contradicted


def log_likelihood(task: Task, student: Scorer, rows: pd.DataFrame) -> np.ndarray:
    """Return the logarithm of the score that a student (a small model) gives to the right label of each row.

    Args:
        task: The task.
        student: The student.
        rows: Rows with answers.

    Returns:
        Natural logarithms of shape (rows,), from log(`LEAST_SCORE`) to 0.
    """
    import numpy as np

    scores = student.scores(rows)
    column_of = {label: column for column, label in enumerate(student.labels)}
    columns = np.array([column_of.get(label, -1) for label in rows[task.target.field]])
    right = np.where(columns >= 0, scores[np.arange(len(rows)), columns], 0.0)
    logarithms: np.ndarray = np.log(np.clip(right, LEAST_SCORE, 1.0))
    return logarithms


def harmful(table: pd.DataFrame) -> list[str]:
    """Return the names of the batches of training rows that are proven to harm the model.

    Args:
        table: The table that `measure_batches` returns.
    """
    if not len(table):
        return []
    lines = table[(table["verdict"] == "harms") & (table["batch"] != ALL_BATCHES)]
    return [str(name) for name in lines["batch"]]


def sentence(table: pd.DataFrame) -> str:
    """Return a sentence about the effect of all batches and the number of good and bad ones; empty without batches.

    Args:
        table: The table that `measure_batches` returns.
    """
    if not len(table):
        return ""
    total = table[table["batch"] == ALL_BATCHES].iloc[0]
    counts = table[table["batch"] != ALL_BATCHES]["verdict"].value_counts()
    verdicts = ", ".join(f"{counts.get(verdict, 0)} {text}" for verdict, text in
                     (("helps", "shown to help"), ("harms", "shown to harm"), ("can't tell", "can't tell")))  # fmt: skip
    return (
        f"All batches together change the log likelihood of a development row by {total['effect']:+.3f} "
        f"({total['low']:+.3f} to {total['high']:+.3f}, n={int(total['n'])}); of {int(counts.sum())} batch(es): {verdicts}."
    )
