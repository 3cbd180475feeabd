"""Datasets that the gate recently blocked or rejected rows of, and the rules that did."""

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
"""Newest verdicts that are searched for those with rejected rows."""

MAX_SHOWN = 5
MAX_RULES = 5


@dataclass(frozen=True)
class VerdictItem:
    """Verdict on one dataset: accepted and quarantined rows, the rules that rejected most, reasons of a block."""

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
    """Return the newest verdicts that blocked or rejected rows, and the number of all verdicts."""
    query = RunQuery(tags={"veritrain.stage": ["gate"]}, statuses=["FINISHED"])
    gate_runs, total = runs_page(query, limit=MAX_READ)
    with_rejections = [
        run for run in gate_runs if _is_blocked(run) or run.data.metrics.get("rows_quarantined", 0) > 0
    ]
    return [_verdict_item(run) for run in with_rejections[:MAX_SHOWN]], total


def _is_blocked(run: Run) -> bool:
    return run.data.tags.get("veritrain.dataset.status") == "blocked"


def _verdict_item(run: Run) -> VerdictItem:
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
    """Return the rules that rejected rows with their counts, most first; empty if there is no file here."""
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
