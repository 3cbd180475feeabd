"""Response schemas of the dataset routes, and the OpenAPI description of an upload."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from veritrain_lib.server.api.casing import DualCaseResponse
from veritrain_lib.server.api.dataset_schemas import DatasetCreateRequest, UploadForm
from veritrain_lib.server.api.paging import Page
from veritrain_lib.server.serializers.dataset import DatasetResponse
from veritrain_lib.server.serializers.dataset_overview import DatasetOverview
from veritrain_lib.server.serializers.dataset_use import DatasetUse
from veritrain_lib.server.serializers.gate_verdict import QualityGate


class DatasetPage(Page):
    """Page of datasets."""

    items: list[DatasetResponse]


class DatasetDetail(DatasetResponse):
    """Dataset with its statistics, its gate verdict (under both of its names) and the trainings that used it."""

    overview: DatasetOverview
    quality_gate: QualityGate
    quality_gate_result: QualityGate
    usage_history: list[DatasetUse]


class UploadResponse(DualCaseResponse):
    """Response to an upload: the dataset is in `data`. It is a draft until the gate has run on it."""

    code: int
    message: str
    data: DatasetResponse


class GenerationEstimate(DualCaseResponse):
    """Expected cost of a generation.

    The figures are the likely tokens, US dollars and seconds; `highest_cost` is the worst case, `basis` says what they
    are based on, and `unsupported` lists the parts of the request that can't be followed.
    """

    total_tokens: int
    estimated_cost: float
    estimated_time: float
    highest_cost: float
    basis: str
    unsupported: list[str]


class GenerationStarted(DualCaseResponse):
    """Response to a generation request; `task_id` is the run under which rows are generated and gated."""

    task_id: str
    status: str
    message: str
    unsupported: list[str]


class ReviewResponse(DualCaseResponse):
    """Stored review of a dataset."""

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
                        **UploadForm.model_json_schema()["properties"],
                    },
                }
            },
            "application/json": {"schema": DatasetCreateRequest.model_json_schema()},
        },
    }
}
