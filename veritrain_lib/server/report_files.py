"""A report as a file: the stored page and PDF of the report stage, or one made from the stored result."""

from __future__ import annotations

import tempfile
from dataclasses import replace
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


def exported(content: str, wanted: Format, title: str = "", description: str = "") -> bytes:
    """Return a report as the bytes of a file.

    Args:
        content: the run of the report stage that wrote the content.
        wanted: the kind of file.
        title: what somebody called the report; the stage's own title then follows below it. Empty: page and PDF are
            the files that the stage stored.
        description: what somebody said of it; shown below a title of its own.
    """
    if title or wanted == "docx":
        return _made(content, wanted, title, description)
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


def _made(run_id: str, wanted: Format, title: str, description: str) -> bytes:
    """Return a file made from the stored result and its stored pictures."""
    from veritrain_lib.recorded.report import FOLDER, as_stored
    from veritrain_lib.recorded.stage import load_result
    from veritrain_lib.reporting.docx import to_docx
    from veritrain_lib.reporting.page import to_html
    from veritrain_lib.reporting.pdf import to_pdf

    result = cast("ReportResult", load_result("report", run_id))
    info = runs.get(run_id).info
    made = moment(info.end_time or info.start_time)
    with tempfile.TemporaryDirectory() as folder:
        document = as_stored(result, runs.fetch(run_id, FOLDER, Path(folder)))
        if title:
            below = [description, document.title, document.subtitle]
            document = replace(document, title=title, subtitle=" · ".join(said for said in below if said))
        if wanted == "html":
            return to_html(document).encode("utf-8")
        return to_pdf(document, made) if wanted == "pdf" else to_docx(document, made)
