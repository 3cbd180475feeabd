"""The way to runs: the MLflow UI's address of each, its executed notebook, its pages."""

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
    from veritrain_lib.ui.overview.last_round import Trip

LOCAL_UI = "http://127.0.0.1:5000"
"""Where `make ui` opens the MLflow UI."""

PAGES = (
    "notebook/*.ipynb",
    "notebook/*.html",
    "report/report.html",
    "report/report.pdf",
    "gate/data_docs.html",
)
"""Artifacts that a person opens."""

BY_HAND = 6
"""How many of the newest stage runs that belong to no round are listed."""


@dataclass(frozen=True)
class Link:
    """One run: its name, how it ended, its address in the MLflow UI, and the files that a person opens."""

    name: str
    status: str
    ui: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Links:
    """Runs to look at, shown as a table of links. `make ui` must run for those into the MLflow UI."""

    entries: tuple[Link, ...]

    @classmethod
    def of(cls, task: Task, trip: Trip) -> Links:
        """The runs of a trip, the newest report, then the newest stage runs made by hand."""
        wanted = [trip.loop_run, *([trip.round.run_id] if trip.round else []), *trip.stages.values()]
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
        lines = "".join(_line(entry) for entry in self.entries)
        hint = f"The runs' addresses need <code>make ui</code> ({html.escape(_ui())})."
        return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table><p>{hint}</p>"


def _ui() -> str:
    return store.shown().rstrip("/") if store.is_remote() else LOCAL_UI


def _link(run: Any) -> Link:
    address = f"{_ui()}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    place = local_folder(run.info.artifact_uri)
    files = tuple(file for pattern in PAGES for file in sorted(place.glob(pattern))) if place else ()
    return Link(run.info.run_name, run.info.status.lower(), address, files)


def _line(entry: Link) -> str:
    links = [f'<a href="{html.escape(entry.ui)}">MLflow</a>']
    links += [f'<a href="{html.escape(_href(file))}">{html.escape(file.name)}</a>' for file in entry.files]
    cells = (html.escape(entry.name), html.escape(entry.status), " · ".join(links))
    return "<tr>" + "".join(f'<td style="text-align:left">{cell}</td>' for cell in cells) + "</tr>"


def _href(file: Path) -> str:
    # JupyterLab opens a path relative to the notebook; it does not open file: addresses.
    here = Path.cwd()
    if here.is_relative_to(project.root()):
        return quote(os.path.relpath(file, here))
    return file.as_uri()
