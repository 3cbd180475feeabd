"""API response for the prompts of a model's task, from MLflow's prompt registry."""

from __future__ import annotations

from veritrain_lib.server.http.timestamps import utc_datetime
from veritrain_lib.server.resources.models.schemas import PromptContract
from veritrain_lib.tracking.registered_models import PROMPT_TAG, PROMPT_TEXT_TAG
from veritrain_lib.tracking.version_listing import VersionQuery, versions_page

MAX_PROMPTS = 100
"""Maximum number of prompts that are returned with a model."""


def prompts_of(task: str, model_id: str) -> list[PromptContract]:
    """Return the newest 100 prompt versions of a task (named `TASK.NAME` in the registry), newest first.

    Args:
        task: Name of the task.
        model_id: API id of the model with which the prompts are returned.
    """
    prefix = f"{task}."
    versions, _ = versions_page(VersionQuery(tags={PROMPT_TAG: []}, search=prefix), limit=MAX_PROMPTS)
    return [
        PromptContract(
            id=f"{item.version.name}-{item.version.version}",
            name=item.version.name,
            version=item.version.version,
            template=item.version.tags.get(PROMPT_TEXT_TAG, ""),
            model_id=model_id,
            created_at=utc_datetime(item.created),
            updated_at=utc_datetime(item.updated),
        )
        for item in versions
        if item.version.name.startswith(prefix)
    ]
