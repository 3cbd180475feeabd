"""Path check for MLflow's artifact proxy: only files in the folders of experiments can be read or written.

The gatekeeper calls `check_artifact_path` for HTTP requests to MLflow that the user's role allows.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote

from anyio import to_thread
from starlette.types import Scope

from veritrain_lib.server.auth.refusal import Refusal
from veritrain_lib.tracking.ownership import is_experiment_folder

PROXY_PATH = re.compile(
    r"/(?:ajax-)?api/\d+\.\d+/mlflow-artifacts/(?:artifacts|presigned|mpu/(?:create|complete|abort))(?:/(?P<path>.*))?",
    re.DOTALL,
)
"""Regular expression for paths of MLflow's artifact proxy; its group `path` is the path of the artifact."""


async def check_artifact_path(scope: Scope) -> None:
    """Check that a request to MLflow's artifact proxy stays inside the folder of an experiment; other requests pass.

    Raises:
        Refusal: 404, the path names no experiment's folder. This holds for every role.
    """
    match = PROXY_PATH.fullmatch(scope["path"])
    if match is None:
        return
    paths = [match["path"] or ""]
    query = scope.get("query_string", b"").decode("latin-1")
    paths += [value for name, value in parse_qsl(query, keep_blank_values=True) if name == "path"]
    folders = [folder for folder in map(_first_folder, paths) if folder != ""]
    if not folders:
        raise Refusal(404, "name an experiment's folder; the folders of experiments are in MLflow's own list")
    for folder in folders:
        if not await to_thread.run_sync(is_experiment_folder, folder):
            raise Refusal(404, "there is no such folder of an experiment")


def _first_folder(path: str) -> str:
    """Return the first folder of a path that may be percent-encoded several times; an empty string if it has none."""
    while (decoded := unquote(path)) != path:
        path = decoded
    segments = [segment for segment in path.split("/") if segment not in ("", ".")]
    return segments[0] if segments else ""
