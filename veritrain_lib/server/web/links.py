"""Addresses of runs and files on this server, and moments and durations in words."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from veritrain_lib.tracking.artifacts import local_folder

if TYPE_CHECKING:
    from veritrain_lib.tracking.entities import Run

OPENED = {
    "report": (("report/report.html", "report"), ("report/report.pdf", "PDF")),
    "gate": (("gate/data_docs.html", "data docs"),),
}
"""By stage: files that a person opens, and what they are called. Each has its executed notebook beside them."""


@dataclass(frozen=True)
class Link:
    """An address with its words."""

    href: str
    text: str


def run_page(run: Run) -> str:
    """The run in the MLflow UI."""
    return f"/#/experiments/{quote(run.info.experiment_id, safe='')}/runs/{run.info.run_id}"


def file_page(run_id: str, path: str) -> str:
    """A file of a run, as this server shows it."""
    return f"/runs/{run_id}/files/{quote(path)}"


def files_of(run: Run, stage: str) -> list[Link]:
    """The files of a stage's run that a person opens, those that are there."""
    folder = local_folder(run.info.artifact_uri)
    if folder is None:
        return []
    found = [
        Link(file_page(run.info.run_id, path), text)
        for path, text in OPENED.get(stage, ())
        if (folder / path).is_file()
    ]
    # A stage has one notebook; its page may still be on its way.
    pages = sorted((folder / "notebook").glob("*.html"))[:1]
    return found + [Link(file_page(run.info.run_id, f"notebook/{page.name}"), "notebook") for page in pages]


def ago(milliseconds: int | None) -> str:
    """A moment, seen from now: `just now`, `5 min ago`, `3 h ago`, `2 days ago`."""
    if not milliseconds:
        return ""
    seconds = time.time() - milliseconds / 1000
    if seconds < 60:
        return "just now"
    return f"{lasted(seconds)} ago"


def lasted(seconds: float) -> str:
    """A duration in its largest unit: `40 s`, `5 min`, `3 h`, `2 days`."""
    for size, unit in ((86_400, "day"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}"
    return f"{max(int(seconds), 0)} s"
