"""Result of the probe stage: rates with intervals, tables, the probe card and pictures of one model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.stages.stage_result import StageResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from veritrain_lib.reporting.probe_card import ProbeCard


class ProbeResult(StageResult):
    """Result of the probe stage: measures of one model on development rows; rates have Agresti-Coull 95 % intervals.

    Its tables are `evidence` (each row asked, with the answer and what was measured on it), `confusions` (mistakes:
    expected answer, given answer, count), `errors` (error rate by label or slice), `again` (rows that were asked a
    second time), `reliability` (the bins of the calibration error) and `card` (all measures of this and of further
    models).

    Attributes:
        model: The address of the probed model.
        notes: Sentences that say what was not measured, and why.
    """

    model: str
    notes: tuple[str, ...] = ()

    def card(self) -> ProbeCard:
        """Return the probe card: a table of every measure with its interval, one column per probed model."""
        from veritrain_lib.reporting.probe_card import ProbeCard

        return ProbeCard(self.tables["card"], self.notes)

    def box_texts(self, metric: str) -> dict[str, str]:
        """Return the text of the probe's box in the loop's diagram, such as `accuracy 0.912 contract 98%`.

        It shows the primary metric and the share of answers that keep the output contract.

        Args:
            metric: The name of the task's primary metric.

        Returns:
            `probe`: the text.
        """
        contract = self.measures["output_contract"].value
        return {"probe": f"{self._shown_measure(metric)} contract {contract:.0%}"}

    def picture(self) -> Figure:
        """Return a chart of the probed model's rates with their 95 % intervals."""
        from veritrain_lib.reporting.pictures import rates

        card = self.tables["card"]
        card = card[(card["model"] == self.model) & (card["unit"] == "rate")]
        names = card["title"] + card["lower_is_better"].map({True: " (lower is better)", False: ""})
        return rates(card.assign(name=names)[["name", "value", "low", "high", "n"]].reset_index(drop=True))

    def reliability(self) -> Figure:
        """Return the reliability diagram of the probed model: share of right answers against stated confidence."""
        from veritrain_lib.reporting.pictures.reliability import reliability

        return reliability(self.tables["reliability"])
