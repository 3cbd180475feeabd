"""Where artifacts lie, when that is on this machine."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit


def local_folder(address: str) -> Path | None:
    """The folder of artifacts on this disk that an artifact address means; None when they lie elsewhere."""
    parts = urlsplit(address)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return Path(unquote(parts.path))
    return Path(address) if Path(address).is_absolute() else None
