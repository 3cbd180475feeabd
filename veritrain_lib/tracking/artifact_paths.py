"""Local folders of artifact URIs."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit


def local_folder(artifact_uri: str) -> Path | None:
    """Return the local folder of an artifact URI, or None when the artifacts are stored elsewhere."""
    parts = urlsplit(artifact_uri)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return Path(unquote(parts.path))
    return Path(artifact_uri) if Path(artifact_uri).is_absolute() else None
