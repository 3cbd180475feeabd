"""Conversion of MLflow's artifact URIs to folders on this machine."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from veritrain_lib.core import project


def local_folder(artifact_uri: str) -> Path | None:
    """Return the folder of an MLflow artifact URI, or None when the artifacts are not on this machine.

    Artifacts that were logged through Veri-Train's server have a URI of MLflow's artifact proxy
    (`mlflow-artifacts:/PATH`). In a process that works on the server's database directly, such a URI means a folder in
    `mlruns/`, where the proxy stores its files.
    """
    parts = urlsplit(artifact_uri)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return Path(unquote(parts.path))
    if parts.scheme == "mlflow-artifacts" and not parts.netloc:
        return _proxied_folder(unquote(parts.path))
    return Path(artifact_uri) if Path(artifact_uri).is_absolute() else None


def _proxied_folder(path: str) -> Path | None:
    from veritrain_lib.tracking import store

    root = project.artifacts().resolve()
    folder = (root / path.lstrip("/")).resolve()
    is_served_here = not store.uri().startswith(("http://", "https://"))
    return folder if is_served_here and folder.is_relative_to(root) and folder != root else None
