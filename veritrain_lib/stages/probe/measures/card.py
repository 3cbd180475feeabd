"""Tables of probe cards: the measures of one probed model, or of several side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from veritrain_lib.stages.probe.measures.measure_names import measure_info

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.reporting.probe_card import ProbeCard
    from veritrain_lib.stages.probe.result import ProbeResult
    from veritrain_lib.stages.stage_result import Measure

COLUMNS = ("model", "measure", "title", "says", "unit", "lower_is_better", "value", "low", "high", "n")


def card_rows(model: str, measures: Mapping[str, Measure]) -> pd.DataFrame:
    """Return a probed model's card as a table: one row per measure, with its title and meaning; columns `COLUMNS`.

    Args:
        model: The model's address.
        measures: The measures by name.
    """
    import pandas as pd

    rows = [
        {
            "model": model,
            "measure": name,
            "title": (info := measure_info(name)).title,
            "says": info.says,
            "unit": info.unit,
            "lower_is_better": info.lower_is_better,
            **measure.model_dump(),
        }
        for name, measure in measures.items()
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    # A measure without a value must not turn its column into objects: Parquet refuses mixed columns.
    return frame.astype({"value": float, "low": float, "high": float, "n": "Int64"})


def compare_cards(results: Sequence[ProbeResult]) -> ProbeCard:
    """Return one probe card that shows several probed models side by side, in the order of the results.

    Raises:
        UserError: when there is no result, or two results are of the same model.
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
    return ProbeCard(
        pd.concat([card_rows(result.model, result.measures) for result in results], ignore_index=True)
    )
