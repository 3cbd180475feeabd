"""Modules that the fork server of notebook kernels (zygote) imports, and conditions under which a new one is needed."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path

PRELOAD = "VERITRAIN_PRELOAD"
"""Environment variable with modules, separated by commas, that the fork server (zygote) imports instead of `MODULES`.

If it begins with `+`, they are imported in addition to `MODULES`.
"""

WARM_UP = "veritrain.warm_up"
"""Group of entry points for functions that do work once, in the fork server (zygote), on behalf of every kernel.

Such a function must start no thread, run no OpenMP code and leave no file, socket or database open.
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
"""Modules that every forked Jupyter kernel needs; the fork server (zygote) imports them first."""

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
"""Modules that the fork server (zygote) imports in this order after `KERNEL`; missing ones are skipped.

The last one stands for this library with all its modules.
"""

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
"""Prefixes of environment variables that libraries read at import; if one differs, a new fork server is needed."""

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
"""Environment variables that limit the threads of numeric libraries.

Libraries read them when they are loaded, so a forked process applies them through threadpoolctl.
"""


def plan(environment: Mapping[str, str], prepare: Sequence[str]) -> dict[str, list[str]]:
    """Return the modules that the fork server (zygote) imports for a kernel environment, and the functions it calls.

    Args:
        environment: Environment of the kernels.
        prepare: Further functions to call, as texts `module:function` or `module:function=ARGUMENT`.

    Returns:
        `modules`: the modules to import, in order. `prepare`: the functions to call; none if the environment variable
        `VERITRAIN_PRELOAD` names modules that replace the default ones.
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
    """Return the environment variables, sorted by name, that libraries read while they are imported.

    A kernel for which one of them differs can't be forked from the same fork server (zygote).
    """
    return {
        name: environment[name]
        for name in sorted(environment)
        if name.startswith(READ_AT_IMPORT) or name == PRELOAD
    }


def code_state() -> str:
    """Return a digest that changes when the library's files or the set of installed packages change.

    A new fork server (zygote) is then needed. The digest covers names, sizes and modification times, not contents,
    because it is computed before every kernel.
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
