"""A report as a file: the stored page and PDF of the report stage, or a Word file made from the stored result."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from veritrain_lib.server.items.dataset import moment
from veritrain_lib.server.items.task import task_of
from veritrain_lib.tracking import runs

if TYPE_CHECKING:
    from veritrain_lib.stages.report import ReportResult

Format = Literal["pdf", "docx", "html"]

MEDIA_TYPES: dict[Format, str] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html; charset=utf-8",
}


def exported(content: str, wanted: Format) -> bytes:
    """The bytes of a report whose content a run of the report stage has."""
    if wanted == "docx":
        return _docx(content)
    found = _stored(content, f"report.{wanted}")
    if found is None and wanted == "pdf":
        from veritrain_lib.recorded.report import store_pdf

        # Its notebook was run by hand: nobody has made it yet.
        store_pdf(task_of(runs.get(content)), content)
        found = _stored(content, "report.pdf")
    assert found is not None
    return found


def _stored(run_id: str, name: str) -> bytes | None:
    from veritrain_lib.recorded.report import FOLDER

    with tempfile.TemporaryDirectory() as folder:
        file = runs.fetch(run_id, FOLDER, Path(folder)) / name
        return file.read_bytes() if file.is_file() else None


def _docx(run_id: str) -> bytes:
    from veritrain_lib.recorded.report import FOLDER, as_stored
    from veritrain_lib.recorded.stage import load_result
    from veritrain_lib.reporting.docx import to_docx

    result = cast("ReportResult", load_result("report", run_id))
    info = runs.get(run_id).info
    with tempfile.TemporaryDirectory() as folder:
        document = as_stored(result, runs.fetch(run_id, FOLDER, Path(folder)))
        return to_docx(document, moment(info.end_time or info.start_time))
