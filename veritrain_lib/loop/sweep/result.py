"""Comparison of a sweep's arms (combinations of settings) on development rows, and the best model.

Open this for the tables of a sweep, and for the meaning of "within noise" (`statistics/arms.py` has the test).
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.stages.record.stored_result import load_result
from veritrain_lib.statistics.arms import ArmDifference, ArmMean, arm_differences, arm_means
from veritrain_lib.tracking import models, runs

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from veritrain_lib.loop.sweep.cells import SweepPlan
    from veritrain_lib.loop.sweep.record import CellOutcome
    from veritrain_lib.statistics.arms import Scores

CELL_COLUMNS = ["cell", "arm", "seed", "state", "value", "rows", "model", "run", "note"]
ARM_COLUMNS = ["arm", "seeds", "mean", "low", "high", "against_best", "p_holm"]
PAIR_COLUMNS = ["first", "second", "seeds", "difference", "low", "high", "p", "p_holm", "differs"]


@dataclass(frozen=True)
class SweepResult:
    """Result of a sweep: the comparison of its arms (combinations of settings), and the best model.

    Attributes:
        name: The sweep's name.
        task: The task's name.
        run_id: The id of the sweep's MLflow run.
        metric: The task's primary metric, by which the arms are compared.
        development_rows: The number of development rows; 0 if no cell has a model.
        best: The arm with the best mean over its seeds; empty if no cell has a model.
        model: The address of the best model of the best arm.
        command: The command that evaluates this model on the held-out test set; empty if there is nothing to promote.
        headline: One sentence that tells people the result.
        cells: A table with one row per cell.
        arms: A table with one row per arm that has a model, the best first: mean of the metric over seeds with its 95 %
            interval, and whether the arm differs from the best (`p_holm`, corrected for all pairs, is at most 0.05).
        pairs: A table with one row per pair of arms: the difference in mean grade (0 to 1), second arm minus first.
        again: Whether the sweep had ended before, so that everything was read from MLflow.
    """

    name: str
    task: str
    run_id: str
    metric: str
    development_rows: int
    best: str
    model: str
    command: str
    headline: str
    cells: pd.DataFrame = field(repr=False)
    arms: pd.DataFrame = field(repr=False)
    pairs: pd.DataFrame = field(repr=False)
    again: bool = False

    @property
    def exit_code(self) -> int:
        """Exit code of `veritrain sweep`: 3 if a cell failed, 4 if one waits for people, 1 without a model, else 0."""
        states = set(self.cells["state"])
        if "failed" in states:
            return 3
        if "waiting" in states:
            return 4
        return 0 if self.best else 1

    def picture(self) -> Figure:
        """Return a chart of the mean metric of each arm (combination of settings), with its 95 % interval over seeds."""
        from veritrain_lib.reporting.pictures.arms import arms

        return arms(self.arms, self.metric, f"Sweep {self.name}: settings on development rows")

    def _repr_markdown_(self) -> str:
        return self.headline + (f"\n\nTo promote it: `{self.command}`" if self.command else "")


def compare_cells(
    plan: SweepPlan, run_id: str, outcomes: list[CellOutcome], *, again: bool = False
) -> SweepResult:
    """Compare the arms of a sweep (combinations of settings) on the development rows that every cell has answered.

    Args:
        plan: The sweep.
        run_id: The id of the sweep's MLflow run.
        outcomes: The outcomes of the cells.
        again: Whether the sweep had ended before this call.

    Returns:
        The comparison: tables of cells, arms and pairs of arms, and the best model.
    """
    import numpy as np
    import pandas as pd

    from veritrain_lib.metrics.base import open_metrics

    metric = open_metrics(plan.task)[0]
    scores: dict[str, dict[int, Any]] = {}
    values: dict[str, dict[int, float]] = {}
    records = []
    for outcome in outcomes:
        value, rows = None, None
        if outcome.train_run:
            trained: Any = load_result("train", outcome.train_run)
            measured = trained.measures[plan.task.primary.name].value
            value, rows = measured, trained.rows
            if outcome.state == "done" and measured is not None:
                grades = trained.tables["predictions"].sort_values("id", kind="stable")["grade"]
                scores.setdefault(outcome.cell.arm, {})[outcome.cell.seed] = np.asarray(grades, dtype=float)
                values.setdefault(outcome.cell.arm, {})[outcome.cell.seed] = float(measured)
        records.append(
            [outcome.cell.number, outcome.cell.arm, outcome.cell.seed, outcome.state, value, rows, outcome.model,
             outcome.run_id, outcome.note]
        )  # fmt: skip
    cells = pd.DataFrame(records, columns=CELL_COLUMNS)
    differences = arm_differences(scores)
    means = {mean.arm: mean for mean in arm_means(scores)}
    sign = 1 if metric.higher_is_better else -1
    ranked = sorted(values, key=lambda arm: -sign * float(np.mean(list(values[arm].values()))))
    arms = pd.DataFrame(
        [
            _arm_row(arm, ranked[0], values[arm], means[arm], differences, sign * metric.scale)
            for arm in ranked
        ],
        columns=ARM_COLUMNS,
    )
    pairs = pd.DataFrame([[getattr(pair, name) for name in PAIR_COLUMNS] for pair in differences],
                         columns=PAIR_COLUMNS)  # fmt: skip
    best = ranked[0] if ranked else ""
    chosen = _chosen_cell(outcomes, best, values.get(best, {}), sign)
    return SweepResult(
        plan.name, plan.task.name, run_id, plan.task.primary.name, _row_count(scores), best,
        chosen.model if chosen else "", _evaluation(plan, chosen) if chosen else "",
        _headline(plan, outcomes, arms, _row_count(scores)), cells, arms, pairs, again,
    )  # fmt: skip


def store_result(result: SweepResult) -> None:
    """Store a sweep's tables, picture and headline in its MLflow run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for table in ("cells", "arms", "pairs"):
            getattr(result, table).to_csv(folder / f"{table}.csv", index=False)
        picture: Any = result.picture()
        (folder / "arms.png").write_bytes(picture.png())
        runs.log_folder(result.run_id, folder, "sweep")
    tags = {
        runs.NOTE_TAG: result.headline, "veritrain.sweep.best": result.best, "veritrain.sweep.model": result.model,
    }  # fmt: skip
    runs.log(result.run_id, tags=tags, metrics=_best_metrics(result))


