"""Links from a task's overview to runs: their page in MLflow, executed notebook, and report as HTML and PDF."""

from __future__ import annotations

import html
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from veritrain_lib.core import project
from veritrain_lib.tracking import runs, store
from veritrain_lib.tracking.artifacts import local_folder

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.ui.overview.last_round import LastRound

LOCAL_UI = "http://127.0.0.1:5000"
"""URL at which `make ui` opens MLflow's UI."""

PAGES = (
    "notebook/*.ipynb",
    "notebook/*.html",
    "report/report.html",
    "report/report.pdf",
    "gate/data_docs.html",
)
"""Path patterns (glob) of the artifacts to which the overview links, such as a report."""

BY_HAND = 6
"""Maximum number of stages outside of the improvement loop, run by a person, that are listed, newest first."""


@dataclass(frozen=True)
class RunLink:
    """Links from the overview to one run.

    Attributes:
        name: Name of the run.
        status: MLflow's status in lower case.
        ui: URL of the run in MLflow's UI.
        files: Paths of its artifacts that people open.
    """

    name: str
    status: str
    ui: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class RunLinks:
    """Links from the overview to runs, displayed as a table in a notebook.

    Links to MLflow's UI work while it is running (`make ui`).
    """

    entries: tuple[RunLink, ...]

    @classmethod
    def of(cls, task: Task, last_round: LastRound) -> RunLinks:
        """Return the links to a task's runs: those of its last round, its newest report, and stages run by hand.

        Args:
            task: The task.
            last_round: Its last round.
        """
        wanted = [
            last_round.loop_run,
            *([last_round.round.run_id] if last_round.round else []),
            *last_round.stages.values(),
        ]
        reported = "tags.`veritrain.stage` = 'report' AND attributes.status = 'FINISHED'"
        wanted += [run.info.run_id for run in runs.search(task, reported, limit=1)]
        by_hand = runs.search(task, "tags.`veritrain.kind` = 'stage'", limit=50)
        alone = [run.info.run_id for run in by_hand if "mlflow.parentRunId" not in run.data.tags][:BY_HAND]
        names = dict.fromkeys(run_id for run_id in [*wanted, *alone] if run_id)
        return cls(tuple(_link(runs.get(run_id)) for run_id in names))

    def _repr_html_(self) -> str:
        if not self.entries:
            return "<p>No run yet. <code>make loop</code>, or any stage notebook, makes the first.</p>"
        head = "".join(f'<th style="text-align:left">{name}</th>' for name in ("run", "ended", "open"))
        lines = "".join(_table_row(entry) for entry in self.entries)
        hint = f"The runs' addresses need <code>make ui</code> ({html.escape(_ui())})."
        return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table><p>{hint}</p>"


def _ui() -> str:
    """Return the URL of MLflow's UI: the remote tracking server, or this machine."""
    return store.masked_uri().rstrip("/") if store.is_remote() else LOCAL_UI


def _link(run: Any) -> RunLink:
    """Return the links to one MLflow run."""
    url = f"{_ui()}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    folder = local_folder(run.info.artifact_uri)
    files = tuple(file for pattern in PAGES for file in sorted(folder.glob(pattern))) if folder else ()
    return RunLink(run.info.run_name, run.info.status.lower(), url, files)


def _table_row(entry: RunLink) -> str:
    """Return the links to one run as a row of an HTML table."""
    links = [f'<a href="{html.escape(entry.ui)}">MLflow</a>']
    links += [f'<a href="{html.escape(_href(file))}">{html.escape(file.name)}</a>' for file in entry.files]
    cells = (html.escape(entry.name), html.escape(entry.status), " · ".join(links))
    return "<tr>" + "".join(f'<td style="text-align:left">{cell}</td>' for cell in cells) + "</tr>"


def _href(file: Path) -> str:
    """Return the link to a file, for a page that a notebook shows.

    If the notebook is in the project, the link is relative to it, because JupyterLab opens no `file:` URL; otherwise it
    is a `file:` URL.
    """
    # JupyterLab opens a path relative to the notebook; it does not open file: addresses.
    working_directory = Path.cwd()
    if working_directory.is_relative_to(project.root()):
        return quote(os.path.relpath(file, working_directory))
    return file.as_uri()
