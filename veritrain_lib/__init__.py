"""Veri-Train: improvement of a model in a closed, verified loop.

Read in this order: `core/task.py` (what is asked of a model), `core/records.py` (types that all packages share),
`loop/loop.py` (the whole flow), then `stages/` (probe, generate, gate, train, evaluate, report).

`import veritrain_lib as vt` offers the functions of `library` (docs/library.md), which are loaded at their first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from veritrain_lib.library import (
        champion,
        evaluate,
        gate,
        load_task,
        open_dataset,
        overview,
        predict,
        probe,
        report,
        run_loop,
        train,
    )

__version__ = "0.1.0"

__all__ = [
    "champion", "evaluate", "gate", "load_task", "open_dataset", "overview", "predict", "probe", "report", "run_loop", "train",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Return a function of the library by name, loaded at its first use (PEP 562) to keep the package's import fast.

    Raises:
        AttributeError: The library has no function with this name.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from veritrain_lib import library

    return getattr(library, name)


def __dir__() -> list[str]:
    """Return the names of this module, including functions that are not loaded yet, for `dir` and completion."""
    return sorted({*globals(), *__all__})
