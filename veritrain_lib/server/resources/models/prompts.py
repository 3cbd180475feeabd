"""Serializer of a task's prompts, as the prompt contracts of a model."""

from __future__ import annotations

from veritrain_lib.server.http.timestamps import utc_datetime
from veritrain_lib.server.resources.models.schemas import PromptContract
from veritrain_lib.tracking.registered_models import PROMPT_TAG, PROMPT_TEXT_TAG
from veritrain_lib.tracking.version_listing import VersionQuery, versions_page

MAX_PROMPTS = 100


def prompts_of(task: str, model_id: str) -> list[PromptContract]:
    """Return the prompts that the registry has for a task (`TASK.NAME`), newest first; at most 100."""
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
