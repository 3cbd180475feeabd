"""The facts that a report is made of: results of stages, rounds, looks, money and provenance."""

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
    """The generated and the judged rows of one round of a loop."""

    number: int
    generate: GenerateResult | None = None
    gate: GateResult | None = None


@dataclass(frozen=True)
class Facts:
    """The facts from MLflow that a report is made of. Stages that did not run are None.

    Attributes:
        title: The title of the report.
        rounds: One row per round: round, rows, value, low, high (development, primary metric), verdict, promoted, gain
            (development), held_out_gain (held-out test set), seconds.
        generate: The result of the generate stage.
        gate: The result of the gate stage.
        train: The result of the train stage.
        without: The training result before this round's rows were added; for a whole loop that of the seed model.
        evaluate: The result of the evaluate stage.
        by_round: Every round of a whole loop; empty for a report on one round.
        champion: The champion's address.
        stopped: Why the loop stopped.
        looks_used: The number of looks at the held-out test set so far.
        money: US dollars paid for the task so far.
        made_by: The provenance of the report: task, code, data, seed and runs.
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
    stopped: str = ""
    looks_used: int = 0
    money: float = 0.0
    made_by: dict[str, str] = field(default_factory=dict)
