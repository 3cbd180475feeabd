"""Datasets on the home page that the quality gate blocked or from which it rejected rows, and the rejecting rules."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.server.web.links import PageLink, age_text, file_links, run_page
from veritrain_lib.server.web.results import stage_result
from veritrain_lib.tracking.artifacts import local_folder
from veritrain_lib.tracking.listing import RunQuery, runs_page

if TYPE_CHECKING:
    from veritrain_lib.tracking.entities import Run

MAX_READ = 20
"""Number of the newest runs of the quality gate that are searched for rejected rows."""

MAX_SHOWN = 5
"""Maximum number of datasets whose verdicts the home page shows."""
MAX_RULES = 5
"""Maximum number of rejecting rules that the home page shows for a dataset."""


@dataclass(frozen=True)
class VerdictItem:
    """Verdict of the quality gate on one dataset, for the home page.

    Attributes:
        dataset: Name of the dataset (NAME@VERSION).
        task: Name of the task.
        blocked: Whether the gate blocked the dataset.
        accepted: Number of accepted rows.
        removed: Number of rejected rows.
        rules: Rules that rejected rows, with the number of rows of each.
        reasons: Reasons why the dataset is blocked; empty if it passed.
        when: Time of the verdict in words.
        href: URL of the gate's run in MLflow's UI.
        links: Links to the gate's files.
    """

    dataset: str
    task: str
    blocked: bool
    accepted: int
    removed: int
    rules: list[tuple[str, int]]
    reasons: list[str]
    when: str
    href: str
    links: list[PageLink]


def recent_verdicts() -> tuple[list[VerdictItem], int]:
    """Return the newest verdicts of the quality gate that blocked or rejected rows, and the number of all verdicts."""
    query = RunQuery(tags={"veritrain.stage": ["gate"]}, statuses=["FINISHED"])
    gate_runs, total = runs_page(query, limit=MAX_READ)
    with_rejections = [
        run for run in gate_runs if _is_blocked(run) or run.data.metrics.get("rows_quarantined", 0) > 0
    ]
    return [_verdict_item(run) for run in with_rejections[:MAX_SHOWN]], total


def _is_blocked(run: Run) -> bool:
    """Return whether a run of the quality gate blocked its dataset."""
    return run.data.tags.get("veritrain.dataset.status") == "blocked"


def _verdict_item(run: Run) -> VerdictItem:
    """Return the verdict of a run of the quality gate, for the home page."""
    tags, logged = run.data.tags, run.data.metrics
    dataset = tags.get("veritrain.input.dataset", "")
    task = tags.get("veritrain.task", "")
    return VerdictItem(
        dataset=f"{task}: seed rows" if dataset == "seed" else dataset,
        task=task,
        blocked=_is_blocked(run),
        accepted=int(logged.get("rows_accepted", 0)),
        removed=int(logged.get("rows_quarantined", 0)),
        rules=list(_rejecting_rules(run.info.artifact_uri)),
        reasons=[str(reason) for reason in stage_result(run).get("block_reasons", [])]
        if _is_blocked(run)
        else [],
        when=age_text(run.info.end_time),
        href=run_page(run),
        links=file_links(run, "gate"),
    )


@lru_cache(maxsize=256)
def _rejecting_rules(artifact_uri: str) -> tuple[tuple[str, int], ...]:
    """Return the rules that rejected rows in a run of the quality gate, each with its number of rows, largest first.

    Returns:
        An empty tuple if the run's file is not on this machine.
    """
    folder = local_folder(artifact_uri)
    file = folder / "gate" / "rules.csv" if folder else Path()
    if not file.is_file():
        return ()
    with file.open(encoding="utf-8", newline="") as stream:
        counts = [(row["rule"], int(float(row["rejected"] or 0))) for row in csv.DictReader(stream)
                   if row.get("kind", "rows") == "rows"]  # fmt: skip
    return tuple(
        sorted((count for count in counts if count[1]), key=lambda count: (-count[1], count[0]))[:MAX_RULES]
    )
