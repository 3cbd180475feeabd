"""A report's blocks, in reading order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from veritrain_lib.reporting.document import Document
    from veritrain_lib.reporting.stored_picture import StoredPicture
    from veritrain_lib.stages.report import ReportResult

SLICE_COLUMNS = [
    "name",
    "n",
    "champion",
    "challenger",
    "difference",
    "low",
    "high",
    "detectable_loss",
    "verdict",
]


def _with_detectable(rows: pd.DataFrame) -> pd.DataFrame:
    """Slices with what each could not show said in words."""
    if "detectable_loss" not in rows:
        return rows
    told = [
        f"cannot be detected with {n} rows" if loss is None or loss != loss else f"{loss:.3f}"
        for loss, n in zip(rows["detectable_loss"], rows["n"], strict=True)
    ]
    return rows.assign(detectable_loss=told)


def build(report: ReportResult, pictures: Mapping[str, Figure | StoredPicture | bytes]) -> Document:
    """Verdict and next step first, then evidence, then what made it. `pictures` by the names of the report's own."""
    from veritrain_lib.reporting.document import (
        Document,
        Heading,
        KeyValues,
        Paragraph,
        Picture,
        Table,
        Verdict,
    )

    tables = report.tables
    kind: Any = (
        report.verdict if report.verdict in ("better", "not better", "inconclusive", "blocked") else "info"
    )
    blocks: list[Any] = [
        Verdict(report.headline, kind),
        Heading("Next step"),
        Paragraph(f"{report.next_step} {report.next_step_why}"),
        Heading("What changed"),
        *[Paragraph(line) for line in report.changed],
        Heading("Learning curve"),
        Picture(
            pictures["learning_curve"],
            f"Development {report.metric} by round, 95 % intervals",
            "Learning curve over rounds",
        ),
        Table(tables["rounds"], "Rounds"),
    ]
    if len(tables["added_data"]):
        blocks += [
            Heading("Effect of the added data"),
            Table(
                tables["added_data"],
                "The same trainer with the rows of all rounds against the seed rows alone (two-sided)"
                if report.scope == "loop"
                else "The same trainer with this round's rows against without them (two-sided)",
            ),
        ]
    if report.graded:
        blocks.append(Paragraph(report.graded))
    for name, title in (("improved", "Improved"), ("regressed", "Regressed"), ("unclear", "Can't tell")):
        rows = tables[name]
        blocks.append(Heading(f"{title}: {len(rows)} slices of the {report.slices_of}"))
        if len(rows):
            blocks.append(
                Table(
                    _with_detectable(rows[[column for column in SLICE_COLUMNS if column in rows]]),
                    f"{title}, with the loss each slice could have shown",
                )
            )
    for name, title, text in (
        ("slices", "Change by slice", f"Change in every slice of the {report.slices_of}, with intervals"),
        (
            "confused",
            "Most frequent errors",
            "Most frequent errors on development rows: what was expected, what was answered",
        ),
        (
            "removed",
            "What the gate removed",
            "Rejected rows by rule beside the limit of the rule"
            + (", over all rounds" if report.scope == "loop" else ""),
        ),
    ):
        if name in pictures:
            blocks += [Heading(title), Picture(pictures[name], text, text)]
    if len(tables["screened"]):
        blocks += [
            Heading("Turned down before choosing"),
            Paragraph("Rows of the pool that a rule which needs no label kept from being chosen."),
            Table(tables["screened"], "Pool rows by the first reason"),
        ]
    if len(tables["endings"]):
        blocks += [
            Heading("What became of the rows that were asked for"),
            Paragraph("Every row asked of the teacher, whether it came, was kept, or why not."),
            Table(tables["endings"], "Rows by outcome and reason"),
        ]
    blocks += [Heading("What made this"), KeyValues(tuple(report.made_by.items()))]
    return Document(report.title, "Veri-Train report", tuple(blocks))
