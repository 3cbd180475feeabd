"""The six stages, each a folder, in the order of the loop: probe, generate, gate, train, evaluate, report.

A stage's folder has `inputs.py` (from names to what goes in), `run.py` (the pure function and its config), `result.py`
(what it gave, which shows itself) and `record.py` (files it in MLflow). `start_stage` opens every stage notebook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veritrain_lib.core.stage_list import NAMES

if TYPE_CHECKING:
    from veritrain_lib.stages.record.stage_run import StageRun, start_stage


def __getattr__(name: str) -> Any:
    # Imported when first used: the command line reads NAMES, and must not load MLflow for it.
    if name in ("StageRun", "start_stage"):
        from veritrain_lib.stages.record import stage_run

        return getattr(stage_run, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["NAMES", "StageRun", "start_stage"]
