"""Review by people of a sample of the rows that the gate accepted and removed.

Open this to see how decisions are read from a filled-in table and what rates follow from them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.review_sample import REVIEWER_COLUMNS, SamplePart
from veritrain_lib.quality.verdict import SEPARATOR

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.statistics.intervals import Rate

DECISIONS = ("accept", "reject")


@dataclass(frozen=True)
class Review:
    """One person's review of a sample of the gate's rows.

    Attributes:
        reviewer: Name of the person.
        rows: One line a row: `row` (its part and its position there, such as `accepted:12`), `part` (`accepted` or
            `quarantine`), `stratum`, `id`, the task's fields, `reasons`, `decision` (`accept`, `reject` or empty),
            `comment`.
    """

    reviewer: str
    rows: pd.DataFrame = field(repr=False)

    @property
    def pass_rate(self) -> Rate:
        """The share of accepted rows the reviewer accepts, with its 95 % interval; undecided rows do not count."""
        return self._accepted("accepted")

    @property
    def wrongly_removed(self) -> Rate:
        """The share of quarantined rows the reviewer accepts, with its 95 % interval; undecided rows do not count."""
        return self._accepted("quarantine")

    @property
    def undecided(self) -> int:
        """The number of rows without a decision of the reviewer; they count in no rate."""
        return int((self.rows["decision"] == "").sum())

    @property
    def comments(self) -> list[dict[str, str]]:
        """The rows that the reviewer commented on, each with `row`, `id`, `decision` and `comment`."""
        commented = self.rows.loc[self.rows["comment"] != "", ["row", "id", *REVIEWER_COLUMNS]]
        return [
            {str(name): str(value) for name, value in row.items()} for row in commented.to_dict("records")
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return the review's rates and comments as a dictionary that can be written as JSON."""
        return {
            "reviewer": self.reviewer,
            "pass_rate": rate_as_dict(self.pass_rate),
            "wrongly_removed": rate_as_dict(self.wrongly_removed),
            "undecided": self.undecided,
            "comments": self.comments,
        }

    def __str__(self) -> str:
        parts = [f"{self.reviewer}: {_rate_text(self.pass_rate, 'of the accepted rows pass')}"]
        if self.wrongly_removed.n:
            parts.append(_rate_text(self.wrongly_removed, "of the quarantined rows were removed wrongly"))
        if self.undecided:
            parts.append(f"{self.undecided} rows undecided")
        return "; ".join(parts)

    def _accepted(self, part: SamplePart) -> Rate:
        from veritrain_lib.statistics.intervals import Rate

        with_decisions = self.rows.loc[
            (self.rows["part"] == part) & (self.rows["decision"] != ""), "decision"
        ]
        return Rate(int((with_decisions == "accept").sum()), len(with_decisions))


def with_decisions(answers: pd.DataFrame, sampled: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return a review's sample with the decisions and comments of a table that a person filled in.

    Args:
        answers: The filled-in table.
        sampled: The sample as it was written.
        source: Name of the table in error messages.

    Returns:
        The sample with its columns `decision` and `comment` filled.

    Raises:
        UserError: A column is missing; a row is not in the sample or occurs twice, or its decision is neither accept
            nor reject (each with its row number); or the table has no decision at all.
    """
    missing = [name for name in ("row", "id", *REVIEWER_COLUMNS) if name not in answers.columns]
    if missing:
        raise UserError(
            f"{source} lacks the column(s) {', '.join(missing)}; write the sample anew and fill that in"
        )
    sampled_ids = dict(zip(sampled["row"], sampled["id"], strict=True))
    mistakes, decisions = [], {}
    lines = answers[["row", "id", *REVIEWER_COLUMNS]].to_dict("records")
    for number, line in enumerate(lines, start=1):
        key, decision = str(line["row"]).strip(), str(line["decision"]).strip().lower()
        if sampled_ids.get(key) != str(line["id"]).strip():
            mistakes.append(f"row {number}: {key!r} ({line['id']}) is not in this sample")
        elif key in decisions:
            mistakes.append(f"row {number}: {key!r} occurs twice")
        elif decision not in ("", *DECISIONS):
            mistakes.append(
                f"row {number}: decision {line['decision']!r}; allowed are accept, reject and nothing"
            )
        decisions[key] = (decision, str(line["comment"]).strip())
    if mistakes:
        raise UserError(f"{source}: {len(mistakes)} mistake(s): {SEPARATOR.join(mistakes[:5])}")
    if not any(decision for decision, _ in decisions.values()):
        raise UserError(f"{source} holds no decision; write accept or reject into the column decision")
    table = sampled.copy()
    table["decision"] = [decisions.get(key, ("", ""))[0] for key in table["row"]]
    table["comment"] = [decisions.get(key, ("", ""))[1] for key in table["row"]]
    return table


def rate_as_dict(rate: Rate) -> dict[str, float | int | None]:
    """Return a rate of a review with its interval as a dictionary that can be written as JSON.

    Args:
        rate: The rate.

    Returns:
        `value` (0 to 1, None without decisions), `low`, `high` and `n`.
    """
    return {"value": rate.value, "low": rate.interval.low, "high": rate.interval.high, "n": rate.n}


def _rate_text(rate: Rate, description: str) -> str:
    if rate.value is None:
        return f"no decision on how many {description}"
    return (
        f"{rate.value:.1%} {description} ({rate.successes} of {rate.n}, 95 % interval {rate.interval.low:.1%} to "
        f"{rate.interval.high:.1%})"
    )
