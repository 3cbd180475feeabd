"""Two registered versions of a prompt: what changed, and what the runs that used each of them measured."""

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
    """Two versions of a prompt: `diff` is unified; `runs` has a line for each run that used one of them."""

    old: PromptVersion
    new: PromptVersion
    diff: str
    runs: pd.DataFrame

    def _repr_html_(self) -> str:
        import html

        from veritrain_lib.reporting.html import table_html

        said = html.escape(self.diff or "The two texts are the same.")
        title = f"{html.escape(self.old.reference)} and {html.escape(self.new.reference)}"
        return f"<p><strong>{title}</strong></p><pre>{said}</pre>" + table_html(
            self.runs, caption="Runs that used them"
        )


def compare(task: Task, name: str, old: int, new: int) -> PromptComparison:
    """Two versions by number: what changed, and what the runs that used each of them measured.

    Raises UserError for a version that is not there.
    """
    there = {one.version: one for one in versions(task, name)}
    missing = [number for number in (old, new) if number not in there]
    if missing:
        known = ", ".join(map(str, there)) or "none: no run used this prompt yet"
        raise UserError(
            f"prompt {task.name}.{name} has no version {', '.join(map(str, missing))}; it has: {known}"
        )
    first, second = there[old], there[new]
    diff = difference(first.text, second.text, old_name=first.reference, new_name=second.reference)
    return PromptComparison(first, second, diff, _runs_table(task, name, [first, second]))


def _runs_table(task: Task, name: str, of: list[PromptVersion]) -> pd.DataFrame:
    """Columns: version, run, name, status, then the metrics of the run and, as `round.*`, of its round."""
    import pandas as pd

    lines: list[dict[str, Any]] = []
    for version in of:
        for run in used_by(task, name, version.version):
            line: dict[str, Any] = {
                "version": version.version,
                "run": run.info.run_id,
                "name": run.info.run_name,
                "status": run.info.status,
                **run.data.metrics,
            }
            parent = run.data.tags.get("mlflow.parentRunId")
            if parent:
                line |= {f"round.{key}": value for key, value in runs.get(parent).data.metrics.items()}
            lines.append(line)
    return pd.DataFrame(lines, columns=None if lines else ["version", "run", "name", "status"])
