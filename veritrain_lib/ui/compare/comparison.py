"""Tables of a model comparison: metrics, paired tests against the first model, and mean grades in each slice."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.defaults import resolve_model
from veritrain_lib.stages.inputs.tasks import find_task
from veritrain_lib.tracking import models as registered
from veritrain_lib.ui.compare.side import CARD, MeasuredModel, measure_model

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from veritrain_lib.core.task import Task

PAIR_COLUMNS = ["model", "against", "n", "wins", "losses", "difference", "low", "high", "p", "p_holm"]
"""Columns of the table of paired tests (`ModelComparison.pairs`)."""


@dataclass(frozen=True)
class ModelComparison:
    """Comparison of models on a task's development rows; in a notebook it displays itself as a table.

    The models are in the requested order; if all registered versions are compared, the oldest is first.

    Attributes:
        task: Name of the task.
        metric: Name of the task's primary metric.
        n: Number of development rows.
        models: One row for each model, with the columns model, marks (champion, challenger), trained_on, training_rows,
            each metric as NAME, NAME_low and NAME_high (95 % interval), the rates of its last probe (a test of how it
            answers), answers_from (`train run` or `asked now`), and address.
        pairs: One row for each further model, which is compared with the first on the same rows: by the exact McNemar
            test if answers are right or wrong, by a sign-flip test if they are graded. `wins` and `losses` count the
            rows that the further model answers better or worse than the first; `difference` is that of the mean grades,
            with its 95 % interval (`low`, `high`); `p` is two-sided; `p_holm` is adjusted for all pairs together (S.
            Holm 1979, Scandinavian Journal of Statistics 6:65-70).
        slices: One row for each slice (named subset of the rows), with the mean grade of its rows for each model (the
            share of right answers for labels), and the change from the first to the last model; the largest loss is on
            top.
        notes: Remarks on models that were left out because they were named twice.
    """

    task: str
    metric: str
    n: int
    models: pd.DataFrame = field(repr=False)
    pairs: pd.DataFrame = field(repr=False)
    slices: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...] = ()

    def picture(self) -> Figure:
        """Return a chart of the primary metric of each model with its 95 % interval; the champion is marked."""
        from veritrain_lib.ui.compare.picture import comparison_picture

        title = f"{self.task}: {self.metric} on {self.n} development rows"
        return comparison_picture(self.models, self.metric, title)

    def _repr_html_(self) -> str:
        import pandas as pd

        from veritrain_lib.reporting.html import table_html

        metrics = [str(name).removesuffix("_low") for name in self.models if str(name).endswith("_low")]
        rows = []
        for line in self.models.astype(object).where(self.models.notna(), None).to_dict("records"):
            training_rows = "" if line["training_rows"] is None else f", {line['training_rows']:,} rows"
            rates = {name: line[name] for name in CARD if line[name] is not None}
            rows.append(
                {
                    "model": line["model"],
                    "marks": line["marks"],
                    "trained on": f"{line['trained_on'] or 'unknown'}{training_rows}",
                    **{
                        name: _interval(*(line[name + end] for end in ("", "_low", "_high")))
                        for name in metrics
                    },
                    "probe card": ", ".join(
                        f"{name.replace('_', ' ')} {rate:.0%}" for name, rate in rates.items()
                    )
                    or "not probed",
                }
            )
        shown = pd.DataFrame(rows)
        caption = (
            f"{self.task}: {len(self.models)} model(s) on {self.n} development rows, with 95 % intervals"
        )
        return table_html(shown, caption) + "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)


def _interval(value: float | None, low: float, high: float) -> str:
    """Return a value and its interval as text, or `not measured`."""
    if value is None or value != value:
        return "not measured"
    # Non-breaking spaces: an interval broken over three lines is hard to read.
    return f"{value:.3f} ({low:.3f} to {high:.3f})".replace(" ", "\u00a0")


def compare(task: str = "", models: str = "") -> ModelComparison:
    """Compare models on the development rows of a task.

    Args:
        task: Path or name of a task; empty for the last used task, or the built-in example if there is none.
        models: Addresses of models, separated by commas; empty for all registered versions. A model that is named twice
            is shown once, with a note.

    Returns:
        The comparison: metrics, paired tests and slices of all models.

    Raises:
        MissingInput: No model is named and the task has none; the message says which stages make one.
        UserError: There is no such task or model.
    """
    found_task = find_task(task, check=True)
    requested = [address.strip() for address in models.split(",") if address.strip()]
    addresses, notes = _distinct(found_task, requested or _all_versions(found_task))
    development = sources.development_rows(found_task)
    measured = [measure_model(found_task, uri, development) for uri in addresses]
    return ModelComparison(
        task=found_task.name,
        metric=found_task.primary.name,
        n=len(development),
        models=_model_table(measured),
        pairs=_pair_table(measured),
        slices=_slice_table(found_task, measured, development),
        notes=notes,
    )


def _all_versions(task: Task) -> list[str]:
    """Return the URIs of all registered versions of a task's model, oldest first.

    Raises:
        MissingInput: The task has no model.
    """
    return [version.uri for version in registered.listing(task)] or [resolve_model(task, "")]


def _distinct(task: Task, requested: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Return the URIs of the requested models, each model once, and a note for each that was named again."""
    seen: dict[str, tuple[str, str]] = {}
    notes = []
    for address in requested:
        uri = resolve_model(task, address)
        identity = registered.identity(task, uri)
        if identity in seen:
            notes.append(f"{address} is the same model as {seen[identity][1]}; it is shown once.")
        else:
            seen[identity] = (uri, address)
    return [uri for uri, _ in seen.values()], tuple(notes)


