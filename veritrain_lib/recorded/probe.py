"""Probe in the record: a model's address in, its card out (also as tags of the model's version)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from veritrain_lib.models.base import open_model
from veritrain_lib.recorded import sources
from veritrain_lib.recorded.binding import Inputs
from veritrain_lib.recorded.defaults import model_or_seed
from veritrain_lib.stages import probe
from veritrain_lib.task import Task
from veritrain_lib.tracking import models, runs


class Probe:
    """Binding of the probe stage."""

    PARAMETERS: ClassVar[Mapping[str, Any]] = {"model": "", "rows": 240, "seed": 0}

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """`model`: an address; empty means the champion, and where there is none a seed model is trained."""
        uri = model_or_seed(task, parameters["model"])
        content = {
            "model": models.identity(task, uri),
            "task": task.digest("inputs", "target", "contract", "metrics"),
            "data": task.data_digest("development"),
        }
        return Inputs({"model": uri}, content)

    def work(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str
    ) -> probe.ProbeResult:
        """Measure; the model's version carries the rates as tags."""
        uri = inputs.names["model"]
        config = probe.ProbeConfig(rows=parameters["rows"], seed=parameters["seed"])
        result = probe.run(config, task, open_model(uri, task), sources.development_rows(task))
        runs.log_table(run_id, result.tables["evidence"], "evidence.json")
        if uri.startswith("models:/"):
            measured = {name: measure.model_dump() for name, measure in result.measures.items()}
            models.tag_version(
                task,
                models.describe(task, uri).version,
                {"veritrain.probe": json.dumps(measured), "veritrain.probe.run": run_id},
            )
        return result

    def result_class(self) -> type[probe.ProbeResult]:
        """The class of the stored result."""
        return probe.ProbeResult


BINDING = Probe()
