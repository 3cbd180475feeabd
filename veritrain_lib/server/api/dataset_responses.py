"""What clients get about datasets, and how an upload is described."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from veritrain_lib.server.api.casing import TwofoldAnswer
from veritrain_lib.server.api.dataset_schemas import DatasetGiven, UploadGiven
from veritrain_lib.server.api.paging import Page
from veritrain_lib.server.serializers.dataset import Dataset
from veritrain_lib.server.serializers.dataset_overview import Overview
from veritrain_lib.server.serializers.dataset_use import Use
from veritrain_lib.server.serializers.gate_verdict import QualityGate


class DatasetPage(Page):
    """A page of datasets."""

    items: list[Dataset]


class DatasetDetail(Dataset):
    """A dataset with its numbers, its verdict (twice, by both of its names) and who was trained on it."""

    overview: Overview
    quality_gate: QualityGate
    quality_gate_result: QualityGate
    usage_history: list[Use]


class Uploaded(TwofoldAnswer):
    """The answer to an upload: the dataset is in `data`. It is a draft until the gate has judged it."""

    code: int
    message: str
    data: Dataset


class GenerationEstimate(TwofoldAnswer):
    """Likely tokens, US dollars and seconds; `highest_cost` is the worst case, `basis` what the figures rest on and
    `unsupported` what of the request can't be obeyed."""

    total_tokens: int
    estimated_cost: float
    estimated_time: float
    highest_cost: float
    basis: str
    unsupported: list[str]


class GenerationStarted(TwofoldAnswer):
    """`task_id` is the run under which rows are written and judged."""

    task_id: str
    status: str
    message: str
    unsupported: list[str]


class ReviewStored(TwofoldAnswer):
    """What was stored of a review."""

    dataset_id: str
    reviewed_by: str
    reviewed_at: datetime | None
    sample_size: int
    pass_rate: float | None
    comments: str


UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "CSV or JSON, UTF-8"},
                        **UploadGiven.model_json_schema()["properties"],
                    },
                }
            },
            "application/json": {"schema": DatasetGiven.model_json_schema()},
        },
    }
}
