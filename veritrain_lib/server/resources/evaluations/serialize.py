"""Conversion of evaluations to API responses."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from veritrain_lib.server.http.timestamps import utc_datetime
from veritrain_lib.server.resources.evaluations import metrics as evaluation_metrics
from veritrain_lib.server.resources.evaluations.content import content_of
from veritrain_lib.server.resources.evaluations.record import PARENT, metrics_of, tracks_of
from veritrain_lib.server.resources.evaluations.schemas import Evaluation, Track
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.listing import read_runs


def evaluation_items(
    runs: Sequence[Run], *, track: Track | None = None, round_id: str = "", names: Collection[str] = ()
) -> list[Evaluation]:
    """Return the API responses for the MLflow runs of evaluations, in the same order.

    Args:
        runs: MLflow runs of the evaluations.
        track: Track whose metrics are returned; None for `written`, or `spoken` if an evaluation has no written rows.
        round_id: Id of the experiment that the client asked for, which is returned as `experiment_id`; empty to return
            the id of the experiment that made the evaluation.
        names: Names of the metrics to return; all if empty.
    """
    parents = {run.data.tags.get(PARENT, "") for run in runs} - {""}
    rounds = {
        run_id
        for run_id, run in read_runs(sorted(parents)).items()
        if run.data.tags.get("veritrain.kind") == "round"
    }
    items = []
    for run in runs:
        parent = run.data.tags.get(PARENT, "")
        item_track = track or tracks_of(run)[-1]
        items.append(
            Evaluation(
                id=run.info.run_id,
                experiment_id=round_id or (parent if parent in rounds else ""),
                track=item_track,
                metrics=evaluation_metrics.select_metrics(metrics_of(run, item_track), names),  # type: ignore[arg-type]
                error_analysis=content_of(run).analysis,
                created_at=utc_datetime(run.info.start_time),
                updated_at=utc_datetime(run.info.end_time or run.info.start_time),
            )
        )
    return items
