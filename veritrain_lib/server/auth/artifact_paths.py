"""Paths of MLflow's artifact proxy: it gives and takes files in folders of experiments, and nothing else of `mlruns/`."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote

from anyio import to_thread
from starlette.types import Scope

from veritrain_lib.server.auth.refusal import Refusal
from veritrain_lib.tracking.ownership import is_experiments_folder

PROXY = re.compile(
    r"/(?:ajax-)?api/\d+\.\d+/mlflow-artifacts/(?:artifacts|presigned|mpu/(?:create|complete|abort))(?:/(?P<path>.*))?",
    re.DOTALL,
)


async def check_kept_file(scope: Scope) -> None:
    """Refuse (404) a path of the proxy that is not in an experiment's folder, whoever asks."""
    found = PROXY.fullmatch(scope["path"])
    if found is None:
        return
    asked = [found["path"] or ""]
    query = scope.get("query_string", b"").decode("latin-1")
    asked += [value for name, value in parse_qsl(query, keep_blank_values=True) if name == "path"]
    folders = [one for one in map(_first, asked) if one != ""]
    if not folders:
        raise Refusal(404, "name an experiment's folder; the folders of experiments are in MLflow's own list")
    for folder in folders:
        if not await to_thread.run_sync(is_experiments_folder, folder):
            raise Refusal(404, "there is no such folder of an experiment")


def _first(path: str) -> str:
    """The first folder of a path, as it is read by whoever decodes it until nothing changes."""
    while (decoded := unquote(path)) != path:
        path = decoded
    steps = [step for step in path.split("/") if step not in ("", ".")]
    return steps[0] if steps else ""
