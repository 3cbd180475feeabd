"""The result of the probe stage: rates with intervals, the probe card and its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.stages.stage_result import StageResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from veritrain_lib.reporting.probe_card import ProbeCard


class ProbeResult(StageResult):
    """The result of the probe stage: rates with Agresti-Coull intervals.

    Tables: `evidence` (every asked row with its answer and what was true of it), `confusions` (mistakes: expected,
    answered, count), `errors` (error by label or slice), `again` (the rows that were asked again), `reliability` (the
    calibration bins), `card` (measures of this model and of the models that it was probed together with).

    Attributes:
        model: The model's address.
        notes: What was not measured, and why.
    """

    model: str
    notes: tuple[str, ...] = ()

    def card(self) -> ProbeCard:
        """Return the probe card: every measure with its interval, one column per model."""
        from veritrain_lib.reporting.probe_card import ProbeCard

        return ProbeCard(self.tables["card"], self.notes)

    def picture(self) -> Figure:
        """Draw the rates with their intervals."""
        from veritrain_lib.reporting.pictures import rates

        card = self.tables["card"]
        card = card[(card["model"] == self.model) & (card["unit"] == "rate")]
        names = card["title"] + card["lower_is_better"].map({True: " (lower is better)", False: ""})
        return rates(card.assign(name=names)[["name", "value", "low", "high", "n"]].reset_index(drop=True))

    def reliability(self) -> Figure:
        """Draw the reliability diagram: how often the model was right, by its confidence."""
        from veritrain_lib.reporting.pictures.reliability import reliability

        return reliability(self.tables["reliability"])
