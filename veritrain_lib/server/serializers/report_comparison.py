"""The comparison of a report: the new model against the champion before it, and the runs that it is from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.server.serializers.report_answers import Change, Comparison, Differences
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.listing import read_runs

if TYPE_CHECKING:
    from veritrain_lib.stages.report import ReportResult


def comparison(result: ReportResult, experiment: str | None) -> Comparison:
    """Of a report stage's result; `experiment` is the id of the run that the report is about."""
    metrics = _changes(result)
    stages = _stages(experiment)
    evaluated = stages.get("evaluate")
    tags = evaluated.data.tags if evaluated else {}
    trained = stages["train"].data.tags.get("veritrain.input.dataset") if "train" in stages else None
    rounds = result.tables["rounds"]
    newest = str(rounds["model"].iloc[-1]) if len(rounds) else None
    return Comparison(
        baseline_experiment_id=_round_before(experiment),
        current_experiment_id=experiment,
        baseline_model=tags.get("veritrain.input.champion"),
        target_model=tags.get("veritrain.input.challenger") or newest,
        datasets=[trained] if trained else [],
        differences=Differences(config=result.changed, metrics=metrics),
        metrics=metrics,
    )


def _changes(result: ReportResult) -> dict[str, Change]:
    found = {}
    for name, gain in result.measures.items():
        if name.startswith("gain_") and (metric := name.removeprefix("gain_")) in result.measures:
            found[metric] = Change(
                baseline=result.measures[f"champion_{metric}"].value,
                current=result.measures[metric].value,
                difference=gain.value,
                low=gain.low,
                high=gain.high,
            )
    return found


def _stages(experiment: str | None) -> dict[str, Run]:
    """The stage runs that an experiment's run names."""
    named = read_runs([experiment]).get(experiment) if experiment else None
    tags = named.data.tags if named else {}
    prefix = "veritrain.run."
    ids = {key.removeprefix(prefix): value for key, value in tags.items() if key.startswith(prefix)}
    known = read_runs(ids.values())
    return {stage: known[run_id] for stage, run_id in ids.items() if run_id in known}


def _round_before(experiment: str | None) -> str | None:
    from veritrain_lib.server.serializers.task import task_of
    from veritrain_lib.stage_io.history import as_round, rounds_of

    run = read_runs([experiment]).get(experiment) if experiment else None
    loop = run.data.tags.get("mlflow.parentRunId") if run else None
    if run is None or not loop:
        return None
    number = as_round(run).number
    earlier = [one for one in rounds_of(task_of(run), loop) if one.number < number]
    return earlier[-1].run_id if earlier else None
