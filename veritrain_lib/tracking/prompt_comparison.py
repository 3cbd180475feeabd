"""Comparison of two versions of a prompt: a diff of their texts, and the metrics of the runs that used them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.prompts.difference import difference
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.prompts import PromptVersion, used_by, versions

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task


@dataclass(frozen=True)
class PromptComparison:
    """Two versions of a prompt with a diff of their texts and the metrics of the runs that used them.

    Attributes:
        old: The first version.
        new: The second version.
        diff: Unified diff of the texts; empty when they are equal.
        runs: One row for each run that used one of the versions.
    """

    old: PromptVersion
    new: PromptVersion
    diff: str
    runs: pd.DataFrame

    def _repr_html_(self) -> str:
        import html

        from veritrain_lib.reporting.html import table_html

        diff_html = html.escape(self.diff or "The two texts are the same.")
        title = f"{html.escape(self.old.reference)} and {html.escape(self.new.reference)}"
        return f"<p><strong>{title}</strong></p><pre>{diff_html}</pre>" + table_html(
            self.runs, caption="Runs that used them"
        )


def compare(task: Task, name: str, old: int, new: int) -> PromptComparison:
    """Compare two versions of a task's prompt: their texts, and the metrics of the runs that used them.

    Args:
        task: The task.
        name: Name of the prompt within the task.
        old: Number of the first version.
        new: Number of the second version.

    Returns:
        Both versions, the diff of their texts, and a table of the runs.

    Raises:
        UserError: A version does not exist.
    """
    by_number = {version.version: version for version in versions(task, name)}
    missing = [number for number in (old, new) if number not in by_number]
    if missing:
        available = ", ".join(map(str, by_number)) or "none: no run used this prompt yet"
        raise UserError(
            f"prompt {task.name}.{name} has no version {', '.join(map(str, missing))}; it has: {available}"
        )
    first, second = by_number[old], by_number[new]
    diff = difference(first.text, second.text, old_name=first.reference, new_name=second.reference)
    return PromptComparison(first, second, diff, _runs_table(task, name, [first, second]))


def _runs_table(task: Task, name: str, prompt_versions: list[PromptVersion]) -> pd.DataFrame:
    """Return a table with one row for each run that used one of the prompt versions.

    Its columns are version, run, name and status, the run's metrics, and as `round.*` the metrics of the run's round.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for version in prompt_versions:
        for run in used_by(task, name, version.version):
            row: dict[str, Any] = {
                "version": version.version,
                "run": run.info.run_id,
                "name": run.info.run_name,
                "status": run.info.status,
                **run.data.metrics,
            }
            parent = run.data.tags.get("mlflow.parentRunId")
            if parent:
                row |= {f"round.{key}": value for key, value in runs.get(parent).data.metrics.items()}
            rows.append(row)
    return pd.DataFrame(rows, columns=None if rows else ["version", "run", "name", "status"])
