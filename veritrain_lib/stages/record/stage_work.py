"""The work of a stage (task, parameters, inputs), and the digest by which finished work is found again.

Open this to see when two runs of a stage count as the same work, and what a change in a notebook's cell does to that.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.stages.record import edited_inputs
from veritrain_lib.stages.record.offered import Offered
from veritrain_lib.stages.record.upstream import resolve_inputs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.base import Inputs, StageSpec

LEFT = "style='text-align:left'"

COMMON_PARAMETERS = {"task": "", "round_run": "", "run_upstream": False}
"""Parameters that every stage notebook has, with their defaults; they do not change the stage's work.

`task` is the task's name or file (empty: the one used last), `round_run` the id of the MLflow run of the round that the
stage belongs to (empty: none), `run_upstream` whether to run earlier stages that make a missing input.
"""


class StageWork(Offered):
    """The work that a stage has to do: its task, parameters and inputs. In a notebook it displays them.

    Attributes:
        stage: The stage's name, one of `stages.NAMES`.
        spec: The stage's specification.
        task: The task.
        parameters: All parameters of the stage, by name, with defaults filled in.
        inputs: The inputs, in which values that a notebook's cell passed to `run` have replaced the stage's own.
    """

    def __init__(self, stage: str, spec: StageSpec, task: Task, parameters: Mapping[str, Any]) -> None:
        """Find the stage's inputs.

        Args:
            stage: The stage's name, one of `stages.NAMES`.
            spec: The stage's specification.
            task: The task.
            parameters: All parameters of the stage, by name.
        """
        self.stage, self.spec, self.task = stage, spec, task
        self.parameters = dict(parameters)
        self._own_inputs: Inputs = resolve_inputs(spec, stage, task, self.parameters)
        self.inputs: Inputs = self._own_inputs

    @property
    def digest(self) -> str:
        """The digest that identifies the stage's work: stage, task, code, parameters and the content of the inputs."""
        return self.digest_with(self.inputs)

    @property
    def own_digest(self) -> str:
        """The digest of the stage's work without changes made in a notebook's cell; the loop looks for this one."""
        return self.digest_with(self._own_inputs)

    @property
    def edited(self) -> str:
        """The inputs that a notebook's cell replaced, in words: `suite: near_duplicate 0.1 -> 0.02`; empty for none."""
        return edited_inputs.description(self.inputs)

    @property
    def round_run(self) -> str:
        """The id of the MLflow run of the stage's round; empty for no round, or if a cell replaced an input."""
        return "" if self.inputs.edits else str(self.parameters["round_run"])

    @property
    def own_parameters(self) -> dict[str, Any]:
        """The parameters that only this stage has, without `COMMON_PARAMETERS`, by name."""
        return {name: value for name, value in self.parameters.items() if name in self.spec.PARAMETERS}

    def offers(self) -> Mapping[str, Callable[[], Any]]:
        """Return a mapping of name to function for what the notebook can display before its run, such as `rows`."""
        return self.spec.offers(self.task, self.parameters, self._own_inputs)

    def digest_with(self, inputs: Inputs) -> str:
        """Return the digest that the stage's work would have with the given inputs, see `digest`."""
        # An input given by name and the same one found by default are the same work.
        parameters = {name: value for name, value in self.own_parameters.items() if name not in inputs.names}
        return digest.of_json([self.stage, digest.of_code(), self.task.name, parameters, inputs.digest])

    def inputs_with(self, **changes: Any) -> Inputs:
        """Return the stage's inputs with those replaced that a notebook's cell passes to `run`, after checking them.

        Args:
            **changes: The values that the cell passes, by the name of the input.

        Raises:
            UserError: when the stage accepts no input of that name, or the value can't be used.
        """
        return edited_inputs.apply_edits(
            self.spec, self.stage, self.task, self.parameters, self._own_inputs, changes
        )

    def _repr_html_(self) -> str:
        rows = {
            **self.inputs.names,
            **{key: value for key, value in self.parameters.items() if key not in self.inputs.names},
        }
        cells = "".join(
            f"<tr><th {LEFT}>{html.escape(key)}</th><td {LEFT}>{html.escape(str(value))}</td></tr>"
            for key, value in rows.items()
            if value != "" and key != "run_upstream"
        )
        title = f"<p><strong>{html.escape(self.stage)}</strong> for task {html.escape(self.task.name)}</p>"
        return f"{title}<table>{cells}</table>"
