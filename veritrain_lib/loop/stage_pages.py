"""Pages that are made from a finished stage: the executed notebook as HTML, and a report as PDF.

The HTML page is made after the stage's run has ended, since it changes no result; the PDF is made while the rest of the
report's notebook runs. A page that could not be made is named in the MLflow tag `veritrain.missing` of the run. It
stops nothing, and is made again the next time that the loop, a stage's command or the API's export needs it.
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
"""Address of `store_pages`, by which the background tasks of a `JobRunner` call it; its arguments must be strings."""

PDF = "veritrain_lib.loop.stage_pages:store_report_pdf"
"""Address of `store_report_pdf`, by which the background tasks of a `JobRunner` call it."""

MISSING = "veritrain.missing"
"""MLflow tag of a run that says which pages are missing and why. A run without the tag lacks no page."""

NOT_RENDERED = "its pages are not made yet"
"""Value of the tag `veritrain.missing` from the end of a stage until its pages are made.

It stays if the process is killed in between.
"""

NOTEBOOK = "notebook"


def store_pages(run_id: str, stage: str, executed: str, task_file: str = "") -> None:
    """Make a stage's executed notebook into an HTML page, and a report into a PDF, and store both in the stage's MLflow run.

    A page that can't be made raises no error: the run's tag `veritrain.missing` names it and the reason.

    Args:
        run_id: The id of the stage's run, whatever its status.
        stage: The stage's name.
        executed: The path of the executed notebook. Its folder is deleted afterwards.
        task_file: The path of the task file, which the PDF of a finished report needs; empty for no PDF.
    """
    notebook = Path(executed)
    _render(run_id, notebook, Path(task_file) if stage == "report" and task_file else None)
    shutil.rmtree(notebook.parent, ignore_errors=True)


def store_report_pdf(run_id: str, task_file: str) -> None:
    """Make the PDF of a stored report ahead of its HTML page; ignore errors, since `store_pages` tries again.

    Args:
        run_id: The id of the report's MLflow run.
        task_file: The path of the task file.
    """
    try:
        _store_pdf(run_id, Path(task_file))
    except Exception:  # noqa: BLE001  # `store_pages` finds that there is no PDF
        return


def repair_pages(task: Task) -> list[str]:
    """Make the missing HTML and PDF pages of all runs of a task, from their stored notebooks and results.

    Returns:
        A line for each run that still lacks pages.
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
    """Make the missing HTML and PDF pages of one stage's MLflow run, from its stored notebook and result.

    Args:
        run_id: The id of the run.
        task: The task.

    Returns:
        A sentence that says which pages are still missing and why; empty for none.
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
    """Return a line for each MLflow run of a task that lacks pages: the run, the pages, and the reason."""
    return [
        f"run {run.info.run_id} ({run.data.tags.get('veritrain.stage', 'run')}): {run.data.tags[MISSING]}"
        for run in runs.search(task, f"tags.`{MISSING}` != ''")
    ]


def missing_pages(run_id: str) -> str:
    """Return the pages that a stage's MLflow run lacks and why, as its tag says; empty for none."""
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
    """Write the missing pages into the tag of an MLflow run, or delete the tag if no page is missing.

    Args:
        run_id: The id of the run.
        failures: A phrase for each missing page, with the reason.

    Returns:
        The phrases as one text, or why the tag could not be written; empty if no page is missing.
    """
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
