"""`start_stage`, the call in the first cell of every stage notebook: it checks the parameters and finds the inputs.

Open this to see which parameters a notebook may set, and what happens when its first cell is run again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.kernel_process.redaction import redact_current_kernel
from veritrain_lib.stages.base import check_seed, spec_of
from veritrain_lib.stages.record.stage_run import StageRun
from veritrain_lib.stages.record.stage_work import COMMON_PARAMETERS
from veritrain_lib.tracking import store


def start_stage(stage: str, namespace: Mapping[str, Any]) -> StageRun:
    """Check a stage notebook's parameters and find the stage's inputs. No MLflow run is opened and nothing is paid.

    A second call in the same kernel returns the stage that is still open, if parameters and inputs are the same. If
    they differ, that stage is abandoned (its run ends as KILLED) and a new one returned.

    Args:
        stage: The stage's name, one of `stages.NAMES`.
        namespace: The notebook's `globals()`.

    Returns:
        The stage, on which the notebook calls `run()`.

    Raises:
        UserError: when a parameter is unknown or has the wrong type, or an input does not exist.
    """
    redact_current_kernel()
    spec = spec_of(stage)
    allowed = {**COMMON_PARAMETERS, **spec.PARAMETERS}
    _validate_parameters(namespace, allowed)
    parameters = {name: namespace.get(name, default) for name, default in allowed.items()}
    stage_run = StageRun(stage, parameters, spec)
    key = (store.uri(), stage)
    previous = _started.get(key)
    if previous is not None and previous.is_open:
        if previous.own_digest == stage_run.own_digest:
            return previous
        previous.abandon("started again with other parameters or inputs before the last cell")
    _started[key] = stage_run
    return stage_run


_started: dict[tuple[str, str], StageRun] = {}
"""The stages that this kernel has started, by MLflow store and name, so that running the first cell again leaves no run
open. A stage that is open in another store stays so: this store does not have its run, so it could not be ended here."""


def _validate_parameters(namespace: Mapping[str, Any], allowed: Mapping[str, Any]) -> None:
    from veritrain_lib.execution.parameters import check_injected

    cells = [cell for cell in namespace.get("In", []) if isinstance(cell, str)]
    check_injected(cells, {name: type(default).__name__ for name, default in allowed.items()})
    for name, default in allowed.items():
        value = namespace.get(name, default)
        fits = isinstance(value, type(default)) or (isinstance(default, float) and isinstance(value, int))
        if not fits or (isinstance(value, bool) and not isinstance(default, bool)):
            raise UserError(
                f"parameter {name} is {value!r} ({type(value).__name__}); it must be {type(default).__name__}"
            )
        if name == "seed":
            check_seed(value)
