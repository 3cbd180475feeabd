"""/runs/{run_id}/files/{path}: what a run left for people to open, as files that do nothing.

Executed notebooks and reports hold text from data and from models: a page is shown in a sandbox without scripts,
and with an origin of its own, whatever is in it. Only files of that run's artifacts are ever read.
"""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from veritrain_lib.server.api.problems import problem
from veritrain_lib.tracking.artifacts import local_folder
from veritrain_lib.tracking.listing import read_runs

SANDBOX = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

SHOWN = {
    ".html": "text/html; charset=utf-8", ".png": "image/png", ".jpg": "image/jpeg", ".pdf": "application/pdf",
    ".txt": "text/plain; charset=utf-8", ".log": "text/plain; charset=utf-8", ".md": "text/plain; charset=utf-8",
    ".csv": "text/plain; charset=utf-8", ".json": "text/plain; charset=utf-8", ".jsonl": "text/plain; charset=utf-8",
}  # fmt: skip
"""By ending: as what a browser shows it. Anything else is saved."""


def answer(request: Request) -> Response:
    """The file, or problem details with 404."""
    run_id, path = request.path_params["run_id"], request.path_params["path"]
    file = find(run_id, path)
    if file is None:
        return problem(
            404, f"run {run_id} has no such file on this machine; the MLflow UI shows all", request
        )
    kind = SHOWN.get(file.suffix.lower())
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "private, no-cache",
    }
    if kind != "application/pdf":  # a sandbox has no viewer for these, and they run nothing of ours
        headers["Content-Security-Policy"] = SANDBOX
    return FileResponse(
        file, media_type=kind or "application/octet-stream", filename=file.name, headers=headers,
        content_disposition_type="inline" if kind else "attachment",
    )  # fmt: skip


def find(run_id: str, path: str) -> Path | None:
    """A file among a run's artifacts on this machine; None for anything else, such as a way out of them."""
    if not run_id.isalnum() or not path or "\0" in path:
        return None
    run = read_runs([run_id]).get(run_id)
    folder = local_folder(run.info.artifact_uri) if run else None
    if folder is None:
        return None
    try:
        whole = folder.resolve(strict=True)
        file = (whole / path).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        return None
    return file if file.is_relative_to(whole) and file.is_file() else None