def _model_table(measured: list[MeasuredModel]) -> pd.DataFrame:
    """Return the table of models, their metrics and their origin (`ModelComparison.models`)."""
    import pandas as pd

    rows = []
    for model in measured:
        line: dict[str, Any] = {
            "model": model.name,
            "marks": ", ".join(model.marks),
            "trained_on": model.trained_on,
            "training_rows": model.training_rows,
        }
        for name, measure in model.measures.items():
            line |= {name: measure.value, f"{name}_low": measure.low, f"{name}_high": measure.high}
        line |= {name: model.card.get(name) for name in CARD}
        line |= {"answers_from": "train run" if model.stored else "asked now", "address": model.uri}
        rows.append(line)
    return pd.DataFrame(rows).astype({"training_rows": "Int64", **dict.fromkeys(CARD, "Float64")})


def _pair_table(measured: list[MeasuredModel]) -> pd.DataFrame:
    """Return the table of paired tests of each further model against the first (`ModelComparison.pairs`)."""
    import pandas as pd

    from veritrain_lib.statistics.evidence import compare_paired
    from veritrain_lib.statistics.slices import holm

    first = measured[0]
    rows: list[dict[str, Any]] = []
    for model in measured[1:]:
        pair = first.answers.merge(model.answers, on="id", suffixes=("_first", ""), validate="one_to_one")
        test = compare_paired(pair["grade_first"], pair["grade"])
        rows.append(
            {
                "model": model.name, "against": first.name, "n": test.n, "wins": test.wins, "losses": test.losses,
                "difference": test.difference, "low": test.low, "high": test.high, "p": test.p,
            }
        )  # fmt: skip
    for line, adjusted in zip(rows, holm([line["p"] for line in rows]), strict=True):
        line["p_holm"] = float(adjusted)
    return pd.DataFrame(rows, columns=PAIR_COLUMNS)


def _slice_table(task: Task, measured: list[MeasuredModel], development: pd.DataFrame) -> pd.DataFrame:
    """Return the table of mean grades of each model in each slice of the rows (`ModelComparison.slices`)."""
    import pandas as pd

    from veritrain_lib.stages.slices import slice_masks

    masks = slice_masks(task, development)
    table = pd.DataFrame({"slice": list(masks), "n": [int(mask.sum()) for mask in masks.values()]})
    for model in measured:
        grades = model.answers.set_index("id")["grade"].loc[development["id"]].to_numpy(dtype=float)
        table[model.name] = [float(grades[mask].mean()) if mask.any() else None for mask in masks.values()]
    if len(measured) > 1:
        table["change"] = table[measured[-1].name] - table[measured[0].name]
        table = table.sort_values(["change", "slice"], ignore_index=True)
    return table
