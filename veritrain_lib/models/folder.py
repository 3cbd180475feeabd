"""Loading of models that are saved in a folder, by the URI `SCHEME:FOLDER`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from veritrain_lib.core.errors import UserError

Loaded = TypeVar("Loaded")


def load_from_folder(
    uri: str, scheme: str, description: str, load: Callable[[Path], Loaded]
) -> tuple[Loaded, Path]:
    """Load a model from the folder that its URI names.

    Args:
        uri: `SCHEME:FOLDER`.
        scheme: the scheme with its colon.
        description: the kind of model, for error messages.
        load: reads the folder; may raise FileNotFoundError or ValueError.

    Returns:
        The loaded model and its resolved folder.

    Raises:
        UserError: the URI has no folder, or `load` finds it missing or damaged.
    """
    path = uri.removeprefix(scheme)
    if not path:
        raise UserError(
            f"{uri!r} names no folder; write {scheme}FOLDER, where a trainer saved a {description}"
        )
    folder = Path(path).expanduser().resolve()
    try:
        return load(folder), folder
    except (FileNotFoundError, ValueError) as error:
        raise UserError(str(error)) from error
