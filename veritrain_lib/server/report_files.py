"""A report as a file: the stored page and PDF of the report stage, or one made from the stored result."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Literal

from veritrain_lib.core.errors import Infrastructure, UserError
from veritrain_lib.server.serializers.dataset import moment
from veritrain_lib.server.serializers.task import task_of
from veritrain_lib.tracking import runs

Format = Literal["pdf", "docx", "html"]

MEDIA_TYPES: dict[Format, str] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html; charset=utf-8",
}


def exported(content: str, wanted: Format, title: str = "", description: str = "") -> bytes:
    """Return a report as the bytes of a file; what the stage could not store is made now.

    Args:
        content: the run of the report stage that wrote the content.
        wanted: the kind of file.
        title: what somebody called the report; the stage's own title then follows below it. Empty: page and PDF are
            the files that the stage stored.
        description: what somebody said of it; shown below a title of its own.

    Raises:
        Infrastructure: it can't be made in this format; the message says which others there are.
    """
    try:
        if title or wanted == "docx":
            return _made(content, wanted, title, description)
        found = _stored(content, f"report.{wanted}")
        if found is None and wanted == "pdf":
            from veritrain_lib.stage_io.report import store_pdf

            # Its notebook was run by hand, or its PDF could not be made then.
            store_pdf(task_of(runs.get(content)), content)
            found = _stored(content, "report.pdf")
        return found if found is not None else _made(content, wanted, title, description)
    except (UserError, OSError):
        raise
    except Exception as error:
        others = ", ".join(one for one in MEDIA_TYPES if one != wanted)
        raise Infrastructure(
            f"the report can't be made as {wanted} ({type(error).__name__}: {error}); take it as {others}, or try again"
        ) from error


def _stored(run_id: str, name: str) -> bytes | None:
    from veritrain_lib.stage_io.report import FOLDER

    if f"{FOLDER}/{name}" not in runs.artifact_names(run_id, FOLDER):
        return None
    with tempfile.TemporaryDirectory() as folder:
        return (runs.fetch(run_id, FOLDER, Path(folder)) / name).read_bytes()


def _made(run_id: str, wanted: Format, title: str, description: str) -> bytes:
    """Return a file made from the stored result and its stored pictures."""
    from veritrain_lib.reporting.docx import to_docx
    from veritrain_lib.reporting.page import to_html
    from veritrain_lib.reporting.pdf import to_pdf
    from veritrain_lib.stage_io.report import document_of

    info = runs.get(run_id).info
    made = moment(info.end_time or info.start_time)
    document = document_of(run_id)
    if title:
        below = [description, document.title, document.subtitle]
        document = replace(document, title=title, subtitle=" · ".join(said for said in below if said))
    if wanted == "html":
        return to_html(document).encode("utf-8")
    return to_pdf(document, made) if wanted == "pdf" else to_docx(document, made)
