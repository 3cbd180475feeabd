"""What the gate blocked or took out lately, and by which rule."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.server.web.links import Link, ago, files_of, run_page
from veritrain_lib.server.web.results import result_of
from veritrain_lib.tracking.artifacts import local_folder
from veritrain_lib.tracking.listing import RunQuery, runs_page

if TYPE_CHECKING:
    from veritrain_lib.tracking.entities import Run

LOOKED_AT = 20
"""The newest verdicts among which are looked for those that took something out."""

SHOWN = 5
RULES = 5


@dataclass(frozen=True)
class Verdict:
    """One verdict: rows that went through and rows in quarantine, the rules that took most, reasons of a block."""

    dataset: str
    task: str
    blocked: bool
    accepted: int
    removed: int
    rules: list[tuple[str, int]]
    reasons: list[str]
    when: str
    href: str
    links: list[Link]


def verdicts() -> tuple[list[Verdict], int]:
    """The newest that blocked or took out rows, and how many verdicts there are in all."""
    query = RunQuery(tags={"veritrain.stage": ["gate"]}, statuses=["FINISHED"])
    found, total = runs_page(query, limit=LOOKED_AT)
    telling = [run for run in found if _blocked(run) or run.data.metrics.get("rows_quarantined", 0) > 0]
    return [_verdict(run) for run in telling[:SHOWN]], total


def _blocked(run: Run) -> bool:
    return run.data.tags.get("veritrain.dataset.status") == "blocked"


def _verdict(run: Run) -> Verdict:
    tags, logged = run.data.tags, run.data.metrics
    judged = tags.get("veritrain.input.dataset", "")
    task = tags.get("veritrain.task", "")
    return Verdict(
        dataset=f"{task}: seed rows" if judged == "seed" else judged,
        task=task,
        blocked=_blocked(run),
        accepted=int(logged.get("rows_accepted", 0)),
        removed=int(logged.get("rows_quarantined", 0)),
        rules=list(_rules(run.info.artifact_uri)),
        reasons=[str(one) for one in result_of(run).get("block_reasons", [])] if _blocked(run) else [],
        when=ago(run.info.end_time),
        href=run_page(run),
        links=files_of(run, "gate"),
    )


@lru_cache(maxsize=256)
def _rules(address: str) -> tuple[tuple[str, int], ...]:
    """The rules that took rows out, most first, with how many; none when the file lies elsewhere. A verdict is final."""
    folder = local_folder(address)
    file = folder / "gate" / "rules.csv" if folder else Path()
    if not file.is_file():
        return ()
    with file.open(encoding="utf-8", newline="") as there:
        counted = [(row["rule"], int(float(row["rejected"] or 0))) for row in csv.DictReader(there)
                   if row.get("kind", "rows") == "rows"]  # fmt: skip
    return tuple(sorted((one for one in counted if one[1]), key=lambda one: (-one[1], one[0]))[:RULES])
