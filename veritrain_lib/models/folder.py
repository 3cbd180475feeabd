"""Function that loads a model from the folder that its URI `SCHEME:FOLDER` names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from veritrain_lib.core.errors import UserError

Loaded = TypeVar("Loaded")


def load_from_folder(
    uri: str, scheme: str, description: str, load: Callable[[Path], Loaded]
) -> tuple[Loaded, Path]:
    """Load a model from the folder that its URI `SCHEME:FOLDER` names.

    Args:
        uri: the URI.
        scheme: the scheme with its colon, such as `student:`.
        description: the kind of model, for error messages.
        load: function that reads the folder; it may raise FileNotFoundError or ValueError.

    Returns:
        The loaded model and the absolute path of its folder.

    Raises:
        UserError: the URI names no folder, or `load` finds it missing or damaged.
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
