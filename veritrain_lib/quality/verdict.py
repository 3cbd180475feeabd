"""Gate's verdict on a dataset: its status, reasons, tables and rows."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

RULE_COLUMNS = [
    "rule",
    "check",
    "severity",
    "checked",
    "rejected",
    "share",
    "low",
    "high",
    "limit",
    "outcome",
    "kind",
]
SEPARATOR = "; "


@dataclass(frozen=True)
class GateVerdict:
    """Gate's verdict on a dataset: passed or blocked, with reasons, tables, accepted and quarantined rows.

    Attributes:
        status: `passed` or `blocked`.
        block_reasons: Reasons to block the dataset, one sentence each.
        rules: One line a rule: how many rows it checked and rejected, the rejected `share` (0 to 1) with its 95 %
            interval (Agresti-Coull) `low` to `high`, the `limit` above which it fails, and `outcome`: `passed`,
            `failed` (blocks), `warned` (failed, but its severity does not block) or `error` (could not be evaluated;
            blocks). `kind` is `rows`, or `dataset` for a rule about all rows together: `share` is then the number that
            its check measured.
        accepted: Rows that are kept.
        quarantine: Removed rows, with a column `reasons`: all reasons of a row joined by `; `.
        warnings: Kept rows with warnings, with a column `reasons`.
        withdrawn: Rows accepted in earlier versions that a rule rejects now and that leave the dataset, with a column
            `reasons`.
        removed: One line for each label and slice value: the share of its rows that was removed, and the most frequent
            reason (`removed_shares.removed_by_group`).
        groups: Groups of duplicates, each with the row that is kept (`duplicates.groups.duplicate_groups`).
        overview: Counts and shares of the judged rows (`verdict_summary`).
        suite: Name of the suite.
        suite_version: Version of the suite.
        suite_digest: Digest of the suite.
    """

    status: Literal["passed", "blocked"]
    block_reasons: list[str]
    rules: pd.DataFrame = field(repr=False)
    accepted: pd.DataFrame = field(repr=False)
    quarantine: pd.DataFrame = field(repr=False)
    warnings: pd.DataFrame = field(repr=False)
    withdrawn: pd.DataFrame = field(repr=False)
    removed: pd.DataFrame = field(repr=False)
    groups: pd.DataFrame = field(repr=False)
    overview: dict[str, Any] = field(repr=False)
    suite: str
    suite_version: int
    suite_digest: str

    @property
    def metric_rules(self) -> list[str]:
        """The ids of the gate rules that measure the dataset as a whole by a check, built-in or of a user."""
        by_check = (self.rules["kind"] == "dataset") & ~self.rules["check"].astype(str).str.startswith(
            "expect_"
        )
        return [str(rule) for rule in self.rules.loc[by_check, "rule"]]

    @property
    def passed(self) -> bool:
        """Whether the dataset passed the gate and may be trained on."""
        return self.status == "passed"

    def as_dict(self) -> dict[str, Any]:
        """Return the gate's verdict without the rows themselves, as a dictionary that can be written as JSON."""
        rules = json.loads(self.rules.to_json(orient="records"))
        return {
            "status": self.status,
            "block_reasons": self.block_reasons,
            "rules": rules,
            "removed": json.loads(self.removed.to_json(orient="records")),
            "overview": self.overview,
            "suite": {"name": self.suite, "version": self.suite_version, "digest": self.suite_digest},
        }
