"""The probe cards of several models as one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from veritrain_lib.stages.probing.measure_names import meaning

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.reporting.probe_card import ProbeCard
    from veritrain_lib.stages.probe import ProbeResult
    from veritrain_lib.stages.result import Measure

COLUMNS = ("model", "measure", "title", "says", "unit", "lower_is_better", "value", "low", "high", "n")


def card_rows(model: str, measures: Mapping[str, Measure]) -> pd.DataFrame:
    """A row a measure of one model, with what it means; columns are `COLUMNS`."""
    import pandas as pd

    rows = [
        {
            "model": model,
            "measure": name,
            "title": (known := meaning(name)).title,
            "says": known.says,
            "unit": known.unit,
            "lower_is_better": known.lower_is_better,
            **measure.model_dump(),
        }
        for name, measure in measures.items()
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    # A measure without a value must not turn its column into objects, which Parquet refuses to mix.
    return frame.astype({"value": float, "low": float, "high": float, "n": "Int64"})


def compare_cards(results: Sequence[ProbeResult]) -> ProbeCard:
    """One card for several probed models, side by side, in the order given.

    Raises UserError without a result, or when a model comes twice.
    """
    import pandas as pd

    from veritrain_lib.core.errors import UserError
    from veritrain_lib.reporting.probe_card import ProbeCard

    names = [result.model for result in results]
    twice = sorted({name for name in names if names.count(name) > 1})
    if not names:
        raise UserError("a probe card compares models; give at least one probe result")
    if twice:
        raise UserError(f"a probe card compares different models; given twice: {', '.join(twice)}")
    return ProbeCard(pd.concat([card_rows(one.model, one.measures) for one in results], ignore_index=True))
