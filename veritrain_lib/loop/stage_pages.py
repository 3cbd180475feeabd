"""Pages for people made of a finished stage: the executed notebook as HTML, and a report as PDF.

The HTML page is made after the stage's run has ended, since it changes no result; the PDF while the rest of the
report's notebook runs. A page that could not be made is named in the tag `veritrain.missing` of the run. It never stops
the loop, and is made again the next time the loop, a stage's command or the API's export needs it.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core.machine_fault import machine_fault
from veritrain_lib.execution.exit_reason import one_line
from veritrain_lib.execution.html import export_html
from veritrain_lib.tracking import runs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

FUNCTION = "veritrain_lib.loop.stage_pages:store_pages"
"""`store_pages` as the background tasks of a `JobRunner` call it; its arguments are strings."""

PDF = "veritrain_lib.loop.stage_pages:store_report_pdf"
"""`store_report_pdf` as the background tasks of a `JobRunner` call it."""

MISSING = "veritrain.missing"
"""Tag of a run that says which pages are missing and why; without it none is missing."""

NOT_RENDERED = "its pages are not made yet"
"""The tag's value from the end of a stage until its pages are made. It stays when the process is killed in between."""

NOTEBOOK = "notebook"


def store_pages(run_id: str, stage: str, executed: str, task_file: str = "") -> None:
    """Make the pages of a stage's run, store them in it, and delete the work directory. Never raises for a page.

    Args:
        run_id: The stage's run.
        stage: Its name; a report also becomes a PDF.
        executed: The path of the executed notebook, alone in its work directory.
        task_file: The task file, for a finished report; empty for a stage that did not finish.
    """
    notebook = Path(executed)
    _render(run_id, notebook, Path(task_file) if stage == "report" and task_file else None)
    shutil.rmtree(notebook.parent, ignore_errors=True)


def store_report_pdf(run_id: str, task_file: str) -> None:
    """Make the PDF of a run's stored report. An error is ignored here: `store_pages` tries again and records it."""
    try:
        _store_pdf(run_id, Path(task_file))
    except Exception:  # noqa: BLE001  # `store_pages` finds that there is no PDF
        return


def repair_pages(task: Task) -> list[str]:
    """Make the missing pages of all runs of a task from their stored notebooks and results.

    Returns:
        A line for each run with pages that are still missing.
    """
    still_missing = []
    for run in runs.search(task, f"tags.`{MISSING}` != ''"):
        why = repair_pages_of(run.info.run_id, task)
        if why:
            still_missing.append(
                f"run {run.info.run_id} ({run.data.tags.get('veritrain.stage', 'run')}): {why}"
            )
    return still_missing


def repair_pages_of(run_id: str, task: Task) -> str:
    """Make the missing pages of one stage's run from its stored notebook and result.

    Returns:
        The pages that are still missing and why; empty for none.
    """
    run = runs.get(run_id)
    tags = run.data.tags
    report = tags.get("veritrain.stage") == "report" and run.info.status == "FINISHED"
    if MISSING not in tags and not (report and not _has_pdf(run_id)):
        return ""
    with tempfile.TemporaryDirectory() as folder:
        notebook = None
        if MISSING in tags:
            try:
                stored = next(iter(sorted(runs.fetch(run_id, NOTEBOOK, Path(folder)).glob("*.ipynb"))), None)
                if stored is not None:  # its page is made beside a copy: the artifact is only read
                    notebook = Path(shutil.copy(stored, tempfile.mkdtemp(dir=folder)))
            except Exception as error:  # noqa: BLE001  # an artifact store fails in ways of its own
                return _record_missing(run_id, [f"the executed notebook can't be read: {_error_text(error)}"])
        return _render(run_id, notebook, task.path if report else None)


def runs_missing_pages(task: Task) -> list[str]:
    """Return a line for each run of a task with missing pages: the run, the pages and why."""
    return [
        f"run {run.info.run_id} ({run.data.tags.get('veritrain.stage', 'run')}): {run.data.tags[MISSING]}"
        for run in runs.search(task, f"tags.`{MISSING}` != ''")
    ]


def missing_pages(run_id: str) -> str:
    """Return what the tag of a run says about its missing pages; empty for none."""
    return str(runs.get(run_id).data.tags.get(MISSING, ""))


def _render(run_id: str, notebook: Path | None, report_of: Path | None) -> str:
    failures = []
    if notebook is not None:
        try:
            runs.log_file(run_id, export_html(notebook, notebook.with_suffix(".html")), NOTEBOOK)
        except Exception as error:  # noqa: BLE001  # a page is no reason to stop; the run's tag says what is missing
            failures.append(f"the notebook's page: {_error_text(error)}")
    if report_of is not None:
        try:
            if not _has_pdf(run_id):
                _store_pdf(run_id, report_of)
        except Exception as error:  # noqa: BLE001  # likewise
            failures.append(f"the report's PDF: {_error_text(error)}")
    return _record_missing(run_id, failures)


def _record_missing(run_id: str, failures: list[str]) -> str:
    """Write into the run's tag what is missing, or delete the tag when nothing is."""
    summary = "; ".join(failures)
    try:
        if summary:
            runs.tag(run_id, {MISSING: summary})
        else:
            runs.untag(run_id, MISSING)
    except Exception as error:  # noqa: BLE001  # the old tag stays: it says that something is missing
        return summary or f"the record can't be written: {_error_text(error)}"
    return summary


def _error_text(error: Exception) -> str:
    return machine_fault(error) or one_line(type(error).__name__, str(error))


def _has_pdf(run_id: str) -> bool:
    from veritrain_lib.stages.report.record import has_pdf

    return has_pdf(run_id)


def _store_pdf(run_id: str, task_file: Path) -> None:
    from veritrain_lib.core.task import load_task
    from veritrain_lib.stages.report.record import store_pdf

    store_pdf(load_task(task_file), run_id)
