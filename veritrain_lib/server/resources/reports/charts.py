"""Data of the charts of an experiment's report, for clients that draw the charts themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veritrain_lib.server.resources.reports.schemas import ReportChart

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.stages.report.result import ReportResult


def report_charts(result: ReportResult) -> list[ReportChart]:
    """Return the data of the charts of a report; charts without any point are left out."""
    tables = result.tables
    definitions = (
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
        ReportChart(type=kind, title=title, data=_records(tables[name], columns))
        for kind, title, name, columns in definitions
        if len(tables[name])
    ]


def _records(table: pd.DataFrame, columns: list[str]) -> list[dict[str, Any]]:
    """Return the rows of a table as JSON objects with those of the given columns that the table has."""
    present_columns = [name for name in columns if name in table.columns]
    return [
        {str(name): value if isinstance(value, str) else finite_number(value) for name, value in row.items()}
        for row in table[present_columns].to_dict("records")
    ]


def finite_number(value: Any) -> float | None:
    """Return a number of a report's table as a float; None if it is missing, NaN or infinite."""
    import math

    return float(value) if value is not None and math.isfinite(value) else None
