"""The modules that the zygote imports, and the conditions that make a zygote stale."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path

PRELOAD = "VERITRAIN_PRELOAD"
"""Environment variable: modules, separated by commas, to import instead of `MODULES`; after a `+`, also."""

WARM_UP = "veritrain.warm_up"
"""Group of entry points: functions that do work once, in advance, for every kernel.

They must start no thread, run no OpenMP code and keep no file, socket or database open.
"""

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
    "veritrain_lib.fast.kernel_streams",
)
"""Modules that every kernel needs."""

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
    "yaml",
    "veritrain_lib",
)
"""Imported in this order, with every module of this library; one that is not installed is skipped."""

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
    "VERITRAIN_FAST",
)
"""Prefixes of environment variables that libraries read while they are imported."""

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
    """Return what a zygote for kernels with this environment does before it forks.

    Args:
        environment: The environment of the kernels.
        prepare: Further functions to call, as `module:function`, with `=argument` where they take one.

    Returns:
        `modules` to import, in order, and functions to `prepare` with. Where `PRELOAD` asks for a stack of
        the user's own there are no functions.
    """
    preload = environment.get(PRELOAD, "+").strip()
    extra_modules = [name.strip() for name in preload.removeprefix("+").split(",") if name.strip()]
    extends_default = preload.startswith("+")
    return {
        "modules": [*KERNEL, *(MODULES if extends_default else ()), *extra_modules],
        "prepare": [*_functions(WARM_UP), *prepare] if extends_default else [],
    }


def _functions(group: str) -> list[str]:
    return sorted(point.value for point in entry_points(group=group))


def import_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the part of a kernel's environment that has to hold while the stack is imported, sorted by name.

    A kernel whose part differs can't be forked from the same zygote.
    """
    return {
        name: environment[name]
        for name in sorted(environment)
        if name.startswith(READ_AT_IMPORT) or name == PRELOAD
    }


def code_state() -> str:
    """Return a digest that changes when this library's code or the set of installed packages does.

    It covers names, sizes and modification times, not contents, because it is computed before every kernel.
    """
    package = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    for folder, below, files in os.walk(package):
        below[:] = sorted(name for name in below if name != "__pycache__")
        for name in sorted(files):
            if name.endswith((".py", ".yaml", ".json", ".jinja")):
                status = os.stat(os.path.join(folder, name))
                digest.update(f"{folder}/{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    for entry in sys.path:
        if entry.endswith(("site-packages", "dist-packages")) and os.path.isdir(entry):
            digest.update(f"{entry} {os.stat(entry).st_mtime_ns}\n".encode())
    return digest.hexdigest()
