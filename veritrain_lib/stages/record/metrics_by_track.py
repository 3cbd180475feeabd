"""Metrics of an evaluation per track (spoken or written language), for tasks whose rows have a column that tells it.

Open this to see which columns count as the track, and how the metrics `track.*` of an evaluation are computed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.records import Candidate, Response

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

TRACKS = {
    "track": {"spoken": "spoken", "written": "written"},
    "scene": {"meeting": "spoken", "written": "written"},
}
"""Names of columns that tell spoken from written rows, each with the track that a value of the column stands for.

The first of these columns that the rows have is used.
"""

TAG = "veritrain.tracks"
"""MLflow tag of an evaluation's run: the tracks that occur in its rows, such as `spoken,written`."""

PREFIX = "track."
"""Prefix of the names of per-track metrics: `track.spoken.bleu`, `track.spoken.champion_bleu`."""

NOT_RECOMPUTED = ("contract_rate", "comet")
"""Names of metrics that are not computed per track: they need more than the stored answers, or take minutes."""


def by_track(
    task: Task, development: pd.DataFrame, predictions: pd.DataFrame
) -> tuple[dict[str, float], dict[str, str]]:
    """Compute the metrics of an evaluation's two models per track (spoken or written language).

    Metrics that need an LLM judge, and those in `NOT_RECOMPUTED`, are left out.

    Args:
        task: The task.
        development: The development rows.
        predictions: The answers of both models, in the order of the development rows: columns `champion` and
            `challenger`.

    Returns:
        The metrics by name, and the tags for the MLflow run; both are empty if the rows have no column for the track.
    """
    column = next((name for name in TRACKS if name in development.columns), None)
    if column is None or column in task.inputs or column == task.target.field:
        return {}, {}
    from veritrain_lib.metrics.base import open_metrics, references_of

    tracks = development[column].map(TRACKS[column]).tolist()
    metrics = [
        metric for metric in open_metrics(task) if not metric.asks_judge and metric.name not in NOT_RECOMPUTED
    ]
    references = references_of(task, development)
    values: dict[str, float] = {}
    tracks_present = [track for track in ("spoken", "written") if track in tracks]
    for track in tracks_present:
        rows_of_track = [row for row, row_track in enumerate(tracks) if row_track == track]
        expected = [references[row] for row in rows_of_track]
        for role, prefix in (("challenger", ""), ("champion", "champion_")):
            answers = predictions[role].tolist()
            responses = [_response(answers[row]) for row in rows_of_track]
            for metric in metrics:
                value = metric.value(expected, responses)
                if math.isfinite(value):
                    values[f"{PREFIX}{track}.{prefix}{metric.name}"] = value
    return values, {TAG: ",".join(tracks_present)} if tracks_present else {}


def _response(answer: Any) -> Response:
    text = str(answer)
    return Response((Candidate(text),) if text else (), raw=text)
