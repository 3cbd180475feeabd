"""What people read of a finished stage beside its results: the executed notebook as a page, a report as PDF.

The page is made after the stage's run is closed, since it changes nothing that was found; the PDF while the rest of
the report's notebook runs. What could not be made is named in the tag `veritrain.missing` of the run, never stops
what goes on, and is made again at the next look: by the loop, by a stage's command, by the API's export.
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
"""For `JobRunner.afterwards`; its arguments are texts."""

PDF = "veritrain_lib.loop.stage_pages:store_report_pdf"
"""The same, for a report whose result is filed."""

MISSING = "veritrain.missing"
"""The tag of a run that says which pages it lacks and why; without it none is missing."""

UNMADE = "its pages are not made yet"
"""What the tag says from the end of a stage until they are; of a process that was killed in between it stays."""

NOTEBOOK = "notebook"


def store_pages(run_id: str, stage: str, executed: str, task_file: str = "") -> None:
    """Make the pages of a stage's run, store them in it, and clear the desk away. Never raises for a page.

    Args:
        run_id: The stage's run.
        stage: Its name; a report also becomes a PDF.
        executed: The executed notebook, alone on its desk.
        task_file: The task, for a finished report; empty for a stage that did not finish.
    """
    notebook = Path(executed)
    _make(run_id, notebook, Path(task_file) if stage == "report" and task_file else None)
    shutil.rmtree(notebook.parent, ignore_errors=True)


def store_report_pdf(run_id: str, task_file: str) -> None:
    """Set the report that a run has filed as PDF on the way; what fails is tried again, and told, with its page."""
    try:
        _set_pdf(run_id, Path(task_file))
    except Exception:  # noqa: BLE001  # see above: `store_pages` finds that there is none
        return


def mend_pages(task: Task) -> list[str]:
    """Make what the task's runs lack, from what they hold. Gives a line for each run that still lacks something."""
    left = []
    for run in runs.search(task, f"tags.`{MISSING}` != ''"):
        why = mend_pages_of(run.info.run_id, task)
        if why:
            left.append(f"run {run.info.run_id} ({run.data.tags.get('veritrain.stage', 'run')}): {why}")
    return left


def mend_pages_of(run_id: str, task: Task) -> str:
    """Make what one stage's run lacks, from what it holds. Gives what it still lacks and why, empty when nothing."""
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
                return _tell(run_id, [f"the executed notebook can't be read: {_words(error)}"])
        return _make(run_id, notebook, task.path if report else None)


def missing_of(task: Task) -> list[str]:
    """A line for each run of a task that lacks pages: which run, what and why."""
    return [
        f"run {run.info.run_id} ({run.data.tags.get('veritrain.stage', 'run')}): {run.data.tags[MISSING]}"
        for run in runs.search(task, f"tags.`{MISSING}` != ''")
    ]


def missing(run_id: str) -> str:
    """What a run lacks, in words; empty when nothing."""
    return str(runs.get(run_id).data.tags.get(MISSING, ""))


def _make(run_id: str, notebook: Path | None, report_of: Path | None) -> str:
    wrong = []
    if notebook is not None:
        try:
            runs.log_file(run_id, export_html(notebook, notebook.with_suffix(".html")), NOTEBOOK)
        except Exception as error:  # noqa: BLE001  # a page is no reason to stop; the run says what it lacks
            wrong.append(f"the notebook's page: {_words(error)}")
    if report_of is not None:
        try:
            if not _has_pdf(run_id):
                _set_pdf(run_id, report_of)
        except Exception as error:  # noqa: BLE001  # likewise
            wrong.append(f"the report's PDF: {_words(error)}")
    return _tell(run_id, wrong)


def _tell(run_id: str, wrong: list[str]) -> str:
    """Say in the run what is missing, or that nothing is any more."""
    said = "; ".join(wrong)
    try:
        if said:
            runs.tag(run_id, {MISSING: said})
        else:
            runs.untag(run_id, MISSING)
    except Exception as error:  # noqa: BLE001  # the tag from before stays: it says that something is missing
        return said or f"the record can't be written: {_words(error)}"
    return said


def _words(error: Exception) -> str:
    return machine_fault(error) or one_line(type(error).__name__, str(error))


def _has_pdf(run_id: str) -> bool:
    from veritrain_lib.stage_io.report import has_pdf

    return has_pdf(run_id)


def _set_pdf(run_id: str, task_file: Path) -> None:
    from veritrain_lib.core.task import load_task
    from veritrain_lib.stage_io.report import store_pdf

    store_pdf(load_task(task_file), run_id)
