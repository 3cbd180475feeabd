"""Check that a model URI from a client names no file outside the project's folder.

The server would open such a file with its own rights, so an editor must not be able to choose it freely.
"""

from __future__ import annotations

from pathlib import Path

from veritrain_lib.core import project
from veritrain_lib.llm.providers import PROVIDERS

NON_LOCAL_SCHEMES = ("models", "runs", *PROVIDERS)
"""URI schemes of models that read no file of this machine, except those in MLflow's tracking store.

Any other scheme, such as one that an extension adds, may read files.
"""


def is_outside_project(uri: str) -> bool:
    """Return whether a model URI leads out of the project's folder; symbolic links and `..` are resolved.

    The result is False for a URI that opens no file chosen by the client, such as `models:/NAME/VERSION`. A relative
    path counts as outside, since it depends on the working directory of the process that opens it.
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
