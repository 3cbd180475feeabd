"""Comparison in a report: the new model against the champion before it, with the runs and the dataset involved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.server.resources.reports.schemas import MetricChange, ReportComparison, ReportDifferences
from veritrain_lib.server.tasks import task_of_run
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.listing import read_runs

if TYPE_CHECKING:
    from veritrain_lib.stages.report.result import ReportResult


def report_comparison(result: ReportResult, experiment: str | None) -> ReportComparison:
    """Return a report's comparison of the new model with the champion before it.

    Args:
        result: Result of the report stage.
        experiment: Id of the MLflow run of the experiment that the report is about; None if it is not known.
    """
    metrics = _metric_changes(result)
    stages = _stages(experiment)
    evaluation_run = stages.get("evaluate")
    tags = evaluation_run.data.tags if evaluation_run else {}
    training_dataset = stages["train"].data.tags.get("veritrain.input.dataset") if "train" in stages else None
    rounds = result.tables["rounds"]
    newest_model = str(rounds["model"].iloc[-1]) if len(rounds) else None
    return ReportComparison(
        baseline_experiment_id=_previous_round(experiment),
        current_experiment_id=experiment,
        baseline_model=tags.get("veritrain.input.champion"),
        target_model=tags.get("veritrain.input.challenger") or newest_model,
        datasets=[training_dataset] if training_dataset else [],
        differences=ReportDifferences(config=result.changed, metrics=metrics),
        metrics=metrics,
    )


def _metric_changes(result: ReportResult) -> dict[str, MetricChange]:
    """Return, for each metric, the values of the champion and the new model, and their difference with its interval."""
    changes = {}
    for name, gain in result.measures.items():
        if name.startswith("gain_") and (metric := name.removeprefix("gain_")) in result.measures:
            changes[metric] = MetricChange(
                baseline=result.measures[f"champion_{metric}"].value,
                current=result.measures[metric].value,
                difference=gain.value,
                low=gain.low,
                high=gain.high,
            )
    return changes


def _stages(experiment: str | None) -> dict[str, Run]:
    """Return the MLflow runs of an experiment's stages (such as `gate`, `train`) by the name of the stage."""
    run = read_runs([experiment]).get(experiment) if experiment else None
    tags = run.data.tags if run else {}
    prefix = "veritrain.run."
    ids = {key.removeprefix(prefix): value for key, value in tags.items() if key.startswith(prefix)}
    runs_by_id = read_runs(ids.values())
    return {stage: runs_by_id[run_id] for stage, run_id in ids.items() if run_id in runs_by_id}


def _previous_round(experiment: str | None) -> str | None:
    """Return the run id of the round that came before an experiment in the same run of the improvement loop.

    The result is None if there is no earlier round.
    """
    from veritrain_lib.stages.record.history import as_round, loop_rounds

    run = read_runs([experiment]).get(experiment) if experiment else None
    loop = run.data.tags.get("mlflow.parentRunId") if run else None
    if run is None or not loop:
        return None
    number = as_round(run).number
    earlier = [round_ for round_ in loop_rounds(task_of_run(run), loop) if round_.number < number]
    return earlier[-1].run_id if earlier else None