def _best_metrics(result: SweepResult) -> dict[str, float]:
    if not len(result.arms):
        return {}
    best = result.arms.iloc[0]
    named = {"": "mean", "_low": "low", "_high": "high"}
    return {
        f"{result.metric}{suffix}": float(best[column])
        for suffix, column in named.items()
        if best[column] is not None and best[column] == best[column]
    }


def _row_count(scores: Scores) -> int:
    return next((len(rows) for by_seed in scores.values() for rows in by_seed.values()), 0)


def _arm_row(
    arm: str,
    best: str,
    values: dict[int, float],
    mean: ArmMean,
    differences: list[ArmDifference],
    scale: float,
) -> list[Any]:
    """Return one row of the table of arms (combinations of settings).

    Args:
        arm: The name of the arm.
        best: The name of the arm with the best mean.
        values: The metric of each seed, by seed.
        mean: The mean grade over seeds (0 to 1, higher is better), with its interval.
        differences: The comparisons of all pairs of arms.
        scale: The metric's points for a grade of 1; negative if lower is better.
    """
    value = sum(values.values()) / len(values)
    low, high = None, None
    if mean.low is not None and mean.high is not None:
        ends = (value + scale * (mean.low - mean.mean), value + scale * (mean.high - mean.mean))
        low, high = min(ends), max(ends)
    pair = next((pair for pair in differences if {pair.first, pair.second} == {arm, best}), None)
    if arm == best:
        relation = "best"
    elif pair is None or pair.differs is None:
        relation = "not tested"
    else:
        relation = "differs" if pair.differs else "within noise"
    return [arm, len(values), value, low, high, relation, pair.p_holm if pair and arm != best else None]


def _chosen_cell(
    outcomes: list[CellOutcome], best: str, values: dict[int, float], sign: int
) -> CellOutcome | None:
    of_best = [outcome for outcome in outcomes if outcome.cell.arm == best and outcome.cell.seed in values]
    return max(of_best, key=lambda outcome: sign * values[outcome.cell.seed], default=None)


def _evaluation(plan: SweepPlan, chosen: CellOutcome) -> str:
    """Return the command that evaluates a cell's model against the champion; empty if it is the champion itself."""
    champion = models.by_alias(plan.task, models.CHAMPION)
    to_beat = champion.uri if champion else chosen.seed_model
    if models.identity(plan.task, to_beat) == models.identity(plan.task, chosen.model):
        return ""
    return f"veritrain evaluate {plan.task.name} --champion {to_beat} --challenger {chosen.model}"


def _headline(plan: SweepPlan, outcomes: list[CellOutcome], arms: pd.DataFrame, rows: int) -> str:
    done = sum(outcome.state == "done" for outcome in outcomes)
    counted = f"{plan.name}: {done} of {len(outcomes)} cells done."
    if not len(arms):
        return f"{counted} No setting has a model to compare."
    best = arms.iloc[0]
    interval = f" (95 % interval {best['low']:.3f} to {best['high']:.3f})" if best["low"] is not None else ""
    text = (
        f"{counted} Best on {rows} development rows: {best['arm']}, {plan.task.primary.name} "
        f"{best['mean']:.3f}{interval}, mean of {best['seeds']} seed(s)."
    )
    others = arms.iloc[1:]
    if not len(others):
        return text
    if (others["against_best"] == "not tested").all():
        return (
            f"{text} Whether it differs from the others was not tested: that takes two or more seeds of each."
        )
    near = list(others["arm"][others["against_best"] == "within noise"])
    apart = list(others["arm"][others["against_best"] == "differs"])
    parts = [f"It differs from: {'; '.join(apart)}."] if apart else []
    parts += [f"Within noise of it: {'; '.join(near)}."] if near else []
    return f"{text} {' '.join(parts)} (All pairs were tested together, corrected by the method of Holm, 5 %.)"
