"""Links to runs and files for the home page, and times and durations in words."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from veritrain_lib.tracking.artifacts import local_folder

if TYPE_CHECKING:
    from veritrain_lib.tracking.entities import Run

STAGE_FILES = {
    "report": (("report/report.html", "report"), ("report/report.pdf", "PDF")),
    "gate": (("gate/data_docs.html", "data docs"),),
}
"""Files of a stage that people open, with their link texts. The page of a stage's notebook is not listed here."""


@dataclass(frozen=True)
class PageLink:
    """Link on the home page: URL and text."""

    href: str
    text: str


def run_page(run: Run) -> str:
    """Return the URL of a run's page in MLflow's UI."""
    return f"/#/experiments/{quote(run.info.experiment_id, safe='')}/runs/{run.info.run_id}"


def file_page(run_id: str, path: str) -> str:
    """Return the URL of this server's page for a file of a run.

    Args:
        run_id: Id of the run.
        path: Path of the artifact below the run's artifact folder.
    """
    return f"/runs/{run_id}/files/{quote(path)}"


def file_links(run: Run, stage: str) -> list[PageLink]:
    """Return links to the files of a stage's run that people open, such as the page of its notebook.

    Args:
        run: MLflow run of the stage.
        stage: Name of the stage.

    Returns:
        Links to the files that exist on this machine.
    """
    folder = local_folder(run.info.artifact_uri)
    if folder is None:
        return []
    links = [
        PageLink(file_page(run.info.run_id, path), text)
        for path, text in STAGE_FILES.get(stage, ())
        if (folder / path).is_file()
    ]
    # A stage has one notebook; its page may not be written yet.
    pages = sorted((folder / "notebook").glob("*.html"))[:1]
    return links + [
        PageLink(file_page(run.info.run_id, f"notebook/{page.name}"), "notebook") for page in pages
    ]


def age_text(milliseconds: int | None) -> str:
    """Return how long ago a time was, in words: `just now`, `5 min ago`, `3 h ago`, `2 days ago`.

    Args:
        milliseconds: The time in milliseconds since 1970; None or 0 gives an empty text.
    """
    if not milliseconds:
        return ""
    seconds = time.time() - milliseconds / 1000
    if seconds < 60:
        return "just now"
    return f"{duration_text(seconds)} ago"


def duration_text(seconds: float) -> str:
    """Return a duration in its largest unit: `40 s`, `5 min`, `3 h`, `2 days`."""
    for size, unit in ((86_400, "day"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}"
    return f"{max(int(seconds), 0)} s"
