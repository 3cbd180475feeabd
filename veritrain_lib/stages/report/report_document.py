"""Building of a report's document: its headings, paragraphs, tables and pictures in reading order."""

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
    """Return a table of slices in which each detectable loss is a text: the number, or that none can be detected."""
    if "detectable_loss" not in rows:
        return rows
    texts = [
        f"cannot be detected with {n} rows" if loss is None or loss != loss else f"{loss:.3f}"
        for loss, n in zip(rows["detectable_loss"], rows["n"], strict=True)
    ]
    return rows.assign(detectable_loss=texts)


def build(report: ReportResult, pictures: Mapping[str, Figure | StoredPicture | bytes]) -> ReportDocument:
    """Build the document of a report: verdict and next step first, then the evidence, then the provenance.

    Args:
        report: The report stage's result.
        pictures: The pictures, by the names that `ReportResult.pictures` gives them.
    """
    from veritrain_lib.reporting.document import Heading, KeyValues, Paragraph, ReportDocument, VerdictBlock

    kind: Any = (
        report.verdict if report.verdict in ("better", "not better", "inconclusive", "blocked") else "info"
    )
    blocks: list[Any] = [
        VerdictBlock(report.headline, kind),
        Heading("Next step"),
        Paragraph(f"{report.next_step} {report.next_step_why}"),
        *([Heading("Remarks"), *map(Paragraph, report.remarks)] if report.remarks else []),
        Heading("What changed"),
        *[Paragraph(line) for line in report.changed],
        *_learning(report, pictures),
        *_batch_blocks(report.tables),
        *_agreement_blocks(report.tables),
        *_recall_blocks(report.tables),
        *_new_label_blocks(report.tables),
        *([Paragraph(report.graded)] if report.graded else []),
        *_slices(report),
        *_charts(report, pictures),
        *_rejected(report),
        Heading("Provenance"),
        KeyValues(tuple(report.made_by.items())),
    ]
    return ReportDocument(report.title, "Veri-Train report", tuple(blocks))


def _learning(report: ReportResult, pictures: Mapping[str, Figure | StoredPicture | bytes]) -> list[Any]:
    """Return the document's blocks on the learning curve, its numbers, and the effect of the added rows."""
    from veritrain_lib.reporting.document import Heading, Picture, TableBlock

    blocks: list[Any] = [
        Heading("Learning curve"),
        Picture(
            pictures["learning_curve"],
            f"Development {report.metric} by round, 95 % intervals",
            "Learning curve over rounds",
        ),
        TableBlock(report.tables["rounds"], "Rounds"),
    ]
    if len(report.tables["added_data"]):
        blocks += [
            Heading("Effect of the added data"),
            TableBlock(
                report.tables["added_data"],
                "The same trainer with the rows of all rounds against the seed rows alone (two-sided)"
                if report.scope == "loop"
                else "The same trainer with this round's rows against without them (two-sided)",
            ),
        ]
    return blocks


def _slices(report: ReportResult) -> list[Any]:
    """Return the document's blocks on the slices that improved, that regressed, and that are undecided."""
    from veritrain_lib.reporting.document import Heading, TableBlock

    blocks: list[Any] = []
    for name, title in (("improved", "Improved"), ("regressed", "Regressed"), ("unclear", "Can't tell")):
        rows = report.tables[name]
        blocks.append(Heading(f"{title}: {len(rows)} slices of the {report.slices_of}"))
        if len(rows):
            blocks.append(
                TableBlock(
                    _with_detectable(rows[[column for column in SLICE_COLUMNS if column in rows]]),
                    f"{title}, with the loss each slice could have shown",
                )
            )
    return blocks


def _charts(report: ReportResult, pictures: Mapping[str, Figure | StoredPicture | bytes]) -> list[Any]:
    """Return the document's blocks with pictures: changes by slice, errors, rows that the gate removed."""
    from veritrain_lib.reporting.document import Heading, Picture

    blocks: list[Any] = []
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
    return blocks


def _rejected(report: ReportResult) -> list[Any]:
    """Return the document's blocks on pool rows that rules rejected, and on the outcomes of rows asked of a teacher."""
    from veritrain_lib.reporting.document import Heading, Paragraph, TableBlock

    tables = report.tables
    blocks: list[Any] = []
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
    return blocks


def _batch_blocks(tables: Mapping[str, pd.DataFrame]) -> list[Any]:
    """Return the document's blocks on the effect of each batch of training rows; empty if it was not measured."""
    from veritrain_lib.reporting.document import Heading, Paragraph, TableBlock

    # A report that was stored before there were batches has no such table.
    if "batches" not in tables or not len(tables["batches"]):
        return []
    return [
        Heading("Which rows made it better"),
        Paragraph(BATCHES_TEXT),
        TableBlock(tables["batches"], "Effect of each batch on development rows, in nats a row"),
    ]


def _agreement_blocks(tables: Mapping[str, pd.DataFrame]) -> list[Any]:
    """Return the document's blocks on the agreement of two annotators; empty if no row has two answers."""
    from veritrain_lib.reporting.document import Heading, TableBlock

    if "agreement" not in tables or not len(tables["agreement"]):
        return []
    return [
        Heading("How people agree"),
        TableBlock(
            tables["agreement"], "Cohen's kappa of two people on rows whose label was contradicted (95 %)"
        ),
    ]


def _recall_blocks(tables: Mapping[str, pd.DataFrame]) -> list[Any]:
    """Return the document's blocks on the recall of the rarest labels; empty for a task without labels."""
    from veritrain_lib.reporting.document import Heading, TableBlock

    if "label_recall" not in tables or not len(tables["label_recall"]):
        return []
    rows = tables["label_recall"]
    shown = "" if len(rows) <= RAREST_SHOWN else f"; the {RAREST_SHOWN} rarest of {len(rows)}"
    return [
        Heading("Recall by label, the rarest first"),
        TableBlock(
            rows.head(RAREST_SHOWN), f"Share of each label's development rows answered rightly (95 %){shown}"
        ),
    ]


def _new_label_blocks(tables: Mapping[str, pd.DataFrame]) -> list[Any]:
    """Return the document's blocks on groups of rows that could be labels of their own; empty if there are none."""
    from veritrain_lib.reporting.document import Heading, Paragraph, TableBlock
    from veritrain_lib.stages.report import no_label

    if "new_labels" not in tables or not len(tables["new_labels"]):
        return []
    return [
        Heading("Groups that could be new labels"),
        Paragraph(no_label.TEXT),
        TableBlock(tables["new_labels"], "Groups of rows that no label fits, the largest first"),
    ]


RAREST_SHOWN = 20
"""Largest number of labels in the document's table of recall. The stored table holds all labels."""

BATCHES_TEXT = (
    "A batch is the rows that the gate accepted in one round. Left out: the log likelihood of the development rows' right "
    "answers under a model trained on all rows, minus the same without the batch. Added: the same for the starting rows "
    "with the batch, minus the starting rows alone. The effect is the mean of both, in nats a row; its interval is a "
    "paired bootstrap over development rows (95 %, 2,000 resamples). A batch helps or harms only where that is shown at "
    "5 % over all batches together (Holm's method). It also harms where a model trained without it contradicts more of its "
    "labels than those of the other batches (Fisher's exact test, Holm's method) and the contradicted rows alone lower the "
    "likelihood (5 %). Against random: the starting rows with the batch, minus the starting "
    "rows with as many random rows of the pool that pass the rules; empty where the pool has no answers to compare with. "
    "A batch that harms is taken out by: veritrain drop-batch BATCH TASK"
)
"""Paragraph of the report that explains how to read the table of batches."""
