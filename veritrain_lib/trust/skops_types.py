"""Classes that a skops file (a stored scikit-learn model) names, used to decide whether the file may be opened.

A skops file is a zip archive with a description, `schema.json`, that names all classes and functions of the model.
skops rejects classes that it does not know, unless its caller allows them. The list here is shorter than that of skops:
it leaves out estimators that pass arrays of the file unchecked to compiled code (trees, libsvm, neighbours).
"""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

SKOPS_FILE = "model.skops"
"""Name of the file in which MLflow stores a scikit-learn model by default."""

SAFE_TYPES = re.compile(
    r"(builtins\.(dict|list|tuple|set|int|float|complex|str|bool|bytes|bytearray|slice|type|NoneType)"
    r"|collections\.(OrderedDict|defaultdict)|numpy\.[A-Za-z_0-9]+|numpy\.(ma|matrixlib|dtypes|random)\.[A-Za-z_0-9.]+"
    r"|scipy\.sparse\.[A-Za-z_0-9.]+"
    r"|sklearn\.(linear_model|feature_extraction|preprocessing|pipeline|compose|naive_bayes|dummy|calibration"
    r"|feature_selection|neural_network|decomposition|impute|multiclass|_loss)\.[A-Za-z_0-9.]+"
    r"|sklearn\.svm\._classes\.Linear(SVC|SVR)|sklearn\.utils\._bunch\.Bunch)"
)
"""Regular expression for the classes that contain no code.

skops itself also rejects classes that it does not trust, even if they match.
"""


def unapproved_types(file: Path) -> list[str]:
    """Return the sorted names of the classes and functions in a skops file that are not on the list of safe ones.

    The list is the pattern `SAFE_TYPES`.

    Raises:
        ValueError: The file is not a skops file.
    """
    return [name for name in named_types(file) if not SAFE_TYPES.fullmatch(name)]


def untrusted_types(file: Path) -> list[str]:
    """Return the names of the classes in a skops file that the library skops itself does not trust, sorted.

    Raises:
        ValueError: The file is damaged.
    """
    import skops.io

    try:
        return sorted(skops.io.get_untrusted_types(file=file))
    except Exception as error:
        raise ValueError(f"its {file.name} is damaged: {type(error).__name__}: {error}") from error


def named_types(file: Path) -> list[str]:
    """Return the names of all classes and functions in a skops file (a stored scikit-learn model), sorted.

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
