"""What the zygote imports, and what makes a zygote stale."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path

PRELOAD = "VERITRAIN_PRELOAD"
"""Environment variable: modules to import instead of `MODULES`, separated by commas; beside them after a `+`."""

WARM_UP = "veritrain.warm_up"
"""Group of entry points: functions that do work once, ahead, for every kernel. They must start no thread, run no
OpenMP code and keep no file, socket or database open."""

KERNEL = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "ipykernel.debugger",
    "IPython.core.completer",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.core.pylabtools",
    "IPython.extensions.storemagic",
    "tornado.platform.asyncio",
    "threadpoolctl",
    "veritrain_lib.execution.warm.streams",
)
"""What every kernel is made of."""

MODULES: tuple[str, ...] = (
    "pandas",
    "pandas.core.arrays.arrow.extension_types",
    "pandas.core.methods.to_dict",
    "pandas.core.reshape.reshape",
    "pandas.io.formats.csvs",
    "pandas.io.formats.html",
    "pandas.io.formats.string",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "scipy.sparse",
    "scipy.stats",
    "sklearn.ensemble",
    "sklearn.feature_extraction.text",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "sklearn.pipeline",
    "sklearn.svm",
    "skops.io",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "PIL.JpegImagePlugin",
    "PIL.PngImagePlugin",
    "mlflow",
    "mlflow.data.pandas_dataset",
    "mlflow.models.signature",
    "mlflow.pyfunc",
    "mlflow.sklearn",
    "mlflow.tracking",
    "alembic.command",
    "alembic.config",
    "great_expectations",
    "fpdf",
    "jsonschema_rs",
    "lingua",
    "psutil",
    "rensa",
    "yaml",
    "veritrain_lib",
)
"""Imported in this order, with every module of this library; one that is not installed is passed over."""

READ_AT_IMPORT = (
    "PYTHON",
    "LD_",
    "DYLD_",
    "LC_",
    "LANG",
    "MPL",
    "MATPLOTLIB",
    "IPYTHON",
    "JUPYTER_",
    "XDG_",
    "HOME",
)
"""Beginnings of names of environment variables that libraries read while they are imported."""

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
"""Variables that limit threads. Libraries read them when loaded, so a fork applies them by threadpoolctl."""


def plan(environment: Mapping[str, str], prepare: Sequence[str]) -> dict[str, list[str]]:
    """What a zygote for kernels with this environment does before it forks.

    `modules` to import, in order; functions to `prepare` with, as `module:function`, with `=argument` where
    they take one. Where `PRELOAD` asks for a stack of the user's own there are no functions.
    """
    asked = environment.get(PRELOAD, "+").strip()
    own = [name.strip() for name in asked.removeprefix("+").split(",") if name.strip()]
    whole = asked.startswith("+")
    return {
        "modules": [*KERNEL, *(MODULES if whole else ()), *own],
        "prepare": [*_functions(WARM_UP), *prepare] if whole else [],
    }


def _functions(group: str) -> list[str]:
    return sorted(point.value for point in entry_points(group=group))


def import_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of a kernel's environment that has to hold while the stack is imported, sorted by name.

    A kernel whose part differs can't be forked from the same zygote.
    """
    return {
        name: environment[name]
        for name in sorted(environment)
        if name.startswith(READ_AT_IMPORT) or name == PRELOAD
    }


def code_state() -> str:
    """A digest that changes when this library's code or the set of installed packages does.

    Names, sizes and times of change are looked at, not contents: it is asked before every kernel.
    """
    package = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    for folder, below, files in os.walk(package):
        below[:] = sorted(name for name in below if name != "__pycache__")
        for name in sorted(files):
            if name.endswith((".py", ".yaml", ".json", ".jinja")):
                seen = os.stat(os.path.join(folder, name))
                digest.update(f"{folder}/{name} {seen.st_size} {seen.st_mtime_ns}\n".encode())
    for place in sys.path:
        if place.endswith(("site-packages", "dist-packages")) and os.path.isdir(place):
            digest.update(f"{place} {os.stat(place).st_mtime_ns}\n".encode())
    return digest.hexdigest()
