"""The pictures of a report as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veritrain_lib.server.serializers.report_answers import Chart

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.stages.report import ReportResult


def charts(result: ReportResult) -> list[Chart]:
    """Those that have a point."""
    tables = result.tables
    wanted = (
        (
            "line",
            f"Development {result.metric} by round",
            "rounds",
            ["round", "value", "low", "high", "rows"],
        ),
        ("bar", "Change by slice", "slices", ["name", "difference", "low", "high", "n"]),
        ("bar", "Most frequent errors", "confusions", ["expected", "answered", "count"]),
        ("bar", "Share rejected by rule", "rules", ["rule", "share", "limit", "checked"]),
    )
    return [
        Chart(type=kind, title=title, data=_records(tables[name], columns))
        for kind, title, name, columns in wanted
        if len(tables[name])
    ]


def _records(table: pd.DataFrame, columns: list[str]) -> list[dict[str, Any]]:
    there = [name for name in columns if name in table.columns]
    return [
        {str(name): value if isinstance(value, str) else number(value) for name, value in line.items()}
        for line in table[there].to_dict("records")
    ]


def number(value: Any) -> float | None:
    """A number of a table that JSON can say; None for one that is missing or not finite."""
    import math

    return float(value) if value is not None and math.isfinite(value) else None
