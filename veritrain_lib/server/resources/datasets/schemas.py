"""Schemas of the responses of the dataset routes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from veritrain_lib.server.http.casing import DualCaseResponse
from veritrain_lib.server.http.paging import Page

Type = Literal["human", "synthetic", "mixed"]
Scene = Literal["meeting", "written"]
Status = Literal["draft", "passed", "blocked"]


class DatasetResponse(DualCaseResponse):
    """Dataset of training rows.

    `reference` (NAME@VERSION) is its name for stages and on the command line; `rows` is the number of rows; `parent_id`
    is the dataset that it was derived from; `file_path` is the MLflow URI of the artifact that says where each of its
    rows is stored.
    """

    id: str
    name: str
    type: Type
    language_direction: str
    scene: Scene
    version: int
    status: Status
    parent_id: str | None
    file_path: str
    task: str
    reference: str
    rows: int
    description: str
    created_at: datetime
    updated_at: datetime


class DatasetPage(Page):
    """One page of the list of datasets."""

    items: list[DatasetResponse]


class DatasetOverview(DualCaseResponse):
    """Statistics of the texts of all input columns of a dataset, before the quality gate has rejected rows.

    Lengths are in `sentence_unit` (characters if most texts are in a script without spaces). `short_sentence_ratio` is
    the share of texts of at most `short_sentence_length` units, `code_switch_ratio` the share of rows that mix scripts;
    both are from 0 to 1.
    """

    total_count: int
    avg_sentence_length: float
    sentence_unit: Literal["words", "characters"]
    short_sentence_ratio: float
    short_sentence_length: int
    code_switch_ratio: float


class SamplingReview(DualCaseResponse):
    """Newest review of a sample of a dataset's rows by a person.

    `pass_rate` is a share from 0 to 1 with its 95 % interval; it is null if the person has decided no row yet.
    """

    reviewed_by: str
    reviewed_at: datetime | None
    sample_size: int
    pass_rate: float | None
    pass_rate_low: float
    pass_rate_high: float
    comments: str


class QualityGate(DualCaseResponse):
    """Newest verdict of the quality gate (rules that accept or reject rows) on a dataset.

    The status `failed` means that the dataset is blocked.

    `metrics` are shares from 0 to 1; a metric is missing if no rule of the gate measures it or its rule checked no row.
    `thresholds` are the limits at which a rule blocks the dataset; if several rules find duplicates, it is the strictest
    of their limits. While the status is `pending`, `block_reasons` holds the reason if the gate could not be run.
    """

    status: Literal["passed", "failed", "pending"]
    checked_at: datetime | None
    metrics: dict[str, float]
    thresholds: dict[str, float]
    sampling_review: SamplingReview | None
    block_reasons: list[str]
    headline: str
    rows_accepted: int
    rows_rejected: int
    gate_run_id: str | None


class DatasetUse(DualCaseResponse):
    """A training on the dataset.

    `performance` is the trained model's value of the task's primary metric on development rows.
    """

    experiment_id: str
    experiment_name: str
    used_at: datetime
    performance: float | None


class DatasetDetail(DatasetResponse):
    """Dataset with statistics, the trainings that used it, and the verdict of the quality gate.

    The verdict is in `quality_gate` and in `quality_gate_result`, since clients read either.
    """

    overview: DatasetOverview
    quality_gate: QualityGate
    quality_gate_result: QualityGate
    usage_history: list[DatasetUse]


class UploadResponse(DualCaseResponse):
    """Response to an upload: the new dataset is in `data`, and is a draft until the quality gate has run on it."""

    code: int
    message: str
    data: DatasetResponse


class GenerationEstimate(DualCaseResponse):
    """Expected cost and duration of generating a dataset.

    `total_tokens`, `estimated_cost` (US dollars) and `estimated_time` (seconds) are likely values, `highest_cost` is
    the worst case, `basis` says where the figures come from, and `unsupported` lists the parts of the request that are
    not followed.
    """

    total_tokens: int
    estimated_cost: float
    estimated_time: float
    highest_cost: float
    basis: str
    unsupported: list[str]


class GenerationStarted(DualCaseResponse):
    """Response to a request for generated rows.

    `task_id` is the id of the MLflow run that generates them and runs the quality gate.
    """

    task_id: str
    status: str
    message: str
    unsupported: list[str]


class ReviewResponse(DualCaseResponse):
    """Stored review of a dataset by a person."""

    dataset_id: str
    reviewed_by: str
    reviewed_at: datetime | None
    sample_size: int
    pass_rate: float | None
    comments: str
