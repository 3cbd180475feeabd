"""Environment variables of a stage that the server starts: all that it needs, and none of the server's secrets."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from veritrain_lib.core import project
from veritrain_lib.llm.keys import KEY_NAMES, setting
from veritrain_lib.redaction.secret_values import find_secrets
from veritrain_lib.tracking import models, runs, store

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

EXTRA_VARIABLES = "VERITRAIN_STAGE_VARIABLES"
"""Environment variable with further secrets that stages get, separated by commas: an extension's keys."""

SERVER_ONLY = re.compile(r"SECRET_KEY|DATABASE_URL|REDIS_URL|_MLFLOW_.*")
"""Variables that only the server needs, whatever their value. A stage finds the record by MLFLOW_TRACKING_URI."""

SERVICE_URI = re.compile(r"\b(openai|azure):/")
MODEL_VERSION_URI = re.compile(r"models:/([^/\"\\@]+)(?:/(\d+)|@(\w+))")
PROXY_VARIABLE = re.compile(r"(https?|all)_proxy", re.IGNORECASE)


def environment_for_run(run_id: str) -> dict[str, str]:
    """Return the variables for the job of a run: only the keys of services that its task or its request name."""
    run = runs.get(run_id)
    task = _task(run.data.tags.get("veritrain.task", ""))
    return stage_environment(task, [json.dumps(run.data.tags), json.dumps(run.data.params)])


def stage_environment(task: Task | None, requested: Iterable[str] = ()) -> dict[str, str]:
    """Return this process' environment without its secrets, except those that the work needs.

    Args:
        task: The task.
        requested: Texts of the request. A URI of a chat model in them or in the task, or the version of a model that is
            hosted by a service, includes that service's key.
    """
    services = _services(task, requested)
    allowed = {name for service in services for name in KEY_NAMES[service]}
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


def _task(name: str) -> Task | None:
    from veritrain_lib.stages.inputs.tasks import task_by_name

    return task_by_name(name) if name else None
