"""Page /runs/{run_id}/files/{path}, which shows a file of a run in a way that it can run no code.

Executed notebooks and reports contain text from data and from models, so they are shown in a sandbox without scripts
and without access to the server. Only artifacts of the named run are ever read.
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
"""Value of the header Content-Security-Policy of the shown files."""

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8", ".png": "image/png", ".jpg": "image/jpeg", ".pdf": "application/pdf",
    ".txt": "text/plain; charset=utf-8", ".log": "text/plain; charset=utf-8", ".md": "text/plain; charset=utf-8",
    ".csv": "text/plain; charset=utf-8", ".json": "text/plain; charset=utf-8", ".jsonl": "text/plain; charset=utf-8",
}  # fmt: skip
"""Media type by suffix of the files that a browser shows; any other file is downloaded."""


def serve_file(request: Request) -> Response:
    """Return the response with a run's file, which can run no code in the browser; 404 if there is no such file."""
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
    """Return the path of a run's artifact on this machine.

    Args:
        run_id: Id of the run.
        path: Path of the artifact below the run's artifact folder.

    Returns:
        None if there is no such file here, or if the path leaves the run's folder, for example by `..` or a link.
    """
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
