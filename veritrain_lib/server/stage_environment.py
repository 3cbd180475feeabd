"""What a stage that the server starts finds in its environment: all that it needs, and none of the server's secrets."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from veritrain_lib.core import project
from veritrain_lib.llm.keys import KEY_NAMES, setting
from veritrain_lib.redaction.secret_values import secrets_of
from veritrain_lib.tracking import models, runs, store

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

ALSO = "VERITRAIN_STAGE_VARIABLES"
"""Names of secrets that stages get besides, with commas between them: an extension's keys."""

SERVERS = re.compile(r"SECRET_KEY|DATABASE_URL|REDIS_URL|_MLFLOW_.*")
"""What only the server needs, whatever it holds. Where the record is, a stage is told by MLFLOW_TRACKING_URI."""

ADDRESS = re.compile(r"\b(openai|azure):/")
VERSION = re.compile(r"models:/([^/\"\\@]+)(?:/(\d+)|@(\w+))")
NEEDED_TO_REACH = re.compile(r"(https?|all)_proxy", re.IGNORECASE)


def environment_for_run(run_id: str) -> dict[str, str]:
    """For the work of a run: keys of the services that its task or what was asked names, and of no other."""
    run = runs.get(run_id)
    task = _task(run.data.tags.get("veritrain.task", ""))
    return stage_environment(task, [json.dumps(run.data.tags), json.dumps(run.data.params)])


def stage_environment(task: Task | None, asked: Iterable[str] = ()) -> dict[str, str]:
    """This process' environment without its secrets but those that the work can't be done without.

    `asked` are texts that say what is asked: an address of a chat model in them or in the task, or the version of a
    model that lives at a service, means that service's key.
    """
    services = _services(task, asked)
    kept = {name for one in services for name in KEY_NAMES[one]}
    kept |= {name.strip() for name in (setting(ALSO) or "").split(",")}
    own = {
        name: value
        for name, value in os.environ.items()
        if not SERVERS.fullmatch(name)
        and (name in kept or (services and NEEDED_TO_REACH.fullmatch(name)) or not secrets_of({name: value}))
    }
    return {**own, "VERITRAIN_HOME": str(project.root()), "MLFLOW_TRACKING_URI": store.uri()}


def _services(task: Task | None, asked: Iterable[str]) -> set[str]:
    texts = [*asked]
    if task is not None:
        texts += [task.model_dump_json(), f"models:/{task.name}@{models.CHAMPION}"]
    found = {service for text in texts for service in ADDRESS.findall(text)}
    for name, version, alias in {one for text in texts for one in VERSION.findall(text)}:
        found |= set(
            ADDRESS.findall(
                models.lives_at(f"models:/{name}@{alias}" if alias else f"models:/{name}/{version}")
            )
        )
    return found


def _task(name: str) -> Task | None:
    from veritrain_lib.stage_io.tasks import known_task

    return known_task(name) if name else None
