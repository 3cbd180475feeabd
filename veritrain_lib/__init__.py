"""Veri-Train: improving a model as a closed, verified loop.

Read in this order: `task` (what is asked of a model), `records` (what passes between rooms),
`loop` (the whole flow), then `stages` (probe, generate, gate, train, evaluate, report).

`import veritrain_lib as vt` offers the functions of `library` (docs/library.md). They are loaded when they are first used.
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
    """Load one of the library's functions (PEP 562): importing the package alone loads nothing heavy."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from veritrain_lib import library

    return getattr(library, name)


def __dir__() -> list[str]:
    """List the functions too, for `dir` and completion."""
    return sorted({*globals(), *__all__})
