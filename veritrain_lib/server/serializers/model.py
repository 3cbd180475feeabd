"""Serializer of models: a model of the API is a version of a registered model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from veritrain_lib.server.api.casing import DualCaseResponse
from veritrain_lib.server.serializers.ids import id_of_uri, model_id
from veritrain_lib.server.serializers.probe import BaselineProbe, probe_from_tags, utc_datetime
from veritrain_lib.tracking.listing import read_runs
from veritrain_lib.tracking.models import ADDRESS
from veritrain_lib.tracking.version_listing import VersionItem

Kind = Literal["base", "adapter"]
Status = Literal["available", "deprecated", "training"]

TYPE, STATUS, BASE = "veritrain.type", "veritrain.status", "veritrain.base"
CONFIG, METADATA, TASK = "veritrain.config", "veritrain.metadata", "veritrain.task"
DATASET, TRAINER = "veritrain.dataset", "veritrain.trainer"
NAME_ONLY = "entry:"
"""Prefix of the source of a version that is only a name: it can't be opened."""


class ModelMetadata(DualCaseResponse):
    """Metadata of a model."""

    parameters: str | None = Field(default=None, description="number of parameters, such as `7B`")
    tokenizer: str | None = None
    source: str | None = Field(default=None, description="origin of the model")


class ModelItem(DualCaseResponse):
    """Model as an item of a list."""

    id: str = Field(examples=["support-3"])
    name: str
    version: int
    type: Kind
    status: Status
    base_model_id: str | None = Field(description="base model of an adapter")
    config: dict[str, Any] = Field(
        description="`address` that opens the model; also `task`, `dataset` and `trainer` if known"
    )
    metadata: ModelMetadata
    metadata_: ModelMetadata = Field(description="the same, under the name that backend clients read")
    baseline_probe: BaselineProbe | None = Field(description="null until the model was probed")
    aliases: list[str] = Field(description="`champion`, `challenger`, ...")
    created_at: datetime
    updated_at: datetime


def model_items(versions: Sequence[VersionItem]) -> list[ModelItem]:
    """Return the items of versions; the ends of all their probes are read in one query."""
    probe_runs = [item.version.tags.get("veritrain.probe.run", "") for item in versions]
    runs_by_id = read_runs(run_id for run_id in probe_runs if run_id)
    end_times = {run_id: run.info.end_time for run_id, run in runs_by_id.items()}
    return [_item(item, end_times) for item in versions]


def _item(item: VersionItem, end_times: dict[str, int | None]) -> ModelItem:
    tags = item.version.tags
    metadata = ModelMetadata(**_metadata(item))
    base = tags.get(BASE)
    status = tags.get(STATUS)
    return ModelItem(
        id=model_id(item.version.name, item.version.version),
        name=item.version.name,
        version=item.version.version,
        type="adapter" if tags.get(TYPE) == "adapter" else "base",
        status=status if status in ("deprecated", "training") else "available",  # type: ignore[arg-type]
        base_model_id=id_of_uri(base) if base else None,
        config=_config(item),
        metadata=metadata,
        metadata_=metadata,
        baseline_probe=probe_from_tags(tags, end_times),
        aliases=list(item.aliases),
        created_at=utc_datetime(item.created),
        updated_at=utc_datetime(item.updated),
    )


def address_of(item: VersionItem) -> str:
    """Return the address that opens a version: `models:/NAME/VERSION`.

    It also works for a model that is stored elsewhere.
    """
    return f"models:/{item.version.name}/{item.version.version}"


def addresses_of(item: VersionItem) -> list[str]:
    """Return every address under which the record may have measured a version."""
    external_address = item.version.tags.get(ADDRESS)
    return [address_of(item), *([external_address] if external_address else [])]


def can_be_opened(item: VersionItem) -> bool:
    """Return whether a version is more than a name."""
    return ADDRESS in item.version.tags or not item.version.storage_location.startswith(NAME_ONLY)


def task_name_of(item: VersionItem) -> str:
    """Return the name of the task that the model answers.

    It is the task that the model was registered with, else the registered model's name.
    """
    return item.version.tags.get(TASK) or item.version.name


def _config(item: VersionItem) -> dict[str, Any]:
    tags = item.version.tags
    standard = {
        "address": tags.get(ADDRESS) or (address_of(item) if can_be_opened(item) else None), "task": task_name_of(item),
        "dataset": tags.get(DATASET), "trainer": tags.get(TRAINER),
    }  # fmt: skip
    return {key: value for key, value in standard.items() if value} | _json(tags.get(CONFIG))


def _metadata(item: VersionItem) -> dict[str, Any]:
    tags = item.version.tags
    client_metadata = _json(tags.get(METADATA))
    source = client_metadata.get("source") or tags.get(ADDRESS)
    if not source and TRAINER in tags:
        source = f"{tags[TRAINER]} on {tags.get(DATASET) or 'unknown rows'}"
    metadata = {
        "parameters": client_metadata.get("parameters"),
        "tokenizer": client_metadata.get("tokenizer"),
        "source": source,
    }
    return {name: None if value is None else str(value) for name, value in metadata.items()}


def _json(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
