"""Schemas of the requests and responses of the experiment routes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from veritrain_lib.server.http.casing import RequestModel, ResponseModel

Status = Literal["pending", "running", "completed", "failed"]


class ExperimentItem(ResponseModel):
    """Experiment as an item of a list.

    `best_score` is the task's primary metric. `celery_task_id` is the Celery task of the last stage that was given to
    workers; it is null if the server's machine runs the stages (`VERITRAIN_RUNNER`). `reason` says why a failed
    experiment failed. `unsupported_config` lists the configuration keys that the trainer does not support.
    """

    id: str
    name: str
    task: str
    direction: str
    dataset_id: str | None
    base_model_id: str | None
    adapter_id: str | None
    status: Status
    best_score: float | None
    celery_task_id: str | None
    created_at: str
    updated_at: str
    started_at: str | None
    completed_at: str | None
    reason: str | None
    unsupported_config: list[str]


class ExperimentStarted(ExperimentItem):
    """Experiment that was just started; `task_id` is the id of its background job."""

    task_id: str
    message: str


class LogEntry(ResponseModel):
    """Entry of an experiment's log."""

    timestamp: str
    level: str
    message: str


class ExperimentLogs(ResponseModel):
    """Entries of an experiment's log, and the number of all entries."""

    logs: list[LogEntry]
    total: int


class ExperimentProgress(ResponseModel):
    """Progress of an experiment: steps and epochs of a training, or notebook cells (as steps) of any other stage.

    `eta` is in seconds and `gpu_utilization` in percent; a value that is not known is null.
    """

    current_epoch: float
    total_epochs: float | None
    current_step: int
    total_steps: int | None
    loss: float | None
    gpu_utilization: float | None
    eta: float | None
    last_update: str | None
    stage: str | None


class ExperimentDetail(ExperimentItem):
    """Experiment with its configuration, progress, log and results."""

    config: dict[str, Any]
    progress: ExperimentProgress
    logs: list[LogEntry]
    metrics: dict[str, float]
    predictions: list[dict[str, Any]]
    evaluation: dict[str, Any] | None


class ExperimentConfigInput(RequestModel):
    """Training configuration of a new experiment; unsupported keys are stored and listed in `unsupported_config`."""

    model_config = ConfigDict(extra="allow")

    training_recipe: dict[str, Any] | None = None
    seed: int | None = Field(default=None, ge=0, le=2**31 - 1)
    dataset_version: int | str | None = None
    prompt_contract_id: str | None = None
    environment: Any = None


class ExperimentCreateRequest(RequestModel):
    """Request body of a new experiment, which trains a model on a dataset and compares it with the base model.

    `direction` defaults to that of the task. Without `base_model_id` the new model is compared with the task's
    champion. If there is no champion yet, the experiment first trains one as the improvement loop does: the task's own
    rows go through the quality gate, and a model is trained on the accepted rows.
    """

    name: str = Field(min_length=1, max_length=200)
    task: str = Field(min_length=1, max_length=200)
    direction: str | None = Field(default=None, max_length=40)
    base_model_id: str | None = Field(default=None, max_length=300)
    adapter_id: str | None = Field(default=None, max_length=300)
    dataset_id: str = Field(max_length=64)
    config: ExperimentConfigInput = Field(default_factory=ExperimentConfigInput)


class ExperimentCloneRequest(RequestModel):
    """Request body that copies an experiment; `modifications` has keys of a request for a new experiment."""

    modifications: dict[str, Any] = Field(default_factory=dict)
