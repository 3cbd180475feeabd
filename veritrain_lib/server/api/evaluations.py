"""Routes of /api/v1: evaluations. They answer in snake_case."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from veritrain_lib.server.api.evaluation_schemas import (
    CompareGiven,
    EvaluationDetail,
    EvaluationGiven,
    EvaluationPage,
    RoundSummary,
)
from veritrain_lib.server.api.paging import Paging, envelope
from veritrain_lib.server.api.problems import NotFound, WrongField
from veritrain_lib.server.serializers import metrics as measured
from veritrain_lib.server.serializers.evaluation import (
    CHALLENGER,
    PARENT,
    TRACKS,
    Evaluation,
    Track,
    evaluation_items,
    evaluations_query,
    find_evaluation,
    find_round,
    metrics_of,
    tracks_of,
)
from veritrain_lib.server.serializers.evaluation_compared import Comparison, compared
from veritrain_lib.server.serializers.evaluation_content import samples
from veritrain_lib.server.serializers.evaluation_of_model import dataset_of
from veritrain_lib.server.serializers.ids import id_of_uri
from veritrain_lib.stage_io.metrics_by_track import TAG
from veritrain_lib.tracking import manual_runs
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.listing import read_runs, runs_page

router = APIRouter(tags=["evaluations"])

LARGEST = 1e100
"""No metric is larger; NaN is not smaller either."""

METRIC_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")


@router.get("/evaluations", response_model=EvaluationPage, summary="List evaluations")
def list_evaluations(
    asked: Paging,
    track: Annotated[Track | None, Query()] = None,
    experiment_id: Annotated[str | None, Query(max_length=64)] = None,
    experiment_camel: Annotated[str | None, Query(alias="experimentId", max_length=64)] = None,
) -> Any:
    """The newest first. Shown are the metrics of the setting `evaluation.default_metrics`, all where it is empty."""
    from veritrain_lib.server.settings.stored import default_metrics

    wanted = experiment_id or experiment_camel or ""
    round_run = find_round(wanted) if wanted else None
    found: list[Run] = []
    total = 0
    if round_run is not None or not wanted:
        query = evaluations_query(track=track or "", round_run=round_run)
        found, total = runs_page(query, offset=asked.offset, limit=asked.size)
    items = evaluation_items(found, track=track, round_id=wanted, names=default_metrics())
    return {**envelope(items, total, asked), "data": {"items": items, "total": total}}


@router.post("/evaluations", response_model=Evaluation, status_code=201, summary="File an evaluation")
def create_evaluation(given: EvaluationGiven) -> Any:
    """Files what was measured elsewhere under a round."""
    round_run = find_round(given.experiment_id)
    if round_run is None:
        raise WrongField("body.experiment_id", f"there is no experiment {given.experiment_id!r}")
    metrics = given.metrics.model_dump(exclude_none=True)
    for name, value in (given.metrics.model_extra or {}).items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST
        if not METRIC_NAME.fullmatch(name) or not is_number:
            raise WrongField(
                f"body.metrics.{name}", f"the metric {name[:100]!r} is a plain name with a finite number"
            )
    if len(metrics) > 100:
        raise WrongField("body.metrics", f"{len(metrics)} metrics; at most 100")
    errors = given.error_analysis.model_dump()
    new = _challenger_of(round_run.info.run_id)
    run_id = manual_runs.file_under(
        round_run,
        f"evaluation ({given.track})",
        kind="evaluation",
        tags={TAG: given.track, **({CHALLENGER: new} if new else {})},
        metrics=measured.numbers(metrics),
        content={"metrics": metrics, "error_analysis": errors},
    )
    return evaluation_items([find_evaluation(run_id)])[0]


def _challenger_of(round_id: str) -> str:
    """The model that the newest evaluation of a round measured; empty when it has none."""
    found, _ = runs_page(evaluations_query(round_run=find_round(round_id)), limit=1)
    return found[0].data.tags.get(CHALLENGER, "") if found else ""


@router.post("/evaluations/compare", response_model=Comparison, summary="Compare two evaluations")
def compare_evaluations(given: CompareGiven) -> Any:
    """The differences of the metrics that both have, second minus first; where both answered the same rows, paired
    by row with an interval."""
    first, second = (find_evaluation(one) for one in given.evaluation_ids)
    return compared(first, second)


@router.get(
    "/evaluations/experiment/{experiment_id}/summary",
    response_model=RoundSummary,
    summary="The evaluations of an experiment",
)
def summarize(experiment_id: str) -> Any:
    """The newest metrics of speech and of writing, side by side."""
    round_run = find_round(experiment_id)
    if round_run is None:
        raise NotFound(f"there is no experiment {experiment_id!r}")
    found, _ = runs_page(evaluations_query(round_run=round_run), limit=100)
    newest: dict[str, dict[str, Any]] = {}
    for run in found:
        for track in tracks_of(run):
            newest.setdefault(track, metrics_of(run, track))
    spoken, written = (newest.get(track) for track in TRACKS)
    difference = better = None
    if spoken and written and "bleu" in spoken and "bleu" in written:
        difference = spoken["bleu"] - written["bleu"]
        better = "spoken" if difference > 0 else "written" if difference < 0 else None
    return {
        "experiment_id": experiment_id, "spoken": spoken, "written": written,
        "comparison": {"better_track": better, "bleu_diff": difference},
    }  # fmt: skip


@router.get("/evaluations/{evaluation_id}", response_model=EvaluationDetail, summary="One evaluation")
def get_evaluation(evaluation_id: str) -> Any:
    """With all its metrics, and up to 50 development rows, the worst answers first."""
    from veritrain_lib.stage_io.tasks import known_task

    run = find_evaluation(evaluation_id)
    item = evaluation_items([run])[0]
    tags = run.data.tags
    new = tags.get(CHALLENGER, "")
    parent = read_runs([tags.get(PARENT, "")]).get(tags.get(PARENT, ""))
    return EvaluationDetail(
        **dict(item),
        experiment_name=parent.info.run_name if parent else run.info.run_name,
        dataset_name=dataset_of(new),
        model_name=id_of_uri(new),
        tracks={track: metrics_of(run, track) for track in tracks_of(run)},  # type: ignore[misc]
        sample_results=samples(run.info.run_id, known_task(tags.get("veritrain.task", ""))),
    )


@router.delete(
    "/evaluations/{evaluation_id}", status_code=204, response_class=Response, summary="Delete an evaluation"
)
def delete_evaluation(evaluation_id: str) -> None:
    """Nothing finds it any more; MLflow can bring the run back. What was looked at of the sealed set stays counted."""
    manual_runs.delete(find_evaluation(evaluation_id).info.run_id)
