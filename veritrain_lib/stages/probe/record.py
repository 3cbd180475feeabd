"""The probe stage in MLflow: it reads a model's address and stores its probe card, also as tags of the model version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from veritrain_lib.core.task import Task
from veritrain_lib.stages.base import Inputs, StageSpec
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.open_models import check_judged_metrics, open_model_for
from veritrain_lib.stages.probe import inputs as probe_inputs
from veritrain_lib.stages.probe import run as probe
from veritrain_lib.stages.probe.result import ProbeResult
from veritrain_lib.stages.record.upstream import run_upstream
from veritrain_lib.tracking import models, runs


class ProbeSpec(StageSpec):
    """Specification of the probe stage."""

    PARAMETERS = probe_inputs.PARAMETERS
    RESULT = ProbeResult

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """Find the inputs, see `probe.inputs.resolve`."""
        return probe_inputs.resolve(task, parameters)

    def execute(self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str) -> ProbeResult:
        """Probe the model and tag its version with the rates. Each further model gets a run of its own."""
        uri = inputs.names["model"]
        shared_parameters = {name: parameters[name] for name in ("rows", "extra_rows", "seed")}
        config = probe.ProbeConfig(**shared_parameters, money=task.budget.money)
        check_judged_metrics(task)
        with open_model_for(task, uri, run_id) as model:
            result = probe.run(config, task, model, sources.development_rows(task))
        runs.log_table(run_id, result.tables["evidence"], "evidence.json")
        if uri.startswith("models:/"):
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
