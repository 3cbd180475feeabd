"""Conversion of versions of MLflow's registered models to the API's models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from veritrain_lib.server.http.ids import id_of_uri, model_id
from veritrain_lib.server.http.timestamps import utc_datetime
from veritrain_lib.server.resources.models.probe_result import probe_from_tags
from veritrain_lib.server.resources.models.schemas import ModelItem, ModelMetadata
from veritrain_lib.server.resources.models.versions import (
    BASE,
    CONFIG,
    DATASET,
    METADATA,
    STATUS,
    TRAINER,
    TYPE,
    address_of,
    can_be_opened,
    task_name_of,
)
from veritrain_lib.tracking.listing import read_runs
from veritrain_lib.tracking.models import ADDRESS
from veritrain_lib.tracking.version_listing import VersionItem


def model_items(versions: Sequence[VersionItem]) -> list[ModelItem]:
    """Return the API responses for model versions, in the same order.

    The runs of all their probes are read in one query.
    """
    probe_runs = [item.version.tags.get("veritrain.probe.run", "") for item in versions]
    runs_by_id = read_runs(run_id for run_id in probe_runs if run_id)
    end_times = {run_id: run.info.end_time for run_id, run in runs_by_id.items()}
    return [_item(item, end_times) for item in versions]


def _item(item: VersionItem, end_times: dict[str, int | None]) -> ModelItem:
    """Return the API response for one model version.

    Args:
        item: The model version.
        end_times: End of each probe's MLflow run in milliseconds since 1970, by run id.
    """
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


def _config(item: VersionItem) -> dict[str, Any]:
    """Return a model's configuration: address, task, dataset and trainer if known, and what the client stored."""
    tags = item.version.tags
    standard = {
        "address": tags.get(ADDRESS) or (address_of(item) if can_be_opened(item) else None), "task": task_name_of(item),
        "dataset": tags.get(DATASET), "trainer": tags.get(TRAINER),
    }  # fmt: skip
    return {key: value for key, value in standard.items() if value} | _json(tags.get(CONFIG))


def _metadata(item: VersionItem) -> dict[str, Any]:
    """Return a model's size, tokenizer and origin; without a stated origin, the trainer and dataset that made it."""
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
    """Return a stored JSON object; an empty dict if the text is missing or not a JSON object."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
