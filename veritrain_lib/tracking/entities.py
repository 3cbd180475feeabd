"""Immutable types for MLflow's runs, experiments and model versions, the same whether MLflow or SQL has read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import mlflow.entities as mlflow_entities


@dataclass(frozen=True)
class RunInfo:
    """Metadata of an MLflow run.

    Times are in milliseconds since 1970; `end_time` is None while the run is not closed. `lifecycle_stage` is `active`
    or `deleted`.
    """

    run_id: str
    experiment_id: str
    run_name: str
    status: str
    start_time: int
    end_time: int | None
    artifact_uri: str
    lifecycle_stage: str = "active"


@dataclass(frozen=True)
class RunData:
    """Tags, parameters and metrics of an MLflow run.

    A metric has its newest value, which is NaN if what was logged is not a number.
    """

    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """MLflow run: its metadata (`info`) and its tags, parameters and metrics (`data`)."""

    info: RunInfo
    data: RunData

    @classmethod
    def of(cls, run: mlflow_entities.Run) -> Run:
        """Convert a run object of MLflow's client to a `Run`."""
        info, data = run.info, run.data
        return cls(
            RunInfo(
                info.run_id,
                info.experiment_id,
                info.run_name,
                info.status,
                info.start_time,
                info.end_time,
                info.artifact_uri,
                info.lifecycle_stage,
            ),
            RunData(dict(data.tags), dict(data.params), dict(data.metrics)),
        )


@dataclass(frozen=True)
class Experiment:
    """MLflow experiment, which holds all runs of one task. `lifecycle_stage` is `active` or `deleted`."""

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    tags: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, experiment: mlflow_entities.Experiment) -> Experiment:
        """Convert an experiment object of MLflow's client to an `Experiment`."""
        return cls(
            experiment.experiment_id,
            experiment.name,
            experiment.artifact_location,
            experiment.lifecycle_stage,
            dict(experiment.tags),
        )


@dataclass(frozen=True)
class Version:
    """Version of a registered model in MLflow.

    Attributes:
        name: Name of the registered model.
        version: Version number, from 1.
        run_id: Id of the run that made the version; may be empty.
        tags: Tags of the version.
        model_id: MLflow's id of the logged model; may be empty.
        storage_location: URI of its files; empty when only the server knows it.
    """

    name: str
    version: int
    run_id: str
    tags: dict[str, str] = field(default_factory=dict)
    model_id: str = ""
    storage_location: str = ""
