"""What people read of a finished stage beside its results: the executed notebook as a page, a report as PDF.

The page is made after the stage's run is closed, since it changes nothing that was found; the PDF while the rest of
the report's notebook runs. A process that is killed in
between leaves the executed notebook on its desk, and the next start makes the page from it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from veritrain_lib.execution.html import export_html
from veritrain_lib.tracking import runs

FUNCTION = "veritrain_lib.stage_pages:store_pages"
"""For `JobRunner.afterwards`; its arguments are texts."""

PDF = "veritrain_lib.stage_pages:store_report_pdf"
"""The same, for a report whose result is filed."""


def store_pages(run_id: str, stage: str, executed: str, task_file: str = "") -> None:
    """Make the pages of a stage's run, store them in it, and clear the desk away.

    Args:
        run_id: The stage's run.
        stage: Its name; a report also becomes a PDF.
        executed: The executed notebook, alone on its desk.
        task_file: The task, for a finished report without a PDF; empty for one that has it, and for a stage that
            did not finish.
    """
    notebook = Path(executed)
    runs.log_file(run_id, export_html(notebook, notebook.with_suffix(".html")), "notebook")
    if stage == "report" and task_file:
        store_report_pdf(run_id, task_file)
    shutil.rmtree(notebook.parent, ignore_errors=True)


def store_report_pdf(run_id: str, task_file: str) -> None:
    """Set the report that a run has filed as PDF, and store it there."""
    from veritrain_lib.recorded.report import store_pdf
    from veritrain_lib.task import load_task

    store_pdf(load_task(task_file), run_id)
