"""Links to runs: the MLflow page of each run, its executed notebook and its HTML and PDF pages."""

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
"""URL at which `make ui` opens the MLflow UI."""

PAGES = (
    "notebook/*.ipynb",
    "notebook/*.html",
    "report/report.html",
    "report/report.pdf",
    "gate/data_docs.html",
)
"""Artifacts that people open."""

BY_HAND = 6
"""Number of the newest stage runs outside any round that are listed."""


@dataclass(frozen=True)
class RunLink:
    """Link to one run.

    Attributes:
        name: name of the run.
        status: MLflow status in lower case.
        ui: URL of the run in the MLflow UI.
        files: artifacts that people open.
    """

    name: str
    status: str
    ui: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class RunLinks:
    """Links to runs, displayed as a table; the links to the MLflow UI need a running `make ui`."""

    entries: tuple[RunLink, ...]

    @classmethod
    def of(cls, task: Task, last_round: LastRound) -> RunLinks:
        """Collect the runs of a round, the newest report, then the newest stage runs outside any round."""
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
    return store.masked_uri().rstrip("/") if store.is_remote() else LOCAL_UI


def _link(run: Any) -> RunLink:
    url = f"{_ui()}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    folder = local_folder(run.info.artifact_uri)
    files = tuple(file for pattern in PAGES for file in sorted(folder.glob(pattern))) if folder else ()
    return RunLink(run.info.run_name, run.info.status.lower(), url, files)


def _table_row(entry: RunLink) -> str:
    links = [f'<a href="{html.escape(entry.ui)}">MLflow</a>']
    links += [f'<a href="{html.escape(_href(file))}">{html.escape(file.name)}</a>' for file in entry.files]
    cells = (html.escape(entry.name), html.escape(entry.status), " · ".join(links))
    return "<tr>" + "".join(f'<td style="text-align:left">{cell}</td>' for cell in cells) + "</tr>"


def _href(file: Path) -> str:
    # JupyterLab opens a path relative to the notebook; it does not open file: addresses.
    working_directory = Path.cwd()
    if working_directory.is_relative_to(project.root()):
        return quote(os.path.relpath(file, working_directory))
    return file.as_uri()
