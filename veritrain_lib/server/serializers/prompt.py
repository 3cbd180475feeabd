"""The prompts of a task, as a model's prompt contracts."""

from __future__ import annotations

from datetime import datetime

from veritrain_lib.server.api.casing import TwofoldAnswer
from veritrain_lib.server.serializers.probe import moment
from veritrain_lib.tracking.registered_models import PROMPT, TEXT
from veritrain_lib.tracking.version_listing import VersionQuery, versions_page

MOST = 100


class PromptContract(TwofoldAnswer):
    """A version of a prompt in MLflow's registry."""

    id: str
    name: str
    version: int
    template: str
    model_id: str
    created_at: datetime
    updated_at: datetime


def prompts_of(task: str, model_id: str) -> list[PromptContract]:
    """The prompts that the registry holds for a task (`TASK.NAME`), the newest first; at most 100."""
    begin = f"{task}."
    found, _ = versions_page(VersionQuery(tags={PROMPT: []}, search=begin), limit=MOST)
    return [
        PromptContract(
            id=f"{one.version.name}-{one.version.version}",
            name=one.version.name,
            version=one.version.version,
            template=one.version.tags.get(TEXT, ""),
            model_id=model_id,
            created_at=moment(one.created),
            updated_at=moment(one.updated),
        )
        for one in found
        if one.version.name.startswith(begin)
    ]
