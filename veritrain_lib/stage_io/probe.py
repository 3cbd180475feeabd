"""Probe in the record: a model's address in, its card out (also as tags of the model's version)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, cast

from veritrain_lib.core.task import Task
from veritrain_lib.stage_io import sources
from veritrain_lib.stage_io.defaults import ahead, model_or_seed
from veritrain_lib.stage_io.open_models import guard_judged_metrics, opened_for
from veritrain_lib.stage_io.stage_spec import Inputs
from veritrain_lib.stages import probe
from veritrain_lib.tracking import models, runs


class Probe:
    """Binding of the probe stage."""

    PARAMETERS: ClassVar[Mapping[str, Any]] = {
        "model": "",
        "models": "",
        "rows": 240,
        "extra_rows": 40,
        "seed": 0,
    }

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """`model`: an address; empty means the champion, and where there is none a seed model is trained.

        `models`: further addresses, separated by commas, that are probed too and stand beside it on the card.
        """
        uri = model_or_seed(task, parameters["model"])
        given = [one.strip() for one in parameters["models"].split(",") if one.strip()]
        others = [one for one in dict.fromkeys(model_or_seed(task, one) for one in given) if one != uri]
        content = {
            "model": models.identity(task, uri),
            "task": task.digest("inputs", "target", "contract", "metrics"),
            "data": task.data_digest("development"),
            "set_aside": sources.all_set_aside(task),
        }
        if others:
            content["models"] = json.dumps([[one, models.identity(task, one)] for one in others])
        return Inputs({"model": uri, "models": ", ".join(others)}, content, {"others": others})

    def work(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str
    ) -> probe.ProbeResult:
        """Measure; the model's version carries the rates as tags. Each further model gets a run of its own."""
        uri = inputs.names["model"]
        own = {name: parameters[name] for name in ("rows", "extra_rows", "seed")}
        config = probe.ProbeConfig(**own, money=task.budget.money)
        guard_judged_metrics(task)
        with opened_for(task, uri, run_id) as model:
            result = probe.run(config, task, model, sources.development_rows(task))
        runs.log_table(run_id, result.tables["evidence"], "evidence.json")
        if uri.startswith("models:/"):
            measured = {name: measure.model_dump() for name, measure in result.measures.items()}
            known = models.describe(task, uri)
            models.tag_version(
                known.name,
                known.version,
                {"veritrain.probe": json.dumps(measured), "veritrain.probe.run": run_id},
            )
        others = [ahead(task, "probe", model=other, **own)[0] for other in inputs.things["others"]]
        return probe.beside(result, [cast(probe.ProbeResult, other) for other in others])

    def result_class(self) -> type[probe.ProbeResult]:
        """The class of the stored result."""
        return probe.ProbeResult


BINDING = Probe()
