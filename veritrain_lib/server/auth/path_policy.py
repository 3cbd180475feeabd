"""Policy for model URIs that name a path on the server's machine.

Files at such a path are read with the server's rights, so a user who may only edit must not choose it freely.
"""

from __future__ import annotations

from pathlib import Path

from veritrain_lib.core import project

NON_LOCAL_SCHEMES = ("models", "runs", "openai", "azure")
"""URI schemes that read nothing on this machine except what the record keeps. Any other scheme may read files, also one of
an extension, about which nothing is known.
"""


def is_outside_project(uri: str) -> bool:
    """Return whether a model URI leads out of the project's folder, also by symbolic links and `..`.

    A relative path counts as outside, since it depends on the process that opens it.
    """
    scheme, colon, location = uri.partition(":")
    if not colon or scheme in NON_LOCAL_SCHEMES:
        return False
    try:
        # As `models.folder` opens it.
        path = Path(location).expanduser()
        return not (path.is_absolute() and path.resolve().is_relative_to(project.root().resolve()))
    except (RuntimeError, OSError, ValueError):
        return True
