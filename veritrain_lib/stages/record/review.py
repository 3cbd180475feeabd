"""Human review of the gate's decisions: the sample of rows to review, and the stored decisions of each reviewer.

Open this to see which file keeps a review while it is filled in, and what is then stored in the gate's MLflow run.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError
from veritrain_lib.quality import review
from veritrain_lib.quality.review_sample import ROWS, sample
from veritrain_lib.reading.files import read_file
from veritrain_lib.reading.spreadsheet import unescape_table, write_spreadsheet
from veritrain_lib.stages.record.stored_result import load_result
from veritrain_lib.tracking import runs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.gate.result import GateResult

TAG = "veritrain.review"
"""MLflow tag of a gate's run with the numbers of all its reviews, as a JSON list."""

ARTIFACT_FOLDER = "gate/review"


@dataclass(frozen=True)
class ReviewSheet:
    """A sample of the rows that one gate run judged, for a person to review, with the decisions so far in a file.

    Attributes:
        task: The task.
        run_id: The id of the gate's MLflow run.
        rows: The sampled rows, without decisions.
        file: The CSV file that holds the decisions until the review is stored.
    """

    task: Task
    run_id: str
    rows: pd.DataFrame
    file: Path

    def read(self) -> pd.DataFrame:
        """Return the sampled rows with the decisions from the review's file; without decisions if there is no file yet.

        Raises:
            UserError: when the file's rows or decisions do not fit the sample.
        """
        if not self.file.exists():
            return self.rows.copy()
        table = read_filled_in(self.file)
        return (
            review.with_decisions(table, self.rows, self.file.name)
            if _any_decision(table)
            else self.rows.copy()
        )

    def write(self, rows: pd.DataFrame) -> Path:
        """Write the sampled rows with their decisions to the review's file, and return its path.

        A crash while writing leaves the earlier file intact.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self.file}.lock", timeout=20):
            write_spreadsheet(rows, self.file)
        return self.file


def read_filled_in(file: Path) -> pd.DataFrame:
    """Read a review file that a person filled in, undoing the escapes that protect ids and texts in spreadsheets.

    Raises:
        UserError: when the file can't be read.
    """
    return unescape_table(read_file(file).frame())


def gate_run(task: Task, prefix: str = "") -> str:
    """Return the id of the gate's MLflow run that is to be reviewed.

    Args:
        task: The task.
        prefix: The run id or its first characters. Empty means the newest finished gate run.

    Raises:
        UserError: when the task has no finished gate run, or not exactly one whose id begins with `prefix`.
    """
    where = "tags.`veritrain.stage` = 'gate' AND attributes.status = 'FINISHED'"
    run_ids = [run.info.run_id for run in runs.search(task, where)]
    if prefix:
        matches = [run_id for run_id in run_ids if run_id.startswith(prefix)]
        if len(matches) != 1:
            raise UserError(
                f"{prefix!r} names {len(matches)} finished gate runs of task {task.name}; there are: {', '.join(run_ids[:5]) or 'none'}"
            )
        return matches[0]
    if not run_ids:
        raise UserError(f"task {task.name} has no finished gate run; run the gate first: veritrain gate")
    return run_ids[0]


def sheet(task: Task, run_id: str, *, rows: int = ROWS, result: GateResult | None = None) -> ReviewSheet:
    """Draw the sample of a gate run's accepted and rejected rows that a person reviews.

    Args:
        task: The task.
        run_id: The id of the gate's MLflow run.
        rows: The size of the sample, at least 1.
        result: The gate's result if it is loaded already; None to load it.

    Returns:
        The sample, with the path of the CSV file for the decisions; no file is written.

    Raises:
        UserError: when `rows` is below 1.
    """
    if rows < 1:
        raise UserError(f"a review of {rows} rows is none; ask for 1 or more")
    gate: Any = result or load_result("gate", run_id)
    drawn = sample(gate.tables["accepted"], gate.tables["quarantine"], task, rows=rows)
    file = project.root() / "runs" / "reviews" / f"{task.name}-{run_id[:8]}-{rows}.csv"
    return ReviewSheet(task, run_id, drawn, file)


def store(
    review_sheet: ReviewSheet, answers: pd.DataFrame, reviewer: str, where: str = "the review"
) -> review.Review:
    """Store one person's review of a sample of rows in the gate's MLflow run.

    The reviewed rows become artifacts, the pass rate becomes a metric, and the gate's HTML page gets a section. A
    second review by the same person replaces the first.

    Args:
        review_sheet: The sample that was reviewed.
        answers: The sampled rows with their decisions.
        reviewer: The reviewer's name.
        where: The name of the file or source of the answers, for error messages.

    Returns:
        The stored review.

    Raises:
        UserError: when the answers do not fit the sample, or the reviewer's name is empty.
    """
    name = reviewer.strip()
    if not name:
        raise UserError("a review needs the name of its reviewer")
    entry = review.Review(name, review.with_decisions(answers, review_sheet.rows, where))
    _store(review_sheet.run_id, entry.as_dict(), entry.rows)
    return entry


def store_review_summary(
    run_id: str, reviewer: str, *, pass_rate: float, reviewed_rows: int, comment: str = ""
) -> None:
    """Store the numbers of a review that took place outside Veri-Train, so that the reviewed rows are not known.

    The review is listed with the others; a second review by the same person replaces the first. The pass rate's
    interval is computed for the nearest whole number of passed rows.

    Args:
        run_id: The id of the gate's MLflow run.
        reviewer: The reviewer's name.
        pass_rate: The share of the reviewed accepted rows that the reviewer approved, 0 to 1.
        reviewed_rows: The number of accepted rows that were reviewed, at least 1.
        comment: A comment on the review; empty for none.

    Raises:
        UserError: when the name is empty, or a number is out of range.
    """
    from veritrain_lib.statistics.intervals import Rate

    name = reviewer.strip()
    if not name:
        raise UserError("a review needs the name of its reviewer")
    if reviewed_rows < 1 or not 0 <= pass_rate <= 1:
        raise UserError(
            f"a pass rate of {pass_rate} on {reviewed_rows} rows can't be; 0 to 1, on 1 row or more"
        )
    comments = [{"row": "", "id": "", "decision": "", "comment": comment}] if comment else []
    unknown = {"value": None, "low": 0.0, "high": 1.0, "n": 0}
    passed = {
        **review.rate_as_dict(Rate(round(pass_rate * reviewed_rows), reviewed_rows)),
        "value": pass_rate,
    }
    numbers = {"reviewer": name, "pass_rate": passed, "wrongly_removed": unknown}
    _store(run_id, {**numbers, "undecided": 0, "comments": comments}, None)


def _store(run_id: str, entry: dict[str, Any], rows: pd.DataFrame | None) -> None:
    """Store a review in the gate's MLflow run: artifacts, metrics, tag, and a section of the gate's HTML page.

    Args:
        run_id: The id of the gate's MLflow run.
        entry: The review's numbers, comments and reviewer.
        rows: The reviewed rows; None if they are not known.
    """
    name = str(entry["reviewer"])
    entry = {**entry, "reviewed_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds")}
    lock_folder = project.root() / "runs" / "reviews"
    lock_folder.mkdir(parents=True, exist_ok=True)
    with FileLock(lock_folder / f"{run_id}.lock", timeout=20):
        all_reviews = [*(other for other in reviews(run_id) if other["reviewer"] != name), entry]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            if rows is not None:
                file = f"{re.sub(r'[^0-9a-z]+', '-', name.lower()).strip('-') or 'reviewer'}.csv"
                write_spreadsheet(rows, path / file)
            (path / "reviews.json").write_text(
                json.dumps(all_reviews, ensure_ascii=False, indent=1), encoding="utf-8"
            )
            runs.log_folder(run_id, path, ARTIFACT_FOLDER)
        _show_in_data_docs(run_id, all_reviews)
        metrics: dict[str, float] = {}
        for key in ("pass_rate", "wrongly_removed"):
            if entry[key]["value"] is not None:
                metrics[f"review_{key}"] = float(entry[key]["value"])
                metrics |= {f"review_{key}_{end}": float(entry[key][end]) for end in ("low", "high")}
        short = [{key: value for key, value in item.items() if key != "comments"} for item in all_reviews]
        runs.log(run_id, metrics=metrics, tags={TAG: json.dumps(short, ensure_ascii=False)})


def reviews(run_id: str) -> list[dict[str, Any]]:
    """Return all reviews of a gate's MLflow run with their numbers and comments; empty while there are none."""
    if TAG not in runs.get(run_id).data.tags:
        return []
    with tempfile.TemporaryDirectory() as folder:
        path = runs.fetch(run_id, ARTIFACT_FOLDER, Path(folder))
        stored: list[dict[str, Any]] = json.loads((path / "reviews.json").read_text(encoding="utf-8"))
        return stored


def _show_in_data_docs(run_id: str, all_reviews: list[dict[str, Any]]) -> None:
    from veritrain_lib.quality.data_docs import with_reviews

    with tempfile.TemporaryDirectory() as folder:
        page = runs.fetch(run_id, "gate", Path(folder)) / "data_docs.html"
        new = Path(folder) / "new" / page.name
        new.parent.mkdir()
        new.write_text(with_reviews(page.read_text(encoding="utf-8"), all_reviews), encoding="utf-8")
        runs.log_file(run_id, new, "gate")


def _any_decision(table: pd.DataFrame) -> bool:
    return "decision" in table.columns and bool((table["decision"].str.strip() != "").any())
