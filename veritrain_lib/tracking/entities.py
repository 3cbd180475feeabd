"""What the record knows of a run and of an experiment, in the same words whichever way it was read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import mlflow.entities as theirs


@dataclass(frozen=True)
class RunInfo:
    """A run's head. Times are in milliseconds since 1970; `end_time` is None while it is open."""

    run_id: str
    experiment_id: str
    run_name: str
    status: str
    start_time: int
    end_time: int | None
    artifact_uri: str


@dataclass(frozen=True)
class RunData:
    """What was written on a run. Of each metric the newest value (NaN when it was none)."""

    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """A run as the rest of the workbench sees it."""

    info: RunInfo
    data: RunData

    @classmethod
    def of(cls, run: theirs.Run) -> Run:
        """From MLflow's own."""
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
            ),
            RunData(dict(data.tags), dict(data.params), dict(data.metrics)),
        )


@dataclass(frozen=True)
class Experiment:
    """An experiment: the record of one task. `lifecycle_stage` is `active` or `deleted`."""

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    tags: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, experiment: theirs.Experiment) -> Experiment:
        """From MLflow's own."""
        return cls(
            experiment.experiment_id,
            experiment.name,
            experiment.artifact_location,
            experiment.lifecycle_stage,
            dict(experiment.tags),
        )


@dataclass(frozen=True)
class Version:
    """A version of a registered model, as far as the workbench reads it.

    `place` is the address of its files, empty when only a server knows.
    """

    name: str
    version: int
    run_id: str
    tags: dict[str, str] = field(default_factory=dict)
    model_id: str = ""
    place: str = ""
