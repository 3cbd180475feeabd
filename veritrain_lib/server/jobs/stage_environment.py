"""Choice of the environment variables of a process that runs pipeline stages: what they need, without other secrets."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from veritrain_lib.core import project
from veritrain_lib.llm.keys import setting
from veritrain_lib.llm.providers import PROVIDERS
from veritrain_lib.loop import experiment_run
from veritrain_lib.redaction.secret_values import find_secrets
from veritrain_lib.server.tasks import find_task
from veritrain_lib.tracking import models, runs, store

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

EXTRA_VARIABLES = "VERITRAIN_STAGE_VARIABLES"
"""Name of the setting that lists further secret variables for stages, separated by commas, such as an API key."""

SERVER_ONLY = re.compile(r"SECRET_KEY|DATABASE_URL|REDIS_URL|_MLFLOW_.*")
"""Variables that no stage gets, whatever their value. A stage finds the tracking store by `MLFLOW_TRACKING_URI`."""

WORKER_VARIABLES = ("DATABASE_URL", "REDIS_URL")
"""Variables that an experiment's process gets if Celery workers run its stages, so that it can reach them."""

SERVICE_URI = re.compile(rf"\b({'|'.join(PROVIDERS)}):/")
"""Regular expression for the URI scheme of a paid chat-model service."""
MODEL_VERSION_URI = re.compile(r"models:/([^/\"\\@]+)(?:/(\d+)|@(\w+))")
"""Regular expression for an MLflow URI of a model version, by number or by alias."""
PROXY_VARIABLE = re.compile(r"(https?|all)_proxy", re.IGNORECASE)
"""Regular expression for proxy variables, such as HTTPS_PROXY.

A process that may call a paid service gets them even if they contain a password.
"""


def environment_for_run(run_id: str) -> dict[str, str]:
    """Return the environment variables for the background job of an MLflow run.

    They contain the API key of a paid service only if the run's task or request names a model of that service.

    Raises:
        UserError: The run is an experiment, and the setting `VERITRAIN_RUNNER` names no runner.
    """
    run = runs.get(run_id)
    task = find_task(run.data.tags.get("veritrain.task", ""))
    variables = stage_environment(task, [json.dumps(run.data.tags), json.dumps(run.data.params)])
    if experiment_run.request_of(run) is not None and experiment_run.is_for_workers():
        variables |= {name: os.environ[name] for name in WORKER_VARIABLES if name in os.environ}
    return variables


def stage_environment(task: Task | None, requested: Iterable[str] = ()) -> dict[str, str]:
    """Return the environment variables for a process that runs pipeline stages.

    They are those of the calling process without its secrets, except for secrets that the stages need.

    Args:
        task: Task that the stages belong to; None if it is not known.
        requested: Texts from the request for the stages. If one of them, or the task, names a chat model of a paid
            service or a registered model that such a service hosts, the service's API key is included.
    """
    services = _services(task, requested)
    allowed = {name for service in services for name in PROVIDERS[service].key_settings}
    allowed |= {name.strip() for name in (setting(EXTRA_VARIABLES) or "").split(",")}
    stage_variables = {
        name: value
        for name, value in os.environ.items()
        if not SERVER_ONLY.fullmatch(name)
        and (
            name in allowed
            or (services and PROXY_VARIABLE.fullmatch(name))
            or not find_secrets({name: value})
        )
    }
    return {**stage_variables, "VERITRAIN_HOME": str(project.root()), "MLFLOW_TRACKING_URI": store.uri()}


def _services(task: Task | None, requested: Iterable[str]) -> set[str]:
    """Return the paid services (`openai`, `azure`) whose models the task or the texts of a request name."""
    texts = [*requested]
    if task is not None:
        texts += [task.model_dump_json(), f"models:/{task.name}@{models.CHAMPION}"]
    services = {service for text in texts for service in SERVICE_URI.findall(text)}
    for name, version, alias in {match for text in texts for match in MODEL_VERSION_URI.findall(text)}:
        services |= set(
            SERVICE_URI.findall(
                models.remote_address(f"models:/{name}@{alias}" if alias else f"models:/{name}/{version}")
            )
        )
    return services
