"""The six stages of a round, one folder each, in this order: probe, generate, gate, train, evaluate, report.

A stage's folder has four files: `inputs.py` finds the datasets and models that the stage reads, by name; `run.py` holds
the stage's parameters and the function that does the work; `result.py` holds the class of its result, which displays
itself in a notebook; `record.py` stores that result in MLflow. Every stage notebook begins with `start_stage`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veritrain_lib.core.stage_list import NAMES

if TYPE_CHECKING:
    from veritrain_lib.stages.record.stage_run import StageRun
    from veritrain_lib.stages.record.start_stage import start_stage


def __getattr__(name: str) -> Any:
    # Imported when first used: the command line reads NAMES, and must not load MLflow for it.
    if name == "StageRun":
        from veritrain_lib.stages.record.stage_run import StageRun

        return StageRun
    if name == "start_stage":
        from veritrain_lib.stages.record.start_stage import start_stage

        return start_stage
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["NAMES", "StageRun", "start_stage"]
