"""Comparison of two evaluations: differences of their metrics, and of their models' grades on the same rows."""

from __future__ import annotations

from veritrain_lib.server.resources.evaluations import metrics as evaluation_metrics
from veritrain_lib.server.resources.evaluations.content import predictions_of
from veritrain_lib.server.resources.evaluations.record import metrics_of
from veritrain_lib.server.resources.evaluations.schemas import (
    EvaluationComparison,
    MetricDifference,
    PairedDifference,
)
from veritrain_lib.tracking.entities import Run

CONFIDENCE_LEVEL = 0.95
"""Confidence level of the interval of the mean difference."""


def evaluation_comparison(first: Run, second: Run) -> EvaluationComparison:
    """Return the differences between two evaluations: of their common metrics, and of the grades on common rows."""
    first_metrics, second_metrics = (
        evaluation_metrics.flatten_metrics(metrics_of(run)) for run in (first, second)
    )
    return EvaluationComparison(
        first_id=first.info.run_id,
        second_id=second.info.run_id,
        metrics={
            name: MetricDifference(
                first=first_metrics[name],
                second=second_metrics[name],
                difference=second_metrics[name] - first_metrics[name],
            )
            for name in first_metrics
            if name in second_metrics
        },
        only_first=sorted(set(first_metrics) - set(second_metrics)),
        only_second=sorted(set(second_metrics) - set(first_metrics)),
        paired=_paired_difference(first, second),
    )


def _paired_difference(first: Run, second: Run) -> PairedDifference | None:
    """Return the mean difference of the models' grades (second minus first) on common rows, with its 95 % interval.

    Returns:
        None if the evaluations belong to different tasks, have no stored answers, or share fewer than two rows.
    """
    from veritrain_lib.statistics.intervals import mean_difference_bounds

    if first.data.tags.get("veritrain.task") != second.data.tags.get("veritrain.task"):
        return None
    tables = [predictions_of(run.info.run_id) for run in (first, second)]
    if tables[0] is None or tables[1] is None:
        return None
    grades = [
        table.drop_duplicates("id").set_index("id")["challenger_grade"]
        for table in tables
        if table is not None
    ]
    differences = (grades[1] - grades[0]).dropna().to_numpy()
    if len(differences) < 2:
        return None
    low, high = mean_difference_bounds(differences, CONFIDENCE_LEVEL)
    return PairedDifference(
        rows=len(differences), difference=float(differences.mean()), low=float(low), high=float(high)
    )
