"""A gate's review in the record: the sample is drawn from its run, what people said is stored beside its verdict."""

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
from veritrain_lib.reading.spreadsheet import restore, write_for_people
from veritrain_lib.stage_io.stage import load_result
from veritrain_lib.tracking import runs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.gate import GateResult

TAG = "veritrain.review"
"""The tag of a gate's run that holds what every reviewer said, as a JSON list."""

PLACE = "gate/review"


@dataclass(frozen=True)
class Sheet:
    """A sample of one gate's rows, handed out for review; `file` is where the answers are kept meanwhile."""

    task: Task
    run_id: str
    rows: pd.DataFrame
    file: Path

    def read(self) -> pd.DataFrame:
        """The sample with what is in the file; without a file nothing is decided."""
        if not self.file.exists():
            return self.rows.copy()
        table = read_filled_in(self.file)
        return review.decided(table, self.rows, self.file.name) if _any_decision(table) else self.rows.copy()

    def write(self, rows: pd.DataFrame) -> Path:
        """Write the sample with its decisions to the file, safely against a crash in the middle."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self.file}.lock", timeout=20):
            write_for_people(rows, self.file)
        return self.file


def read_filled_in(file: Path) -> pd.DataFrame:
    """A sample that people filled in, with ids and texts as they were before the spreadsheet. Raises UserError for a file
    that can't be read."""
    return restore(read_file(file).frame())


def gate_run(task: Task, given: str = "") -> str:
    """The id of the gate run to review: the given one, else the newest that finished.

    Raises UserError when there is none, or the given one is no gate of the task.
    """
    where = "tags.`veritrain.stage` = 'gate' AND attributes.status = 'FINISHED'"
    found = [run.info.run_id for run in runs.search(task, where)]
    if given:
        fits = [one for one in found if one.startswith(given)]
        if len(fits) != 1:
            raise UserError(
                f"{given!r} names {len(fits)} finished gate runs of task {task.name}; there are: {', '.join(found[:5]) or 'none'}"
            )
        return fits[0]
    if not found:
        raise UserError(f"task {task.name} has no finished gate run; run the gate first: veritrain gate")
    return found[0]


def sheet(task: Task, run_id: str, *, rows: int = ROWS, result: GateResult | None = None) -> Sheet:
    """The sample of a gate's run; `result` where it is at hand. Raises UserError for a count below 1."""
    if rows < 1:
        raise UserError(f"a review of {rows} rows is none; ask for 1 or more")
    found: Any = result or load_result("gate", run_id)
    drawn = sample(found.tables["accepted"], found.tables["quarantine"], task, rows=rows)
    file = project.root() / "runs" / "reviews" / f"{task.name}-{run_id[:8]}-{rows}.csv"
    return Sheet(task, run_id, drawn, file)


def store(
    handed_out: Sheet, answers: pd.DataFrame, reviewer: str, where: str = "the review"
) -> review.Review:
    """Store one person's review beside the verdict: its rows and numbers as artifacts, the pass rate as metrics, a
    section in the data docs. The same reviewer again replaces what he said before.

    Raises UserError for answers that do not fit the sample, or without a reviewer.
    """
    name = reviewer.strip()
    if not name:
        raise UserError("a review needs the name of its reviewer")
    said = review.Review(name, review.decided(answers, handed_out.rows, where))
    _keep(handed_out.run_id, said.as_dict(), said.rows)
    return said


def store_numbers(run_id: str, reviewer: str, *, pass_rate: float, looked_at: int, comment: str = "") -> None:
    """Store a review that was held elsewhere, of which only its numbers are known: of `looked_at` accepted rows the
    share `pass_rate` (0 to 1) was found good. It stands beside those that were held here; the same reviewer again
    replaces his own. The interval is that of the nearest whole number of rows.

    Raises UserError without a reviewer, or for numbers that can't be.
    """
    from veritrain_lib.statistics.intervals import Rate

    name = reviewer.strip()
    if not name:
        raise UserError("a review needs the name of its reviewer")
    if looked_at < 1 or not 0 <= pass_rate <= 1:
        raise UserError(f"a pass rate of {pass_rate} on {looked_at} rows can't be; 0 to 1, on 1 row or more")
    comments = [{"row": "", "id": "", "decision": "", "comment": comment}] if comment else []
    nothing = {"value": None, "low": 0.0, "high": 1.0, "n": 0}
    passed = {**review.plain(Rate(round(pass_rate * looked_at), looked_at)), "value": pass_rate}
    said = {"reviewer": name, "pass_rate": passed, "wrongly_removed": nothing}
    _keep(run_id, {**said, "undecided": 0, "comments": comments}, None)


def _keep(run_id: str, said: dict[str, Any], rows: pd.DataFrame | None) -> None:
    """Beside the verdict: rows (where they are known) and numbers as artifacts, rates as metrics, a section in the
    data docs."""
    name = str(said["reviewer"])
    said = {**said, "reviewed_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds")}
    desk = project.root() / "runs" / "reviews"
    desk.mkdir(parents=True, exist_ok=True)
    with FileLock(desk / f"{run_id}.lock", timeout=20):
        everyone = [*(one for one in reviews(run_id) if one["reviewer"] != name), said]
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            if rows is not None:
                file = f"{re.sub(r'[^0-9a-z]+', '-', name.lower()).strip('-') or 'reviewer'}.csv"
                write_for_people(rows, place / file)
            (place / "reviews.json").write_text(
                json.dumps(everyone, ensure_ascii=False, indent=1), encoding="utf-8"
            )
            runs.log_folder(run_id, place, PLACE)
        _show_in_data_docs(run_id, everyone)
        metrics: dict[str, float] = {}
        for key in ("pass_rate", "wrongly_removed"):
            if said[key]["value"] is not None:
                metrics[f"review_{key}"] = float(said[key]["value"])
                metrics |= {f"review_{key}_{end}": float(said[key][end]) for end in ("low", "high")}
        short = [{key: value for key, value in one.items() if key != "comments"} for one in everyone]
        runs.log(run_id, metrics=metrics, tags={TAG: json.dumps(short, ensure_ascii=False)})


def reviews(run_id: str) -> list[dict[str, Any]]:
    """What each reviewer said of a gate's run, with all comments; empty while nobody did."""
    if TAG not in runs.get(run_id).data.tags:
        return []
    with tempfile.TemporaryDirectory() as folder:
        place = runs.fetch(run_id, PLACE, Path(folder))
        said: list[dict[str, Any]] = json.loads((place / "reviews.json").read_text(encoding="utf-8"))
        return said


def _show_in_data_docs(run_id: str, said: list[dict[str, Any]]) -> None:
    from veritrain_lib.quality.data_docs import with_reviews

    with tempfile.TemporaryDirectory() as folder:
        page = runs.fetch(run_id, "gate", Path(folder)) / "data_docs.html"
        new = Path(folder) / "new" / page.name
        new.parent.mkdir()
        new.write_text(with_reviews(page.read_text(encoding="utf-8"), said), encoding="utf-8")
        runs.log_file(run_id, new, "gate")


def _any_decision(table: pd.DataFrame) -> bool:
    return "decision" in table.columns and bool((table["decision"].str.strip() != "").any())
