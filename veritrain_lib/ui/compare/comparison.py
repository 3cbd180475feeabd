"""The sides as tables: the models, each against the first, and the slices."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.stage_io import sources
from veritrain_lib.stage_io.defaults import model_or_seed
from veritrain_lib.stage_io.tasks import find_task
from veritrain_lib.tracking import models as registered
from veritrain_lib.ui.compare.side import CARD, Side, measure_side

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from veritrain_lib.core.task import Task

PAIR_COLUMNS = ["model", "against", "n", "wins", "losses", "difference", "low", "high", "p", "p_holm"]


@dataclass(frozen=True)
class Comparison:
    """Models side by side, in the order asked for (all registered versions: oldest first).

    Attributes:
        metric: the task's primary metric.
        n: development rows.
        models: a line a model: model, marks (champion, challenger), trained_on, training_rows, each metric as
            NAME, NAME_low, NAME_high (95 %), the rates of its last probe, answers_from, address.
        pairs: each later model against the first on the same rows, by the exact McNemar test where rows are right or
            wrong and by sign flips where they are graded: wins and losses (rows that it, that the first answers
            better), difference of the mean grades with its 95 % interval, two-sided p, and p_holm for all pairs together (S. Holm 1979, Scandinavian
            Journal of Statistics 6:65-70).
        slices: the mean grade of the rows in each slice (with labels the share of right ones), a column a model, and the change from the first to the
            last one, largest loss on top.
        notes: what a reader must know about models that were left out.
    """

    task: str
    metric: str
    n: int
    models: pd.DataFrame = field(repr=False)
    pairs: pd.DataFrame = field(repr=False)
    slices: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...] = ()

    def picture(self) -> Figure:
        """The primary metric of each model with its interval; the champion in its own colour and shape."""
        from veritrain_lib.ui.compare.picture import side_by_side

        title = f"{self.task}: {self.metric} on {self.n} development rows"
        return side_by_side(self.models, self.metric, title)

    def _repr_html_(self) -> str:
        import pandas as pd

        from veritrain_lib.reporting.html import table_html

        metrics = [str(name).removesuffix("_low") for name in self.models if str(name).endswith("_low")]
        lines = []
        for line in self.models.astype(object).where(self.models.notna(), None).to_dict("records"):
            rows = "" if line["training_rows"] is None else f", {line['training_rows']:,} rows"
            held = {name: line[name] for name in CARD if line[name] is not None}
            lines.append(
                {
                    "model": line["model"],
                    "marks": line["marks"],
                    "trained on": f"{line['trained_on'] or 'unknown'}{rows}",
                    **{
                        name: _interval(*(line[name + end] for end in ("", "_low", "_high")))
                        for name in metrics
                    },
                    "probe card": ", ".join(
                        f"{name.replace('_', ' ')} {rate:.0%}" for name, rate in held.items()
                    )
                    or "not probed",
                }
            )
        shown = pd.DataFrame(lines)
        caption = (
            f"{self.task}: {len(self.models)} model(s) on {self.n} development rows, with 95 % intervals"
        )
        return table_html(shown, caption) + "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)


def _interval(value: float | None, low: float, high: float) -> str:
    if value is None or value != value:
        return "not measured"
    # Spaces that do not break: an interval over three lines is hard to read.
    return f"{value:.3f} ({low:.3f} to {high:.3f})".replace(" ", "\u00a0")


def compare(task: str = "", models: str = "") -> Comparison:
    """Put models side by side on the task's development rows.

    Args:
        task: a task file or name; empty means the one worked on last, else the built-in example.
        models: addresses separated by commas; empty means every registered version, and where there is none
            a seed model is trained first. A model named twice is shown once, with a note.

    Raises UserError for a task or an address that is not there.
    """
    found = find_task(task, check=True)
    given = [address.strip() for address in models.split(",") if address.strip()]
    addresses, notes = _distinct(found, given or _all_versions(found))
    development = sources.development_rows(found)
    sides = [measure_side(found, uri, development) for uri in addresses]
    return Comparison(
        task=found.name,
        metric=found.primary.name,
        n=len(development),
        models=_model_table(sides),
        pairs=_pair_table(sides),
        slices=_slice_table(found, sides, development),
        notes=notes,
    )


def _all_versions(task: Task) -> list[str]:
    return [one.uri for one in registered.listing(task)] or [model_or_seed(task, "")]


def _distinct(task: Task, given: list[str]) -> tuple[list[str], tuple[str, ...]]:
    kept: dict[str, tuple[str, str]] = {}
    notes = []
    for address in given:
        uri = model_or_seed(task, address)
        identity = registered.identity(task, uri)
        if identity in kept:
            notes.append(f"{address} is the same model as {kept[identity][1]}; it is shown once.")
        else:
            kept[identity] = (uri, address)
    return [uri for uri, _ in kept.values()], tuple(notes)


def _model_table(sides: list[Side]) -> pd.DataFrame:
    import pandas as pd

    lines = []
    for side in sides:
        line: dict[str, Any] = {
            "model": side.name,
            "marks": ", ".join(side.marks),
            "trained_on": side.trained_on,
            "training_rows": side.training_rows,
        }
        for name, measure in side.measures.items():
            line |= {name: measure.value, f"{name}_low": measure.low, f"{name}_high": measure.high}
        line |= {name: side.card.get(name) for name in CARD}
        line |= {"answers_from": "train run" if side.stored else "asked now", "address": side.uri}
        lines.append(line)
    return pd.DataFrame(lines).astype({"training_rows": "Int64", **dict.fromkeys(CARD, "Float64")})


def _pair_table(sides: list[Side]) -> pd.DataFrame:
    import pandas as pd

    from veritrain_lib.statistics.evidence import change
    from veritrain_lib.statistics.slices import holm

    first = sides[0]
    lines: list[dict[str, Any]] = []
    for side in sides[1:]:
        pair = first.answers.merge(side.answers, on="id", suffixes=("_first", ""), validate="one_to_one")
        test = change(pair["grade_first"], pair["grade"])
        lines.append(
            {
                "model": side.name, "against": first.name, "n": test.n, "wins": test.wins, "losses": test.losses,
                "difference": test.difference, "low": test.low, "high": test.high, "p": test.p,
            }
        )  # fmt: skip
    for line, adjusted in zip(lines, holm([line["p"] for line in lines]), strict=True):
        line["p_holm"] = float(adjusted)
    return pd.DataFrame(lines, columns=PAIR_COLUMNS)


def _slice_table(task: Task, sides: list[Side], development: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    from veritrain_lib.stages.slices import cut

    masks = cut(task, development)
    table = pd.DataFrame({"slice": list(masks), "n": [int(mask.sum()) for mask in masks.values()]})
    for side in sides:
        grades = side.answers.set_index("id")["grade"].loc[development["id"]].to_numpy(dtype=float)
        table[side.name] = [float(grades[mask].mean()) if mask.any() else None for mask in masks.values()]
    if len(sides) > 1:
        table["change"] = table[sides[-1].name] - table[sides[0].name]
        table = table.sort_values(["change", "slice"], ignore_index=True)
    return table
