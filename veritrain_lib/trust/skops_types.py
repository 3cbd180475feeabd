"""Which classes a skops file names.

A skops file is a zip with a description (`schema.json`) that names every class and function of which the model is to be
built. skops refuses those that it doesn't know, unless the file's own author vouches for them; here the list is ours.
It is shorter than skops': estimators that hand arrays of the file to compiled code unchecked (trees, libsvm, neighbours)
are not on it.
"""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

PLAIN = re.compile(
    r"(builtins\.(dict|list|tuple|set|int|float|complex|str|bool|bytes|bytearray|slice|type|NoneType)"
    r"|collections\.(OrderedDict|defaultdict)|numpy\.[A-Za-z_0-9]+|numpy\.(ma|matrixlib|dtypes|random)\.[A-Za-z_0-9.]+"
    r"|scipy\.sparse\.[A-Za-z_0-9.]+"
    r"|sklearn\.(linear_model|feature_extraction|preprocessing|pipeline|compose|naive_bayes|dummy|calibration"
    r"|feature_selection|neural_network|decomposition|impute|multiclass|_loss)\.[A-Za-z_0-9.]+"
    r"|sklearn\.svm\._classes\.Linear(SVC|SVR)|sklearn\.utils\._bunch\.Bunch)"
)
"""Classes that hold no code. What skops itself does not trust is refused by skops besides."""


def foreign_types(file: Path) -> list[str]:
    """The classes and functions that a skops file names beside the plain ones, sorted. Raises as `named_types`."""
    return [name for name in named_types(file) if not PLAIN.fullmatch(name)]


def named_types(file: Path) -> list[str]:
    """The classes and functions that a skops file names, sorted.

    Raises ValueError for what is no skops file.
    """
    try:
        with zipfile.ZipFile(file) as packed:
            schema = json.loads(packed.read("schema.json"))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, RecursionError) as error:
        raise ValueError(f"{file.name} is no skops file: {error}") from error
    found: set[str] = set()
    waiting: list[Any] = [schema]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "__class__" in one or "__module__" in one:
                found.add(f"{one.get('__module__')}.{one.get('__class__')}")
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return sorted(found)
