"""Response schemas of the dataset routes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from veritrain_lib.server.http.casing import DualCaseResponse
from veritrain_lib.server.http.paging import Page

Type = Literal["human", "synthetic", "mixed"]
Scene = Literal["meeting", "written"]
Status = Literal["draft", "passed", "blocked"]


class DatasetResponse(DualCaseResponse):
    """Dataset.

    `reference` (NAME@VERSION) is the name by which stages and the command line refer to it; `rows` is the number of
    rows; `parent_id` is the dataset that it was derived from; `file_path` is the location of its rows in the record.
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
    """Page of datasets."""

    items: list[DatasetResponse]


class DatasetOverview(DualCaseResponse):
    """Statistics of the rows as they came, over the texts of all inputs.

    Lengths are in `sentence_unit` (characters if most texts are written without spaces). `short_sentence_ratio` is the
    share of texts of at most `short_sentence_length`; `code_switch_ratio` is the share of rows with words in two
    scripts. Both are from 0 to 1.
    """

    total_count: int
    avg_sentence_length: float
    sentence_unit: Literal["words", "characters"]
    short_sentence_ratio: float
    short_sentence_length: int
    code_switch_ratio: float


class SamplingReview(DualCaseResponse):
    """Newest review of a sample by a person.

    `pass_rate` is a share from 0 to 1 with its 95 % interval; it is null until a row was decided.
    """

    reviewed_by: str
    reviewed_at: datetime | None
    sample_size: int
    pass_rate: float | None
    pass_rate_low: float
    pass_rate_high: float
    comments: str


class QualityGate(DualCaseResponse):
    """Verdict of the gate.

    `metrics` are shares from 0 to 1; a metric is absent if the suite has no rule for it or the rule checked no row.
    `thresholds` are the shares at which a rule blocks (for duplicates, the strictest limit of the rules that count).
    While the status is pending, `block_reasons` says why the gate could not be run, if it could not.
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
    """Training on the dataset. `performance` is the task's primary metric on development rows."""

    experiment_id: str
    experiment_name: str
    used_at: datetime
    performance: float | None


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
