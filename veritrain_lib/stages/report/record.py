"""The report stage in MLflow: it reads a round or a whole loop, and stores a report with an HTML page.

Open this to see how the runs behind a report are found, and how its PDF is made by a background task (`store_pdf`).
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from veritrain_lib import __version__
from veritrain_lib.core import digest
from veritrain_lib.core.task import Task
from veritrain_lib.stages.base import Inputs, StageSpec
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.record import history
from veritrain_lib.stages.record.stored_result import load_result
from veritrain_lib.stages.report import inputs as report_inputs
from veritrain_lib.stages.report import run as report
from veritrain_lib.stages.report.facts import Facts, RoundFacts
from veritrain_lib.stages.report.result import ReportResult
from veritrain_lib.tracking import looks, models, runs

if TYPE_CHECKING:
    from veritrain_lib.reporting.document import ReportDocument


FOLDER = "report"
"""Artifact folder of the run: the page, its pictures and the PDF."""


class ReportSpec(StageSpec):
    """Specification of the report stage. `about` is the run of a round or of a loop; empty: the newest round."""

    PARAMETERS = report_inputs.PARAMETERS
    RESULT = ReportResult

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """Find the inputs, see `report.inputs.resolve`."""
        return report_inputs.resolve(task, parameters)

    def execute(self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str) -> ReportResult:
        """Gather the facts, write the report, and store its page and pictures."""
        rounds: list[history.Round] = inputs.resolved["rounds"]
        stages: dict[str, str] = inputs.resolved["stages"]
        results: dict[str, Any] = {
            name: load_result(name, stage_run)
            for name, stage_run in stages.items()
            if name in report_inputs.RESULT_STAGES
        }
        is_loop = parameters["scope"] == "loop"
        # The effect of added rows: of a round against the round before, of a loop against the seed model.
        earlier = rounds[0 if is_loop else -2].stages.get("train") if len(rounds) > 1 else None
        champion = models.by_alias(task, models.CHAMPION)
        facts = Facts(
            title=f"{task.name}: {inputs.resolved['numbers']}",
            rounds=history.table(task, rounds or [history.Round(1, "", stages)]),
            **results,
            without=load_result("train", earlier) if earlier else None,  # type: ignore[arg-type]
            by_round=_by_round(rounds) if is_loop else (),
            champion=champion.uri if champion else "",
            money=_money_spent(task),
            looks_used=looks.looks_spent(looks.list_looks(sources.held_out_set(task))),
            made_by={
                "task": f"{task.name} ({task.digest()[:12]})",
                "code": f"veritrain {__version__} ({digest.of_code()[:12]})",
                "test set": task.data_digest("test")[:12] + _set_aside_note(sources.set_aside(task)),
                "development": task.data_digest("development")[:12]
                + _set_aside_note(sources.set_aside(task, "development")),
                "seed": str(parameters["seed"]),
                "runs": ", ".join(f"{name} {stage_run[:8]}" for name, stage_run in stages.items()),
            },
        )
        result = report.run(
            report.ReportConfig(scope=parameters["scope"], seed=parameters["seed"]), task, facts
        )
        self._store(run_id, result)
        return result

    def _store(self, run_id: str, result: ReportResult) -> None:
        from veritrain_lib.reporting.document import Picture
        from veritrain_lib.reporting.page import to_html

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            (path / "report.html").write_text(to_html(result.document()), encoding="utf-8")
            for name, figure in result.pictures().items():
                (path / f"{name}.png").write_bytes(Picture(figure).png)
            runs.log_folder(run_id, path, FOLDER)


def _by_round(rounds: list[history.Round]) -> tuple[RoundFacts, ...]:
    """Return what each round of a loop generated and removed; the gate of the seed rows is round 0."""

    def result_of(round_: history.Round, stage: str) -> Any:
        return load_result(stage, round_.stages[stage]) if stage in round_.stages else None

    return tuple(
        RoundFacts(round_.number, result_of(round_, "generate"), result_of(round_, "gate"))
        for round_ in rounds
    )


def _money_spent(task: Task) -> float:
    """Return the US dollars spent on the task so far: answers, fine-tuning jobs, and requests that may be lost."""
    from veritrain_lib.llm.ledger import Ledger, default_ledger_path

    if not default_ledger_path().is_file():
        return 0.0
    with Ledger() as ledger:
        spent = ledger.spent(task.name)
    return spent.paid + spent.lost


def store_pdf(task: Task, run_id: str) -> None:
    """Render the stored report of a run as `report/report.pdf`, beside its page.

    This is separate from the stage because it takes as long as the page and its pictures, and nothing waits for it.

    Args:
        task: The task that the report is about. Not used: the stored report holds all that is needed.
        run_id: A run of the report stage whose result is stored.
    """
    from veritrain_lib.reporting.pdf import to_pdf

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "report.pdf").write_bytes(to_pdf(document_of(run_id), dt.datetime.now(dt.UTC)))
        runs.log_folder(run_id, Path(folder), FOLDER)


def has_pdf(run_id: str) -> bool:
    """Return whether a run of the report stage has its PDF."""
    return any(name == f"{FOLDER}/report.pdf" for name in runs.artifact_names(run_id, FOLDER))


def document_of(run_id: str) -> ReportDocument:
    """Return the report that a run of the report stage has stored, with its stored pictures."""
    result = cast(ReportResult, load_result("report", run_id))
    with tempfile.TemporaryDirectory() as fetched:
        folder = Path(fetched)
        names = runs.artifact_names(run_id, FOLDER)
        return document_with_stored_pictures(result, runs.fetch(run_id, FOLDER, folder) if names else folder)


def document_with_stored_pictures(result: ReportResult, folder: Path) -> ReportDocument:
    """Return the report as a document with the pictures in the folder, since drawing them again takes long."""
    return result.document({picture.stem: picture.read_bytes() for picture in folder.glob("*.png")})


def _set_aside_note(rows: int) -> str:
    return f"; {rows} row(s) set aside, because the seed has them too" if rows else ""


SPEC = ReportSpec()
