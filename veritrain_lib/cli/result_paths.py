"""Locations of a command's result files: paths on this machine, or URLs of artifacts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlparse


def result_locations(run_id: str, artifacts: Mapping[str, str]) -> dict[str, str]:
    """Return the location of each artifact of a run.

    Args:
        run_id: Id of the run.
        artifacts: Artifact path by the name that people see; an empty path is left out.

    Returns:
        By name, a path if the artifacts are on this machine (missing files are left out), else the artifact's URL.
    """
    from veritrain_lib.tracking import runs

    artifact_uri = urlparse(str(runs.get(run_id).info.artifact_uri))
    locations = {}
    for name, artifact in artifacts.items():
        if not artifact:
            continue
        if artifact_uri.scheme in ("", "file"):
            path = Path(unquote(artifact_uri.path)) / artifact
            if path.exists():
                locations[name] = str(path)
        else:
            locations[name] = f"{artifact_uri.geturl()}/{artifact}"
    return locations
