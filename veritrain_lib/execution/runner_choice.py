"""List of the runners of notebook jobs (this machine or Celery workers), and the choice of one by name.

Open this to add a runner: put its class into `RUNNERS`, and every command, the server and the library can use it.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.execution.jobs import warm_kernels_requested
from veritrain_lib.llm.keys import setting

if TYPE_CHECKING:
    from veritrain_lib.execution.jobs import JobRunner
    from veritrain_lib.execution.workers.remote_runner import RemoteRunner

RUNNERS = {
    "local": "veritrain_lib.execution.jobs:LocalRunner",
    "celery": "veritrain_lib.execution.workers.remote_runner:RemoteRunner",
}
"""Path of each runner's class by its name, imported when it is used; the first one is the default.

The class of a runner of notebooks (`execution.jobs.JobRunner`) takes the argument `warm`: whether to use forked
kernels.
"""

STAGE_RUNNERS = ("celery",)
"""Names of the runners that are given stages by name, for other machines; all others (`JobRunner`) get notebooks."""


def chosen_runner(name: str | None = None) -> str:
    """Return the name of the runner of notebook jobs to use.

    Args:
        name: Name that the user asked for; None for that of the setting `VERITRAIN_RUNNER`, or `local` if it is not
            set.

    Raises:
        UserError: There is no runner with this name.
    """
    chosen = name or setting("VERITRAIN_RUNNER") or next(iter(RUNNERS))
    if chosen not in RUNNERS:
        raise UserError(f"VERITRAIN_RUNNER is {chosen!r}; allowed: {', '.join(RUNNERS)}")
    return chosen


def open_runner(name: str | None = None, *, ready: Sequence[str] = ()) -> JobRunner | RemoteRunner:
    """Create the runner that executes the notebooks of a loop's stages: on this machine, or on Celery workers.

    Args:
        name: Name of the runner; None for the settings' choice.
        ready: Functions (as texts, see `JobRunner.get_ready`) that a runner on this machine calls in advance.

    Returns:
        A runner of notebooks, or a `RemoteRunner`, which gives whole stages to workers.

    Raises:
        UserError: There is no runner with this name.
        Infrastructure: The runner needs a setting that is missing.
    """
    chosen = chosen_runner(name)
    if chosen in STAGE_RUNNERS:
        stage_runner: RemoteRunner = _class_of(chosen)()
        return stage_runner
    runner: JobRunner = _class_of(chosen)(warm=warm_kernels_requested(default=True))
    runner.get_ready(*ready)
    return runner


def notebook_runner(*, warm: bool = True) -> JobRunner:
    """Create a runner of notebooks: the one that the settings choose if it runs notebooks, else the local one.

    Args:
        warm: Whether to use forked kernels, which is worth it when several notebooks follow; the environment variable
            `VERITRAIN_KERNELS` overrides it.

    Raises:
        UserError: The settings name an unknown runner, or `VERITRAIN_KERNELS` is neither `warm` nor `cold`.
    """
    chosen = chosen_runner()
    if chosen in STAGE_RUNNERS:
        chosen = next(iter(RUNNERS))
    runner: JobRunner = _class_of(chosen)(warm=warm_kernels_requested(default=warm))
    return runner


def _class_of(name: str) -> Any:
    module, _, attribute = RUNNERS[name].partition(":")
    return getattr(import_module(module), attribute)
