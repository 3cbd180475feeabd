"""The blocks of a report's document, in reading order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from veritrain_lib.reporting.document import ReportDocument
    from veritrain_lib.reporting.stored_picture import StoredPicture
    from veritrain_lib.stages.report.result import ReportResult

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
    """Return slices with the detectable loss of each in words."""
    if "detectable_loss" not in rows:
        return rows
    texts = [
        f"cannot be detected with {n} rows" if loss is None or loss != loss else f"{loss:.3f}"
        for loss, n in zip(rows["detectable_loss"], rows["n"], strict=True)
    ]
    return rows.assign(detectable_loss=texts)


def build(report: ReportResult, pictures: Mapping[str, Figure | StoredPicture | bytes]) -> ReportDocument:
    """Build the document of a report: verdict and next step first, then evidence, then provenance.

    Args:
        report: The report.
        pictures: Its pictures, by the names that `ReportResult.pictures` gives them.
    """
    from veritrain_lib.reporting.document import (
        Heading,
        KeyValues,
        Paragraph,
        Picture,
        ReportDocument,
        TableBlock,
        VerdictBlock,
    )

    tables = report.tables
    kind: Any = (
        report.verdict if report.verdict in ("better", "not better", "inconclusive", "blocked") else "info"
    )
    blocks: list[Any] = [
        VerdictBlock(report.headline, kind),
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
        TableBlock(tables["rounds"], "Rounds"),
    ]
    if len(tables["added_data"]):
        blocks += [
            Heading("Effect of the added data"),
            TableBlock(
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
                TableBlock(
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
            Heading("Rejected before choosing"),
            Paragraph(
                "Rows of the pool that were not chosen because a rule that needs no label rejected them."
            ),
            TableBlock(tables["screened"], "Pool rows by the first reason"),
        ]
    if len(tables["endings"]):
        blocks += [
            Heading("Outcome of the requested rows"),
            Paragraph(
                "Every row requested from the teacher: whether it came, whether it was kept, and why not."
            ),
            TableBlock(tables["endings"], "Rows by outcome and reason"),
        ]
    blocks += [Heading("Provenance"), KeyValues(tuple(report.made_by.items()))]
    return ReportDocument(report.title, "Veri-Train report", tuple(blocks))
