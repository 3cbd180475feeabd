"""`Facts`: all that a report states, read from MLflow: results of stages, rounds, money, provenance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.stages.evaluate.result import EvaluateResult
    from veritrain_lib.stages.gate.result import GateResult
    from veritrain_lib.stages.generate.result import GenerateResult
    from veritrain_lib.stages.train.result import TrainResult


@dataclass(frozen=True)
class RoundFacts:
    """The generate and gate results of one round, for the report on a whole loop.

    Attributes:
        number: The number of the round.
        generate: The result of the generate stage; None if it did not run.
        gate: The result of the gate stage; None if it did not run.
    """

    number: int
    generate: GenerateResult | None = None
    gate: GateResult | None = None


@dataclass(frozen=True)
class Facts:
    """Everything that a report states, read from MLflow. The result of a stage that did not run is None.

    Attributes:
        title: The title of the report.
        rounds: One row per round: round, rows, value, low, high (primary metric on development rows), verdict,
            promoted, gain (development rows), held_out_gain (test rows), seconds.
        generate: The result of the generate stage.
        gate: The result of the gate stage.
        train: The result of the train stage.
        without: The result of the training before this round's rows were added; for a whole loop, of the seed model.
        evaluate: The result of the evaluate stage.
        by_round: Generate and gate results of each round of a whole loop; empty for a report on one round.
        champion: The champion's address.
        looks_used: The number of looks at the held-out test set so far.
        money: US dollars paid for the task so far.
        remarks: Remarks that a person adds, one text per paragraph.
        batches: The effect of each batch of training rows, see `batch_table.measure_batches`; None if not measured.
        batches_note: A sentence that says why the batches were not measured; empty if they were, or there are none.
        made_by: The provenance of the report by name: task, code, data, seed and runs.
    """

    title: str
    rounds: pd.DataFrame
    generate: GenerateResult | None = None
    gate: GateResult | None = None
    train: TrainResult | None = None
    without: TrainResult | None = None
    evaluate: EvaluateResult | None = None
    by_round: tuple[RoundFacts, ...] = ()
    champion: str = ""
    looks_used: int = 0
    money: float = 0.0
    remarks: tuple[str, ...] = ()
    batches: pd.DataFrame | None = None
    batches_note: str = ""
    made_by: dict[str, str] = field(default_factory=dict)
