"""Files of a run at /runs/{run_id}/files/{path}, served so that they can run no code.

Executed notebooks and reports hold text from data and from models: a page is shown in a sandbox without scripts and
with an opaque origin, whatever is in it. Only files of that run's artifacts are ever read.
"""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from veritrain_lib.server.http.problems import problem_response
from veritrain_lib.tracking.artifacts import local_folder
from veritrain_lib.tracking.listing import read_runs

SANDBOX = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8", ".png": "image/png", ".jpg": "image/jpeg", ".pdf": "application/pdf",
    ".txt": "text/plain; charset=utf-8", ".log": "text/plain; charset=utf-8", ".md": "text/plain; charset=utf-8",
    ".csv": "text/plain; charset=utf-8", ".json": "text/plain; charset=utf-8", ".jsonl": "text/plain; charset=utf-8",
}  # fmt: skip
"""Media types by file suffix of the files that a browser shows. Any other file is downloaded."""


def serve_file(request: Request) -> Response:
    """Return a file of a run, or problem details with 404."""
    run_id, path = request.path_params["run_id"], request.path_params["path"]
    file = find_file(run_id, path)
    if file is None:
        return problem_response(
            404, f"run {run_id} has no such file on this machine; the MLflow UI shows all", request
        )
    media_type = MEDIA_TYPES.get(file.suffix.lower())
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "private, no-cache",
    }
    if media_type != "application/pdf":  # a sandbox has no PDF viewer, and a PDF can't run our scripts
        headers["Content-Security-Policy"] = SANDBOX
    return FileResponse(
        file, media_type=media_type or "application/octet-stream", filename=file.name, headers=headers,
        content_disposition_type="inline" if media_type else "attachment",
    )  # fmt: skip


def find_file(run_id: str, path: str) -> Path | None:
    """Return a file among a run's artifacts on this machine, or None for any other path, such as `..`."""
    if not run_id.isalnum() or not path or "\0" in path:
        return None
    run = read_runs([run_id]).get(run_id)
    folder = local_folder(run.info.artifact_uri) if run else None
    if folder is None:
        return None
    try:
        root = folder.resolve(strict=True)
        file = (root / path).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        return None
    return file if file.is_relative_to(root) and file.is_file() else None
