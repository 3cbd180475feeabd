"""Lookup of evaluations in MLflow's tracking store: query of the list, lookup by id, metrics and tracks.

An evaluation is a finished run of the evaluate stage, or a run that stores an evaluation which a client sent. A track
is `spoken` or `written`: the kind of language of its rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from veritrain_lib.server.http.ids import parse_model_id
from veritrain_lib.server.http.problems import NotFound
from veritrain_lib.server.resources.evaluations import metrics as evaluation_metrics
from veritrain_lib.server.resources.evaluations.content import content_of
from veritrain_lib.server.resources.evaluations.schemas import Track
from veritrain_lib.stages.record.history import STAGE_RUN
from veritrain_lib.stages.record.metrics_by_track import TAG
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.listing import RUN_ID_KEY, RunQuery, read_runs
from veritrain_lib.tracking.version_listing import read_version

TRACKS: tuple[Track, Track] = ("spoken", "written")

PARENT = "mlflow.parentRunId"
"""Tag by which MLflow stores the id of a run's parent run."""
CHALLENGER, CHAMPION = "veritrain.input.challenger", "veritrain.input.champion"

EVALUATIONS: Mapping[str, Collection[str]] = {
    "veritrain.stage": ["evaluate"],
    "veritrain.kind": ["evaluation"],
}
"""Tags that mark an MLflow run as an evaluation; either one suffices."""


def evaluations_query(
    *,
    track: str = "",
    round_run: Run | None = None,
    also_matching: Sequence[Mapping[str, Collection[str]]] = (),
) -> RunQuery:
    """Return the database query for finished evaluations, newest first.

    Args:
        track: Only evaluations with metrics of this track (`spoken` or `written`); empty for all.
        round_run: Only evaluations of this round of the improvement loop, also one that another round made and this one
            reuses; None for all.
        also_matching: Further conditions, as allowed values by tag. For each mapping, an evaluation must have at least
            one of the tags with one of its values.
    """
    alternatives = [EVALUATIONS, *also_matching]
    if round_run is not None:
        shared_run_id = round_run.data.tags.get(f"{STAGE_RUN}evaluate")
        alternatives.append(
            {PARENT: [round_run.info.run_id], **({RUN_ID_KEY: [shared_run_id]} if shared_run_id else {})}
        )
    spoken, written, both_tracks = "spoken", "written", "spoken,written"
    return RunQuery(
        either=alternatives,
        statuses=["FINISHED"],
        tags={TAG: [spoken, both_tracks]} if track == spoken else {},
        without={TAG: [spoken]} if track == written else {},
    )


def find_evaluation(run_id: str) -> Run:
    """Return the MLflow run of the evaluation with an API id.

    Raises:
        NotFound: There is no finished evaluation of this id.
    """
    run = read_runs([run_id]).get(run_id) if run_id.isalnum() else None
    if run is None or run.info.status != "FINISHED" or not is_evaluation(run):
        raise NotFound(f"there is no evaluation {run_id!r}")
    return run


def is_evaluation(run: Run) -> bool:
    """Return whether an MLflow run is an evaluation."""
    return any(run.data.tags.get(tag) in values for tag, values in EVALUATIONS.items())


def find_round(run_id: str) -> Run | None:
    """Return the MLflow run of the experiment with an API id; None if there is no such experiment.

    An experiment of the API is a round of the improvement loop: one pass through the pipeline stages.
    """
    run = read_runs([run_id]).get(run_id) if run_id.isalnum() else None
    return run if run is not None and run.data.tags.get("veritrain.kind") == "round" else None


def tracks_of(run: Run) -> list[Track]:
    """Return the tracks that occur among an evaluation's rows, each once: `spoken`, `written` or both.

    A track says whether a row's text was spoken or written. Rows without one count as `written`.
    """
    track_names = run.data.tags.get(TAG, "").split(",")
    return [track for track in TRACKS if track in track_names] or ["written"]


def metrics_of(run: Run, track: Track | None = None, *, champion: bool = False) -> dict[str, Any]:
    """Return the metrics of an evaluation, with the names and scales of API responses.

    Args:
        run: MLflow run of the evaluation.
        track: `spoken` or `written` for metrics over the rows of that track; None, or a track without metrics of its
            own, for all rows.
        champion: True for the metrics of the champion (the best model so far), False for those of the challenger (the
            new model).
    """
    content = content_of(run)
    if content.metrics is not None:
        return content.metrics
    tags, run_metrics = run.data.tags, run.data.metrics
    metric_track = (
        track
        if track and TAG in tags and any(key.startswith(f"track.{track}.") for key in run_metrics)
        else ""
    )
    return evaluation_metrics.metrics_of_run(
        run_metrics, champion=champion, track=metric_track, distribution=content.distribution
    )


def training_dataset_of(address: str) -> str:
    """Return the name (NAME@VERSION) of the dataset that a model was trained on; an empty string if it is not known.

    Args:
        address: URI of the model; known only for `models:/NAME/VERSION`.
    """
    name, _, number = address.removeprefix("models:/").rpartition("/")
    if not (address.startswith("models:/") and name and number.isdecimal()):
        return ""
    item = read_version(*parse_model_id(f"{name}-{number}"))
    return item.version.tags.get("veritrain.dataset", "") if item else ""
