"""A page that can't be made stops nothing, is said to be missing, and is made again at the next look."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tests.small_task import write_task
from tests.stages.in_process import InProcess
from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.execution import Job, NotebookOutcome
from veritrain_lib.loop import stage_pages
from veritrain_lib.loop.stage_job import recover_killed_runs, run_stage
from veritrain_lib.loop.stage_pages import (
    MISSING,
    NOT_RENDERED,
    missing_pages,
    repair_pages,
    runs_missing_pages,
)
from veritrain_lib.server.resources.reports.files import report_bytes
from veritrain_lib.tracking import runs


class Notebooks(InProcess):
    """Leaves an executed notebook, from which a page can be made."""

    def do(self, job: Job) -> NotebookOutcome:
        outcome = super().do(job)
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Done")]), job.output)
        return outcome


def broken(*_: object, **__: object) -> None:
    raise ValueError("the page is wider than itself")


@pytest.fixture
def task(home: Path) -> Task:
    return load_task(write_task(home / "task", seed_rows=8))


def _has(run_id: str, name: str) -> bool:
    return name in runs.artifact_names(run_id, name.partition("/")[0])


def test_a_notebooks_page_that_fails_is_named_in_the_run_and_made_at_the_next_look(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broke:
        broke.setattr(stage_pages, "export_html", broken)
        done = run_stage(task, "gate", {"dataset": "seed"}, runner=Notebooks())
    assert runs.get(done.run_id).info.status == "FINISHED"
    assert missing_pages(done.run_id) == "the notebook's page: ValueError: the page is wider than itself"
    assert runs_missing_pages(task) == [f"run {done.run_id} (gate): {missing_pages(done.run_id)}"]
    assert not _has(done.run_id, "notebook/03_gate.html")

    again = run_stage(task, "gate", {"dataset": "seed"}, runner=Notebooks())
    assert again.stored
    assert _has(done.run_id, "notebook/03_gate.html")
    assert (missing_pages(done.run_id), runs_missing_pages(task)) == ("", [])


def test_a_process_that_was_killed_before_its_pages_leaves_word_and_the_next_start_makes_them(
    task: Task,
) -> None:
    done = run_stage(task, "gate", {"dataset": "seed"}, runner=Notebooks())
    (page,) = Path(runs.get(done.run_id).info.artifact_uri.removeprefix("file://")).glob("notebook/*.html")
    page.unlink()
    runs.tag(done.run_id, {MISSING: NOT_RENDERED})
    recover_killed_runs(task)
    assert page.is_file()
    assert missing_pages(done.run_id) == ""


@pytest.mark.slow
def test_a_reports_pdf_that_fails_ends_nothing_and_every_door_makes_it_again(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_stage(task, "gate", {"dataset": "seed"}, runner=Notebooks())
    run_stage(task, "train", {}, runner=Notebooks())
    with monkeypatch.context() as broke:
        broke.setattr("veritrain_lib.reporting.pdf.to_pdf", broken)
        done = run_stage(task, "report", {"run_upstream": True}, runner=Notebooks())
        assert missing_pages(done.run_id) == "the report's PDF: ValueError: the page is wider than itself"
        assert repair_pages(task) == [f"run {done.run_id} (report): {missing_pages(done.run_id)}"]
        with pytest.raises(Infrastructure, match=r"can't be made as pdf .*; take it as docx, html"):
            report_bytes(done.run_id, "pdf")
    assert runs.get(done.run_id).info.status == "FINISHED"
    assert report_bytes(done.run_id, "html").startswith(b"<!")
    assert repair_pages(task) == []
    pdf = Path(runs.get(done.run_id).info.artifact_uri.removeprefix("file://")) / "report" / "report.pdf"
    assert pdf.read_bytes().startswith(b"%PDF")
    pdf.unlink()
    assert run_stage(task, "report", {"run_upstream": True}, runner=Notebooks()).stored
    assert pdf.is_file()
    pdf.unlink()
    pdf.with_suffix(".html").unlink()
    assert report_bytes(done.run_id, "pdf").startswith(b"%PDF")
    assert report_bytes(done.run_id, "html").startswith(b"<!")
