"""An evaluation of the API: a finished run of the evaluate stage, or one that was filed by the API."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from veritrain_lib.server.api.casing import Answer
from veritrain_lib.server.api.problems import NotFound
from veritrain_lib.server.serializers import metrics as measured
from veritrain_lib.server.serializers.errors import ErrorAnalysis
from veritrain_lib.server.serializers.evaluation_content import content_of
from veritrain_lib.server.serializers.probe import moment
from veritrain_lib.stage_io.history import STAGE_RUN
from veritrain_lib.stage_io.metrics_by_track import TAG
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.listing import RUN_ID, RunQuery, read_runs

Track = Literal["spoken", "written"]
TRACKS: tuple[Track, Track] = ("spoken", "written")

PARENT = "mlflow.parentRunId"
CHALLENGER, CHAMPION = "veritrain.input.challenger", "veritrain.input.champion"

EVALUATIONS: Mapping[str, Collection[str]] = {
    "veritrain.stage": ["evaluate"],
    "veritrain.kind": ["evaluation"],
}
"""What makes a run an evaluation: one of these tags."""


class Evaluation(Answer):
    """An evaluation of the model that was new."""

    id: str
    experiment_id: str = Field(
        description="the round that it belongs to; empty for one that was made by hand"
    )
    track: Track
    metrics: measured.Metrics
    error_analysis: ErrorAnalysis
    created_at: datetime
    updated_at: datetime


def evaluations_query(
    *, track: str = "", round_run: Run | None = None, also: Sequence[Mapping[str, Collection[str]]] = ()
) -> RunQuery:
    """Finished evaluations, the newest first; of a round also the one that it found done by another."""
    either = [EVALUATIONS, *also]
    if round_run is not None:
        shared = round_run.data.tags.get(f"{STAGE_RUN}evaluate")
        either.append({PARENT: [round_run.info.run_id], **({RUN_ID: [shared]} if shared else {})})
    spoken, written, both = "spoken", "written", "spoken,written"
    return RunQuery(
        either=either,
        statuses=["FINISHED"],
        tags={TAG: [spoken, both]} if track == spoken else {},
        without={TAG: [spoken]} if track == written else {},
    )


def find_evaluation(run_id: str) -> Run:
    """The run of an evaluation. Raises NotFound."""
    run = read_runs([run_id]).get(run_id) if run_id.isalnum() else None
    if run is None or run.info.status != "FINISHED" or not is_evaluation(run):
        raise NotFound(f"there is no evaluation {run_id!r}")
    return run


def is_evaluation(run: Run) -> bool:
    """Whether a run is one."""
    return any(run.data.tags.get(tag) in values for tag, values in EVALUATIONS.items())


def find_round(run_id: str) -> Run | None:
    """The run of a round, None when there is none."""
    run = read_runs([run_id]).get(run_id) if run_id.isalnum() else None
    return run if run is not None and run.data.tags.get("veritrain.kind") == "round" else None


def tracks_of(run: Run) -> list[Track]:
    """The tracks that an evaluation has metrics of; `written` where its rows have none."""
    said = run.data.tags.get(TAG, "").split(",")
    return [track for track in TRACKS if track in said] or ["written"]


def metrics_of(run: Run, track: Track | None = None, *, champion: bool = False) -> dict[str, Any]:
    """The metrics of an evaluation: over all rows, or of one track."""
    content = content_of(run)
    if content.metrics is not None:
        return content.metrics
    tags, found = run.data.tags, run.data.metrics
    own = track if track and TAG in tags and any(key.startswith(f"track.{track}.") for key in found) else ""
    return measured.of_run(found, champion=champion, track=own, distribution=content.distribution)


def evaluation_items(
    found: Sequence[Run], *, track: Track | None = None, round_id: str = "", names: Collection[str] = ()
) -> list[Evaluation]:
    """The items of runs.

    Of an evaluation with both tracks it says the metrics of the `track` asked for, else of `written`; `round_id` is
    the round that was asked for; `names` are the metrics to show, all when empty.
    """
    parents = {run.data.tags.get(PARENT, "") for run in found} - {""}
    rounds = {
        run_id
        for run_id, run in read_runs(sorted(parents)).items()
        if run.data.tags.get("veritrain.kind") == "round"
    }
    items = []
    for run in found:
        parent = run.data.tags.get(PARENT, "")
        own = track or tracks_of(run)[-1]
        items.append(
            Evaluation(
                id=run.info.run_id,
                experiment_id=round_id or (parent if parent in rounds else ""),
                track=own,
                metrics=measured.only(metrics_of(run, own), names),  # type: ignore[arg-type]
                error_analysis=content_of(run).analysis,
                created_at=moment(run.info.start_time),
                updated_at=moment(run.info.end_time or run.info.start_time),
            )
        )
    return items
