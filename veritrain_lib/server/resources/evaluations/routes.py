"""Routes of /api/v1/evaluations: list, store, compare and delete evaluations. Responses have snake_case keys."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from veritrain_lib.server.http.ids import id_of_uri
from veritrain_lib.server.http.paging import Paging, envelope
from veritrain_lib.server.http.problems import NotFound, WrongField
from veritrain_lib.server.resources.evaluations import metrics as evaluation_metrics
from veritrain_lib.server.resources.evaluations.comparison import evaluation_comparison
from veritrain_lib.server.resources.evaluations.content import sample_results
from veritrain_lib.server.resources.evaluations.record import (
    CHALLENGER,
    PARENT,
    TRACKS,
    evaluations_query,
    find_evaluation,
    find_round,
    metrics_of,
    tracks_of,
    training_dataset_of,
)
from veritrain_lib.server.resources.evaluations.requests import (
    EvaluationCompareRequest,
    EvaluationCreateRequest,
)
from veritrain_lib.server.resources.evaluations.schemas import (
    Evaluation,
    EvaluationComparison,
    EvaluationDetail,
    EvaluationPage,
    RoundEvaluationSummary,
    Track,
)
from veritrain_lib.server.resources.evaluations.serialize import evaluation_items
from veritrain_lib.server.settings.stored import default_metrics
from veritrain_lib.server.tasks import find_task
from veritrain_lib.stages.record.metrics_by_track import TAG
from veritrain_lib.tracking import manual_runs
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.listing import read_runs, runs_page

router = APIRouter(tags=["evaluations"])

MAX_METRIC_VALUE = 1e100
"""Maximum absolute value of a metric that a client may send; NaN is rejected by the same comparison."""

METRIC_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
"""Regular expression for the names of metrics that a client may send besides the predefined ones."""


@router.get("/evaluations", response_model=EvaluationPage, summary="List evaluations")
def list_evaluations(
    paging: Paging,
    track: Annotated[Track | None, Query()] = None,
    experiment_id: Annotated[str | None, Query(max_length=64)] = None,
    camel_experiment_id: Annotated[str | None, Query(alias="experimentId", max_length=64)] = None,
) -> Any:
    """List the evaluations of all tasks, newest first.

    Metrics are those named by the setting `evaluation.default_metrics`; all metrics if it is empty.
    """
    round_id = experiment_id or camel_experiment_id or ""
    round_run = find_round(round_id) if round_id else None
    runs: list[Run] = []
    total = 0
    if round_run is not None or not round_id:
        query = evaluations_query(track=track or "", round_run=round_run)
        runs, total = runs_page(query, offset=paging.offset, limit=paging.size)
    items = evaluation_items(runs, track=track, round_id=round_id, names=default_metrics())
    return {**envelope(items, total, paging), "data": {"items": items, "total": total}}


@router.post("/evaluations", response_model=Evaluation, status_code=201, summary="Store an evaluation")
def create_evaluation(evaluation: EvaluationCreateRequest) -> Any:
    """Store an evaluation that a client made elsewhere, under the experiment whose model it measures.

    The response is 422 if there is no such experiment or a metric is not valid.
    """
    round_run = find_round(evaluation.experiment_id)
    if round_run is None:
        raise WrongField("body.experiment_id", f"there is no experiment {evaluation.experiment_id!r}")
    metrics = evaluation.metrics.model_dump(exclude_none=True)
    for name, value in (evaluation.metrics.model_extra or {}).items():
        is_number = (
            isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MAX_METRIC_VALUE
        )
        if not METRIC_NAME.fullmatch(name) or not is_number:
            raise WrongField(
                f"body.metrics.{name}",
                f"the metric {name[:100]!r} must have a plain name and a finite number",
            )
    if len(metrics) > 100:
        raise WrongField("body.metrics", f"{len(metrics)} metrics; at most 100")
    errors = evaluation.error_analysis.model_dump()
    challenger = _challenger_of(round_run.info.run_id)
    run_id = manual_runs.create_child_run(
        round_run,
        f"evaluation ({evaluation.track})",
        kind="evaluation",
        tags={TAG: evaluation.track, **({CHALLENGER: challenger} if challenger else {})},
        metrics=evaluation_metrics.flatten_metrics(metrics),
        content={"metrics": metrics, "error_analysis": errors},
    )
    return evaluation_items([find_evaluation(run_id)])[0]


def _challenger_of(round_id: str) -> str:
    """Return the URI of the newly trained model that an experiment's newest evaluation measured.

    The result is an empty string if the experiment has no evaluation.
    """
    evaluations, _ = runs_page(evaluations_query(round_run=find_round(round_id)), limit=1)
    return evaluations[0].data.tags.get(CHALLENGER, "") if evaluations else ""


@router.post("/evaluations/compare", response_model=EvaluationComparison, summary="Compare two evaluations")
def compare_evaluations(comparison: EvaluationCompareRequest) -> Any:
    """Compare two evaluations: the differences of their common metrics, second minus first.

    If both models answered the same development rows, the response also has the mean difference of their grades on
    these rows, with its 95 % interval.
    """
    first, second = (find_evaluation(evaluation_id) for evaluation_id in comparison.evaluation_ids)
    return evaluation_comparison(first, second)


@router.get(
    "/evaluations/experiment/{experiment_id}/summary",
    response_model=RoundEvaluationSummary,
    summary="Summarize the evaluations of an experiment",
)
def summarize(experiment_id: str) -> Any:
    """Return the newest metrics of an experiment's spoken and written rows side by side.

    `comparison` says which of the two has the higher BLEU.
    """
    round_run = find_round(experiment_id)
    if round_run is None:
        raise NotFound(f"there is no experiment {experiment_id!r}")
    evaluations, _ = runs_page(evaluations_query(round_run=round_run), limit=100)
    newest_by_track: dict[str, dict[str, Any]] = {}
    for run in evaluations:
        for track in tracks_of(run):
            newest_by_track.setdefault(track, metrics_of(run, track))
    spoken, written = (newest_by_track.get(track) for track in TRACKS)
    difference = better = None
    if spoken and written and "bleu" in spoken and "bleu" in written:
        difference = spoken["bleu"] - written["bleu"]
        better = "spoken" if difference > 0 else "written" if difference < 0 else None
    return {
        "experiment_id": experiment_id, "spoken": spoken, "written": written,
        "comparison": {"better_track": better, "bleu_diff": difference},
    }  # fmt: skip


@router.get("/evaluations/{evaluation_id}", response_model=EvaluationDetail, summary="Get an evaluation")
def get_evaluation(evaluation_id: str) -> Any:
    """Return an evaluation with all its metrics and up to 50 development rows, the lowest grades first."""
    run = find_evaluation(evaluation_id)
    item = evaluation_items([run])[0]
    tags = run.data.tags
    challenger = tags.get(CHALLENGER, "")
    parent = read_runs([tags.get(PARENT, "")]).get(tags.get(PARENT, ""))
    return EvaluationDetail(
        **dict(item),
        experiment_name=parent.info.run_name if parent else run.info.run_name,
        dataset_name=training_dataset_of(challenger),
        model_name=id_of_uri(challenger),
        tracks={track: metrics_of(run, track) for track in tracks_of(run)},  # type: ignore[misc]
        sample_results=sample_results(run.info.run_id, find_task(tags.get("veritrain.task", ""))),
    )


@router.delete(
    "/evaluations/{evaluation_id}", status_code=204, response_class=Response, summary="Delete an evaluation"
)
def delete_evaluation(evaluation_id: str) -> None:
    """Delete an evaluation; MLflow can restore its run.

    If it used the held-out test set, that use stays counted.
    """
    manual_runs.delete(find_evaluation(evaluation_id).info.run_id)
