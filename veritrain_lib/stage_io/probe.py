"""The probe stage in MLflow: it reads a model's address and stores its probe card, also as tags of the model version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, cast

from veritrain_lib.core.task import Task
from veritrain_lib.stage_io import sources
from veritrain_lib.stage_io.defaults import resolve_model, run_upstream
from veritrain_lib.stage_io.open_models import check_judged_metrics, open_model_for
from veritrain_lib.stage_io.stage_spec import Inputs
from veritrain_lib.stages import probe
from veritrain_lib.tracking import models, runs


class ProbeSpec:
    """Specification of the probe stage."""

    PARAMETERS: ClassVar[Mapping[str, Any]] = {
        "model": "",
        "models": "",
        "rows": 240,
        "extra_rows": 40,
        "seed": 0,
    }

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """Find the model and the models to compare it with.

        The parameter `model` is an address; empty means the champion, and where there is none a seed model is trained.
        `models` are further addresses, separated by commas, that are probed too and shown beside it on the card.
        """
        uri = resolve_model(task, parameters["model"])
        addresses = [address.strip() for address in parameters["models"].split(",") if address.strip()]
        others = [
            address
            for address in dict.fromkeys(resolve_model(task, address) for address in addresses)
            if address != uri
        ]
        content = {
            "model": models.identity(task, uri),
            "task": task.digest("inputs", "target", "contract", "metrics"),
            "data": task.data_digest("development"),
            "set_aside": sources.all_set_aside(task),
        }
        if others:
            content["models"] = json.dumps([[address, models.identity(task, address)] for address in others])
        return Inputs({"model": uri, "models": ", ".join(others)}, content, {"others": others})

    def execute(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str
    ) -> probe.ProbeResult:
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
        return probe.with_other_models(result, [cast(probe.ProbeResult, other) for other in others])

    def result_class(self) -> type[probe.ProbeResult]:
        """Return the class of the stored result."""
        return probe.ProbeResult


SPEC = ProbeSpec()
