"""Files of a report for download: as the report stage stored them, or made from its stored result."""

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
"""Media type of each file format."""


def report_bytes(content_run_id: str, format: Format, title: str = "", description: str = "") -> bytes:
    """Return the bytes of a report as a file; a file that the report stage has not stored is made now.

    Args:
        content_run_id: Id of the report stage's MLflow run.
        format: Format of the file.
        title: Title that a user gave the report; the stage's own title is then shown below it. If empty, the stored
            HTML or PDF file is returned.
        description: Description that a user gave the report, shown below a user's title.

    Raises:
        Infrastructure: The file can't be made in this format; the message names the others.
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
    """Return the bytes of a file that the report stage stored; None if there is no such file."""
    from veritrain_lib.stages.report.record import FOLDER

    if f"{FOLDER}/{name}" not in runs.artifact_names(run_id, FOLDER):
        return None
    with tempfile.TemporaryDirectory() as folder:
        return (runs.fetch(run_id, FOLDER, Path(folder)) / name).read_bytes()


def _render(run_id: str, format: Format, title: str, description: str) -> bytes:
    """Return the bytes of a file made from the stored result and the stored charts."""
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
