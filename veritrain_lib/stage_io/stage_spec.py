"""What each stage takes from the record and files in it: one small protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from veritrain_lib.core.errors import UserError
from veritrain_lib.stages import NAMES

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.result import StageResult
    from veritrain_lib.tracking.entities import Run


@dataclass(frozen=True)
class Inputs:
    """What a stage was given, resolved.

    `names` are for people (dataset@version, model addresses); `digest` names the content of everything that
    can change the result, beside the library's code; `things` are the resolved objects.
    """

    names: dict[str, str]
    digest: dict[str, str]
    things: dict[str, Any] = field(default_factory=dict)


class Binding(Protocol):
    """One stage's way to the record.

    One that makes more than files of its run may have `missing(task, run)`: what of that is gone, by name.
    """

    PARAMETERS: Mapping[str, Any]
    """Notebook parameters beside `task` and `round_run`, with their defaults (whose type is theirs)."""

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """Find the inputs. Raises UserError when something is missing, before any work."""
        ...

    def work(self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str) -> StageResult:
        """Do it, and file what MLflow shows beside the result: datasets, models, aliases, pages."""
        ...

    def result_class(self) -> type[StageResult]:
        """The class that opens a stored result."""
        ...


def binding(stage: str) -> Binding:
    """The binding of a stage. Raises UserError for an unknown stage."""
    if stage not in NAMES:
        raise UserError(f"no stage is called {stage!r}; stages: {', '.join(NAMES)}")
    found: Binding = import_module(f"veritrain_lib.stage_io.{stage}").BINDING
    return found


def missing(task: Task, run: Run) -> list[str]:
    """What a finished run of a stage has stored and is gone, by name: its own files, and what it made beside them."""
    from veritrain_lib.tracking import lookup

    own = lookup.missing(run)
    stage = run.data.tags.get("veritrain.stage", "")
    beside = getattr(binding(stage), "missing", None) if stage in NAMES else None
    return own or (beside(task, run) if beside else [])
