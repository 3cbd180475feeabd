"""What a gate says of a dataset."""

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
class Verdict:
    """What a gate says of a dataset.

    `rules` has one row a rule: how many rows it checked and rejected, the rejected `share` (0 to 1) with its
    95 % interval (Agresti-Coull) `low` to `high`, the `limit` above which it fails, and `outcome`: `passed`, `failed`
    (blocks), `warned` (failed, but its severity only tells) or `error` (could not be evaluated; blocks). `kind` is
    `rows`, or `dataset` for a rule about all rows together: `share` is then the number that its check measured.
    `accepted` are the rows that go on; `quarantine` and `warnings` are rows with a column `reasons`, all
    reasons of a row joined by `; `. `removed` has one row for each label and slice value: what share of its rows was
    removed, and by what most (`removed.removed_by_group`). `groups` shows copies under the row that stays (`groups.duplicate_groups`).
    `overview` counts what came and what went.
    """

    status: Literal["passed", "blocked"]
    block_reasons: list[str]
    rules: pd.DataFrame = field(repr=False)
    accepted: pd.DataFrame = field(repr=False)
    quarantine: pd.DataFrame = field(repr=False)
    warnings: pd.DataFrame = field(repr=False)
    removed: pd.DataFrame = field(repr=False)
    groups: pd.DataFrame = field(repr=False)
    overview: dict[str, Any] = field(repr=False)
    suite: str
    suite_version: int
    suite_digest: str

    @property
    def measured(self) -> list[str]:
        """The rules that measure the dataset as a whole by a check of ours or of a user's."""
        mine = (self.rules["kind"] == "dataset") & ~self.rules["check"].astype(str).str.startswith("expect_")
        return [str(rule) for rule in self.rules.loc[mine, "rule"]]

    @property
    def passed(self) -> bool:
        """Whether the dataset may be trained on."""
        return self.status == "passed"

    def as_dict(self) -> dict[str, Any]:
        """Everything but the rows themselves, ready for JSON."""
        rules = json.loads(self.rules.to_json(orient="records"))
        return {
            "status": self.status,
            "block_reasons": self.block_reasons,
            "rules": rules,
            "removed": json.loads(self.removed.to_json(orient="records")),
            "overview": self.overview,
            "suite": {"name": self.suite, "version": self.suite_version, "digest": self.suite_digest},
        }
