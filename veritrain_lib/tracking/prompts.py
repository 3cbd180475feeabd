"""Prompts of tasks in MLflow's prompt registry: one version for each text, and the runs that used it.

The registered prompt is called `<task>.<prompt>`. A version has the digest of its text as a tag, so a text that is
registered again keeps its version number. A run that used a version names it in its tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from veritrain_lib.prompts.prompt import Prompt
from veritrain_lib.tracking import runs, store
from veritrain_lib.tracking.state import claims

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.tracking.entities import Run

DIGEST_TAG = "veritrain.digest"
"""Tag of a prompt version: the digest of its text."""
ORIGIN_TAG = "veritrain.origin"
"""Tag of a prompt version: the source of its text, such as a file name."""
USED_TAG_PREFIX = "veritrain.prompt."
"""Prefix of the tags in which a run names the prompt versions that it used; the prompt's name follows."""
EXPERIMENTS_TAG = "_mlflow_experiment_ids"
"""Tag of a prompt by which MLflow's UI lists it under experiments: their ids, separated by commas."""


@dataclass(frozen=True)
class PromptVersion:
    """Version of a task's prompt in MLflow's prompt registry.

    Attributes:
        name: Name of the registered prompt, `<task>.<prompt>`.
        version: Version number, from 1.
        text: The prompt's template.
        digest: Digest of the text.
        origin: Source of the text, such as a file name.
        made: Creation time, UTC.
    """

    name: str
    version: int
    text: str
    digest: str
    origin: str
    made: datetime

    @property
    def reference(self) -> str:
        """The name `<task>.<prompt>@<version>` under which the tags of runs refer to this prompt version."""
        return f"{self.name}@{self.version}"


def register(task: Task, prompt: Prompt) -> PromptVersion:
    """Store a prompt's text in MLflow's prompt registry and return its version.

    A text that is registered already keeps its version; a new text becomes the next version.
    """
    name = f"{task.name}.{prompt.name}"
    # MLflow has no compare-and-set: without the lock two stages could register one text twice.
    with claims.claim_update(f"prompts of {task.name}", f"register a prompt of task {task.name}"):
        existing = _versions(name)
        for version in existing:
            if version.digest == prompt.digest:
                return version
        client = store.client()
        if not existing and client.get_prompt(name) is None:
            experiment = store.experiment(task).experiment_id
            tags = {"veritrain.task": task.name, EXPERIMENTS_TAG: f",{experiment},"}
            client.create_prompt(name, f"How task {task.name} asks: {prompt.name}", tags)
        tags = {DIGEST_TAG: prompt.digest, ORIGIN_TAG: prompt.origin}
        created = client.create_prompt_version(name, prompt.text, f"from: {prompt.origin}", tags)
        return _from_mlflow(created)


def log_use(run_id: str, prompt: Prompt, version: PromptVersion) -> None:
    """Record in a run's tags and links in MLflow that the run used a prompt version."""
    runs.tag(
        run_id,
        {
            f"{USED_TAG_PREFIX}{prompt.name}": version.reference,
            f"{USED_TAG_PREFIX}{prompt.name}.digest": version.digest,
        },
    )
    store.client().link_prompt_version_to_run(run_id, f"prompts:/{version.name}/{version.version}")


def versions(task: Task, name: str) -> list[PromptVersion]:
    """Return every registered version of the prompt `name` of a task, oldest first; empty when no run has used it."""
    return sorted(_versions(f"{task.name}.{name}"), key=lambda version: version.version)


def used_by(task: Task, name: str, version: int) -> list[Run]:
    """Return the runs that used version `version` of the prompt `name` of a task, oldest first."""
    filter_string = f"tags.`{USED_TAG_PREFIX}{name}` = '{task.name}.{name}@{version}'"
    return runs.search(task, filter_string, newest_first=False)


def _versions(name: str) -> list[PromptVersion]:
    client = store.client()
    if client.get_prompt(name) is None:
        return []
    result: list[PromptVersion] = []
    token: str | None = None
    while True:
        page = client.search_prompt_versions(name, max_results=100, page_token=token)
        result += [_from_mlflow(version) for version in page]
        token = page.token
        if not token:
            return result


def _from_mlflow(version: Any) -> PromptVersion:
    created = datetime.fromtimestamp((version.creation_timestamp or 0) / 1000, UTC)
    tags = version.tags
    # A version that was registered by hand in MLflow's UI has no digest tag.
    digest = tags.get(DIGEST_TAG) or Prompt(version.name, str(version.template), "").digest
    return PromptVersion(
        version.name,
        int(version.version),
        str(version.template),
        digest,
        tags.get(ORIGIN_TAG, "MLflow"),
        created,
    )
