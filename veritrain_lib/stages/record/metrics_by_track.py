"""Metrics of an evaluation per track (spoken and written), for tasks whose rows have such a column.

Open this to see which columns tell speech from writing, and how the metrics `track.*` of an evaluation are computed.
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
"""Columns that tell speech from writing, with the meaning of their values. The first that a task has counts."""

TAG = "veritrain.tracks"
"""Tag of an evaluation's run: the tracks of its rows, `spoken,written` for both."""

PREFIX = "track."
"""Prefix of the names of these metrics: `track.spoken.bleu`, `track.spoken.champion_bleu`."""

NOT_RECOMPUTED = ("contract_rate", "comet")
"""Metrics that are not computed per track, since they need more than the stored answers, or minutes."""


def by_track(
    task: Task, development: pd.DataFrame, predictions: pd.DataFrame
) -> tuple[dict[str, float], dict[str, str]]:
    """Compute the metrics and tags per track for the run of an evaluation.

    Metrics that ask a judge are not computed again.

    Args:
        task: The task.
        development: The development rows.
        predictions: The answers of both models to them, in their order: columns `champion` and `challenger`.

    Returns:
        Metrics by name, and tags; both are empty where the rows have no track.
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
