"""An evaluation's metrics for each track, speech and writing, where the task cuts its rows by such a column."""

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
"""Columns that tell speech from writing, the first that is there counts, and what their values mean."""

TAG = "veritrain.tracks"
"""On an evaluation's run: the tracks that its rows are of, `spoken,written` for both."""

PREFIX = "track."
"""Of the names of its metrics: `track.spoken.bleu`, `track.spoken.champion_bleu`."""

NOT_AGAIN = ("contract_rate", "comet")
"""Metrics that need more than the stored answers, or minutes."""


def by_track(
    task: Task, development: pd.DataFrame, predictions: pd.DataFrame
) -> tuple[dict[str, float], dict[str, str]]:
    """Metrics and tags for the run of an evaluation; both empty where the rows have no track.

    `predictions` has the answers of both models to the development rows, in their order. Metrics that ask a judge
    are not measured again.
    """
    column = next((name for name in TRACKS if name in development.columns), None)
    if column is None or column in task.inputs or column == task.target.field:
        return {}, {}
    from veritrain_lib.metrics.base import open_metrics, references_of

    tracks = development[column].map(TRACKS[column]).tolist()
    metrics = [
        one
        for one in open_metrics(task)
        if not getattr(one, "asks_judge", False) and one.name not in NOT_AGAIN
    ]
    references = references_of(task, development)
    found: dict[str, float] = {}
    there = [track for track in ("spoken", "written") if track in tracks]
    for track in there:
        own = [at for at, one in enumerate(tracks) if one == track]
        wanted = [references[at] for at in own]
        for role, before in (("challenger", ""), ("champion", "champion_")):
            answers = predictions[role].tolist()
            responses = [_response(answers[at]) for at in own]
            for metric in metrics:
                value = metric.value(wanted, responses)
                if math.isfinite(value):
                    found[f"{PREFIX}{track}.{before}{metric.name}"] = value
    return found, {TAG: ",".join(there)} if there else {}


def _response(answer: Any) -> Response:
    text = str(answer)
    return Response((Candidate(text),) if text else (), raw=text)
