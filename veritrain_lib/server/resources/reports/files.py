"""Report files for download: page and PDF as the report stage stored them, or made from the stored result."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Literal

from veritrain_lib.core.errors import Infrastructure, UserError
from veritrain_lib.server.http.timestamps import utc_datetime
from veritrain_lib.server.tasks import task_of_run
from veritrain_lib.tracking import runs

Format = Literal["pdf", "docx", "html"]

MEDIA_TYPES: dict[Format, str] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html; charset=utf-8",
}


def report_bytes(content_run_id: str, format: Format, title: str = "", description: str = "") -> bytes:
    """Return a report as the bytes of a file; a file that the stage did not store is made now.

    Args:
        content_run_id: Run of the report stage that wrote the content.
        format: Kind of file.
        title: Title that a user gave the report; the stage's own title is then shown below it. If empty, page and PDF
            are the files that the stage stored.
        description: Description that a user gave the report; shown below a user's title.

    Raises:
        Infrastructure: It can't be made in this format; the message names the other formats.
    """
    try:
        if title or format == "docx":
            return _render(content_run_id, format, title, description)
        stored = _stored_file(content_run_id, f"report.{format}")
        if stored is None and format == "pdf":
            from veritrain_lib.stages.report.record import store_pdf

            # The notebook was run manually, or the PDF could not be made at that time.
            store_pdf(task_of_run(runs.get(content_run_id)), content_run_id)
            stored = _stored_file(content_run_id, "report.pdf")
        return stored if stored is not None else _render(content_run_id, format, title, description)
    except (UserError, OSError):
        raise
    except Exception as error:
        other_formats = ", ".join(name for name in MEDIA_TYPES if name != format)
        raise Infrastructure(
            f"the report can't be made as {format} ({type(error).__name__}: {error}); take it as {other_formats}, or try again"
        ) from error


def _stored_file(run_id: str, name: str) -> bytes | None:
    from veritrain_lib.stages.report.record import FOLDER

    if f"{FOLDER}/{name}" not in runs.artifact_names(run_id, FOLDER):
        return None
    with tempfile.TemporaryDirectory() as folder:
        return (runs.fetch(run_id, FOLDER, Path(folder)) / name).read_bytes()


def _render(run_id: str, format: Format, title: str, description: str) -> bytes:
    """Return a file made from the stored result and its stored charts."""
    from veritrain_lib.reporting.docx import to_docx
    from veritrain_lib.reporting.page import to_html
    from veritrain_lib.reporting.pdf import to_pdf
    from veritrain_lib.stages.report.record import document_of

    info = runs.get(run_id).info
    created_at = utc_datetime(info.end_time or info.start_time)
    document = document_of(run_id)
    if title:
        subtitle_parts = [description, document.title, document.subtitle]
        document = replace(
            document, title=title, subtitle=" · ".join(part for part in subtitle_parts if part)
        )
    if format == "html":
        return to_html(document).encode("utf-8")
    return to_pdf(document, created_at) if format == "pdf" else to_docx(document, created_at)
