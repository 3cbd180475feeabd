"""A model of the API: a version of a registered model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from veritrain_lib.server.api.casing import TwofoldAnswer
from veritrain_lib.server.serializers.ids import id_of_uri, model_id
from veritrain_lib.server.serializers.probe import Probed, from_tags, moment
from veritrain_lib.tracking.listing import read_runs
from veritrain_lib.tracking.models import ADDRESS
from veritrain_lib.tracking.version_listing import VersionItem

Kind = Literal["base", "adapter"]
Status = Literal["available", "deprecated", "training"]

TYPE, STATUS, BASE = "veritrain.type", "veritrain.status", "veritrain.base"
CONFIG, METADATA, TASK = "veritrain.config", "veritrain.metadata", "veritrain.task"
DATASET, TRAINER = "veritrain.dataset", "veritrain.trainer"
ENTRY = "entry:"
"""Begins the source of a version that is a name only: nothing opens it."""


class Metadata(TwofoldAnswer):
    """What is known of a model's make."""

    parameters: str | None = Field(default=None, description="how many, such as `7B`")
    tokenizer: str | None = None
    source: str | None = Field(default=None, description="where it is from")


class ModelItem(TwofoldAnswer):
    """A model."""

    id: str = Field(examples=["support-3"])
    name: str
    version: int
    type: Kind
    status: Status
    base_model_id: str | None = Field(description="of an adapter: the model that it adapts")
    config: dict[str, Any] = Field(
        description="`address` opens it; also `task`, `dataset` and `trainer` where known"
    )
    metadata: Metadata
    metadata_: Metadata = Field(description="the same, under the name that backend clients read")
    baseline_probe: Probed | None = Field(description="null until it was probed")
    aliases: list[str] = Field(description="`champion`, `challenger`, ...")
    created_at: datetime
    updated_at: datetime


def model_items(versions: Sequence[VersionItem]) -> list[ModelItem]:
    """The items of versions; when their probes ended is asked in one question."""
    probes = [one.version.tags.get("veritrain.probe.run", "") for one in versions]
    known = read_runs(run_id for run_id in probes if run_id)
    ended = {run_id: run.info.end_time for run_id, run in known.items()}
    return [_item(one, ended) for one in versions]


def _item(one: VersionItem, ended: dict[str, int | None]) -> ModelItem:
    tags = one.version.tags
    metadata = Metadata(**_metadata(one))
    base = tags.get(BASE)
    status = tags.get(STATUS)
    return ModelItem(
        id=model_id(one.version.name, one.version.version),
        name=one.version.name,
        version=one.version.version,
        type="adapter" if tags.get(TYPE) == "adapter" else "base",
        status=status if status in ("deprecated", "training") else "available",  # type: ignore[arg-type]
        base_model_id=id_of_uri(base) if base else None,
        config=_config(one),
        metadata=metadata,
        metadata_=metadata,
        baseline_probe=from_tags(tags, ended),
        aliases=list(one.aliases),
        created_at=moment(one.created),
        updated_at=moment(one.updated),
    )


def address_of(one: VersionItem) -> str:
    """By what the version is opened: `models:/NAME/VERSION`, which works for a model that lives elsewhere too."""
    return f"models:/{one.version.name}/{one.version.version}"


def addresses_of(one: VersionItem) -> list[str]:
    """Every address under which the record may have measured it."""
    elsewhere = one.version.tags.get(ADDRESS)
    return [address_of(one), *([elsewhere] if elsewhere else [])]


def can_be_opened(one: VersionItem) -> bool:
    """Whether there is anything behind the name."""
    return ADDRESS in one.version.tags or not one.version.place.startswith(ENTRY)


def task_of(one: VersionItem) -> str:
    """The name of the task that the model answers: as it was filed, else the registered model's name."""
    return one.version.tags.get(TASK) or one.version.name


def _config(one: VersionItem) -> dict[str, Any]:
    tags = one.version.tags
    known = {
        "address": tags.get(ADDRESS) or (address_of(one) if can_be_opened(one) else None), "task": task_of(one),
        "dataset": tags.get(DATASET), "trainer": tags.get(TRAINER),
    }  # fmt: skip
    return {key: value for key, value in known.items() if value} | _json(tags.get(CONFIG))


def _metadata(one: VersionItem) -> dict[str, Any]:
    tags = one.version.tags
    filed = _json(tags.get(METADATA))
    source = filed.get("source") or tags.get(ADDRESS)
    if not source and TRAINER in tags:
        source = f"{tags[TRAINER]} on {tags.get(DATASET) or 'unknown rows'}"
    found = {"parameters": filed.get("parameters"), "tokenizer": filed.get("tokenizer"), "source": source}
    return {name: None if value is None else str(value) for name, value in found.items()}


def _json(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
