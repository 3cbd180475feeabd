"""The classes that a skops file names.

A skops file is a zip with a description (`schema.json`) that names every class and function of which the model is
built. skops rejects those that it doesn't know, unless the file's own author vouches for them; here the list is
ours. It is shorter than skops': estimators that pass arrays of the file to compiled code unchecked (trees, libsvm,
neighbours) are not on it.
"""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

SKOPS_FILE = "model.skops"
"""File of a scikit-learn model as MLflow stores it by default."""

SAFE_TYPES = re.compile(
    r"(builtins\.(dict|list|tuple|set|int|float|complex|str|bool|bytes|bytearray|slice|type|NoneType)"
    r"|collections\.(OrderedDict|defaultdict)|numpy\.[A-Za-z_0-9]+|numpy\.(ma|matrixlib|dtypes|random)\.[A-Za-z_0-9.]+"
    r"|scipy\.sparse\.[A-Za-z_0-9.]+"
    r"|sklearn\.(linear_model|feature_extraction|preprocessing|pipeline|compose|naive_bayes|dummy|calibration"
    r"|feature_selection|neural_network|decomposition|impute|multiclass|_loss)\.[A-Za-z_0-9.]+"
    r"|sklearn\.svm\._classes\.Linear(SVC|SVR)|sklearn\.utils\._bunch\.Bunch)"
)
"""Classes that hold no code. What skops itself does not trust is rejected by skops besides."""


def unapproved_types(file: Path) -> list[str]:
    """Return the classes and functions that a skops file names beside `SAFE_TYPES`, sorted.

    Raises:
        ValueError: The file is not a skops file.
    """
    return [name for name in named_types(file) if not SAFE_TYPES.fullmatch(name)]


def untrusted_types(file: Path) -> list[str]:
    """Return the classes in a skops file that skops itself does not trust.

    Raises:
        ValueError: The file is damaged.
    """
    import skops.io

    try:
        return sorted(skops.io.get_untrusted_types(file=file))
    except Exception as error:
        raise ValueError(f"its {file.name} is damaged: {type(error).__name__}: {error}") from error


def named_types(file: Path) -> list[str]:
    """Return the classes and functions that a skops file names, sorted.

    Raises:
        ValueError: The file is not a skops file.
    """
    try:
        with zipfile.ZipFile(file) as packed:
            schema = json.loads(packed.read("schema.json"))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, RecursionError) as error:
        raise ValueError(f"{file.name} is not a skops file: {error}") from error
    names: set[str] = set()
    pending: list[Any] = [schema]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            if "__class__" in node or "__module__" in node:
                names.add(f"{node.get('__module__')}.{node.get('__class__')}")
            pending += node.values()
        elif isinstance(node, list):
            pending += node
    return sorted(names)
