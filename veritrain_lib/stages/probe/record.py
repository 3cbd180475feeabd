"""Probe stage in MLflow: stores the measurements of a model in a run, and as tags of the registered model version."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from veritrain_lib.core.task import Task
from veritrain_lib.stages.base import Inputs, StageSpec
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.open_models import check_judged_metrics, open_model_for
from veritrain_lib.stages.probe import edits
from veritrain_lib.stages.probe import inputs as probe_inputs
from veritrain_lib.stages.probe import run as probe
from veritrain_lib.stages.probe.result import ProbeResult
from veritrain_lib.stages.record.upstream import run_upstream
from veritrain_lib.tracking import models, runs


class ProbeSpec(StageSpec):
    """Specification of the probe stage: how it finds its inputs, runs, and loads its result; see `StageSpec`."""

    PARAMETERS = probe_inputs.PARAMETERS
    resolve = staticmethod(probe_inputs.resolve)
    RESULT = ProbeResult
    EDITABLE = ("development",)

    def offers(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs
    ) -> Mapping[str, Callable[[], Any]]:
        """Return a mapping of name to function for what the notebook can display before its run: `development` rows.

        The arguments are those of `StageSpec.offers`.
        """
        return {"development": lambda: sources.development_rows(task).copy()}

    def edit(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, name: str, value: Any
    ) -> Inputs:
        """Return the probe's inputs with the rows to ask about replaced by rows from a notebook's cell.

        The checks of these rows are in `probe.edits`.

        The arguments are those of `StageSpec.edit`.

        Raises:
            UserError: when the rows can't be used.
        """
        return edits.with_development(task, inputs, sources.development_rows(task), value)

    def execute(self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str) -> ProbeResult:
        """Probe the model, tag its registered version, and probe each further model in a run of its own.

        The tags hold the measures and the id of the run. No version is tagged when a notebook's cell replaced the rows,
        since the measures are then not those of the task's development rows.

        The arguments are those of `StageSpec.execute`.

        Returns:
            The model's measures, with those of the further models on its card.

        Raises:
            UserError: when a model can't be opened.
            Refused: when rows must not be sent to the provider of a paid model.
        """
        uri = inputs.names["model"]
        edited = inputs.resolved.get("development")
        development = sources.development_rows(task) if edited is None else edited
        shared_parameters = {name: parameters[name] for name in ("rows", "extra_rows", "seed")}
        config = probe.ProbeConfig(**shared_parameters, money=task.budget.money)
        check_judged_metrics(task, development)
        with open_model_for(task, uri, run_id) as model:
            result = probe.run(config, task, model, development)
        runs.log_table(run_id, result.tables["evidence"], "evidence.json")
        if uri.startswith("models:/") and not inputs.edits:
            measured = {name: measure.model_dump() for name, measure in result.measures.items()}
            version = models.describe(task, uri)
            models.tag_version(
                version.name,
                version.version,
                {"veritrain.probe": json.dumps(measured), "veritrain.probe.run": run_id},
            )
        others = [
            run_upstream(task, "probe", model=other, **shared_parameters)[0]
            for other in inputs.resolved["others"]
        ]
        return probe.with_other_models(result, [cast(ProbeResult, other) for other in others])


SPEC = ProbeSpec()
