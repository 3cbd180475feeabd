"""Prompts in MLflow's registry: one version for each text, and the runs that used it.

The registered prompt is called `<task>.<prompt>`; a version carries the digest of its text, so that the same
text is the same version whoever registers it. A run that used a version says so in its tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import claims
from veritrain_lib.prompts.prompt import Prompt
from veritrain_lib.tracking import runs, store

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.tracking.entities import Run

DIGEST = "veritrain.digest"
ORIGIN = "veritrain.origin"
USED = "veritrain.prompt."
EXPERIMENTS = "_mlflow_experiment_ids"
"""By this tag MLflow's UI lists a prompt under an experiment; the ids stand between commas."""


@dataclass(frozen=True)
class PromptVersion:
    """A registered text. `name` is the registered one; `version` counts from 1; `made` is when, in UTC."""

    name: str
    version: int
    text: str
    digest: str
    origin: str
    made: datetime

    @property
    def reference(self) -> str:
        """`<task>.<prompt>@<version>`, as the tags of runs name it."""
        return f"{self.name}@{self.version}"


def register(task: Task, prompt: Prompt) -> PromptVersion:
    """The version of a prompt's text: the one that is there, or a new one."""
    name = f"{task.name}.{prompt.name}"
    # MLflow has no compare-and-set: without the lock two stages could register one text twice.
    with claims.briefly(f"prompts of {task.name}", f"register a prompt of task {task.name}"):
        known = _versions(name)
        for version in known:
            if version.digest == prompt.digest:
                return version
        talk = store.client()
        if not known and talk.get_prompt(name) is None:
            experiment = store.experiment(task).experiment_id
            tags = {"veritrain.task": task.name, EXPERIMENTS: f",{experiment},"}
            talk.create_prompt(name, f"How task {task.name} asks: {prompt.name}", tags)
        tags = {DIGEST: prompt.digest, ORIGIN: prompt.origin}
        made = talk.create_prompt_version(name, prompt.text, f"from: {prompt.origin}", tags)
        return _from_mlflow(made)


def use(run_id: str, prompt: Prompt, version: PromptVersion) -> None:
    """Say on a run which version it used: our tags, and the link that MLflow's UI follows."""
    runs.tag(
        run_id,
        {f"{USED}{prompt.name}": version.reference, f"{USED}{prompt.name}.digest": version.digest},
    )
    store.client().link_prompt_version_to_run(run_id, f"prompts:/{version.name}/{version.version}")


def versions(task: Task, name: str) -> list[PromptVersion]:
    """Every version of a task's prompt, the first one first; empty when it was never used."""
    return sorted(_versions(f"{task.name}.{name}"), key=lambda one: one.version)


def used_by(task: Task, name: str, version: int) -> list[Run]:
    """The runs that used a version, the oldest first."""
    where = f"tags.`{USED}{name}` = '{task.name}.{name}@{version}'"
    return runs.search(task, where, newest_first=False)


def _versions(name: str) -> list[PromptVersion]:
    talk = store.client()
    if talk.get_prompt(name) is None:
        return []
    found: list[PromptVersion] = []
    token: str | None = None
    while True:
        page = talk.search_prompt_versions(name, max_results=100, page_token=token)
        found += [_from_mlflow(one) for one in page]
        token = page.token
        if not token:
            return found


def _from_mlflow(one: Any) -> PromptVersion:
    made = datetime.fromtimestamp((one.creation_timestamp or 0) / 1000, UTC)
    tags = one.tags
    # One that a person registered by hand in MLflow's UI carries no digest of ours.
    known = tags.get(DIGEST) or Prompt(one.name, str(one.template), "").digest
    return PromptVersion(
        one.name, int(one.version), str(one.template), known, tags.get(ORIGIN, "MLflow"), made
    )
