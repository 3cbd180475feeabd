"""Where a person looks at what a run left: files on this machine, else addresses of artifacts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlparse


def places(run_id: str, wanted: Mapping[str, str]) -> dict[str, str]:
    """The artifacts of a run by what they are called for people; an empty artifact path is left out.

    A path when the artifact lies on this machine (and only if it is there), else the artifact's address.
    """
    from veritrain_lib.tracking import runs

    address = urlparse(str(runs.get(run_id).info.artifact_uri))
    found = {}
    for name, artifact in wanted.items():
        if not artifact:
            continue
        if address.scheme in ("", "file"):
            path = Path(unquote(address.path)) / artifact
            if path.exists():
                found[name] = str(path)
        else:
            found[name] = f"{address.geturl()}/{artifact}"
    return found
