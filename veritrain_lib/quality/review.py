"""What people say of a sample of the rows that a gate let through and took out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.review_sample import PEOPLES, Part
from veritrain_lib.quality.verdict import SEPARATOR

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.statistics.intervals import Rate

DECISIONS = ("accept", "reject")


@dataclass(frozen=True)
class Review:
    """What one person said of a sample.

    `rows` has one line a row: `row` (its part and place in it), `part` (`accepted` or `quarantine`), `stratum`, `id`, the
    task's fields, `reasons`, `decision` (`accept`, `reject` or empty) and `comment`.
    """

    reviewer: str
    rows: pd.DataFrame = field(repr=False)

    @property
    def pass_rate(self) -> Rate:
        """The share of accepted rows that the person accepts, of those decided on; 95 % interval (Agresti-Coull)."""
        return self._accepted("accepted")

    @property
    def wrongly_removed(self) -> Rate:
        """The share of quarantined rows that the person would have accepted."""
        return self._accepted("quarantine")

    @property
    def undecided(self) -> int:
        """Rows of the sample without a decision: they are in no rate."""
        return int((self.rows["decision"] == "").sum())

    @property
    def comments(self) -> list[dict[str, str]]:
        """Rows with a comment: `row`, `id`, `decision`, `comment`."""
        told = self.rows.loc[self.rows["comment"] != "", ["row", "id", *PEOPLES]]
        return [{str(name): str(value) for name, value in row.items()} for row in told.to_dict("records")]

    def as_dict(self) -> dict[str, Any]:
        """Everything but the rows, ready for JSON."""
        return {
            "reviewer": self.reviewer,
            "pass_rate": plain(self.pass_rate),
            "wrongly_removed": plain(self.wrongly_removed),
            "undecided": self.undecided,
            "comments": self.comments,
        }

    def __str__(self) -> str:
        parts = [f"{self.reviewer}: {_said(self.pass_rate, 'of the accepted rows pass')}"]
        if self.wrongly_removed.n:
            parts.append(_said(self.wrongly_removed, "of the quarantined rows were removed wrongly"))
        if self.undecided:
            parts.append(f"{self.undecided} rows undecided")
        return "; ".join(parts)

    def _accepted(self, part: Part) -> Rate:
        from veritrain_lib.statistics.intervals import Rate

        decided = self.rows.loc[(self.rows["part"] == part) & (self.rows["decision"] != ""), "decision"]
        return Rate(int((decided == "accept").sum()), len(decided))


def decided(answers: pd.DataFrame, handed_out: pd.DataFrame, where: str) -> pd.DataFrame:
    """The sample with the decisions and comments of a table that people filled in.

    Raises UserError for a missing column, a row that was not handed out or is there twice, a decision other than
    accept and reject, each with the number of its row, and for a table without a single decision.
    """
    absent = [name for name in ("row", "id", *PEOPLES) if name not in answers.columns]
    if absent:
        raise UserError(
            f"{where} lacks the column(s) {', '.join(absent)}; write the sample anew and fill that in"
        )
    known = dict(zip(handed_out["row"], handed_out["id"], strict=True))
    wrong, given = [], {}
    lines = answers[["row", "id", *PEOPLES]].to_dict("records")
    for number, line in enumerate(lines, start=1):
        key, word = str(line["row"]).strip(), str(line["decision"]).strip().lower()
        if known.get(key) != str(line["id"]).strip():
            wrong.append(f"row {number}: {key!r} ({line['id']}) was not handed out in this sample")
        elif key in given:
            wrong.append(f"row {number}: {key!r} is there twice")
        elif word not in ("", *DECISIONS):
            wrong.append(
                f"row {number}: decision {line['decision']!r}; allowed are accept, reject and nothing"
            )
        given[key] = (word, str(line["comment"]).strip())
    if wrong:
        raise UserError(f"{where}: {len(wrong)} mistake(s): {SEPARATOR.join(wrong[:5])}")
    if not any(word for word, _ in given.values()):
        raise UserError(f"{where} holds no decision; write accept or reject into the column decision")
    table = handed_out.copy()
    table["decision"] = [given.get(key, ("", ""))[0] for key in table["row"]]
    table["comment"] = [given.get(key, ("", ""))[1] for key in table["row"]]
    return table


def plain(rate: Rate) -> dict[str, float | int | None]:
    """A rate with its interval, ready for JSON."""
    return {"value": rate.value, "low": rate.interval.low, "high": rate.interval.high, "n": rate.n}


def _said(rate: Rate, what: str) -> str:
    if rate.value is None:
        return f"no decision on how many {what}"
    return (
        f"{rate.value:.1%} {what} ({rate.successes} of {rate.n}, 95 % interval {rate.interval.low:.1%} to "
        f"{rate.interval.high:.1%})"
    )
