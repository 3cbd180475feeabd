"""The report stage in MLflow: it reads a round or a whole loop, and stores a report with an HTML page.

Open this to see how the runs behind a report are found, and how its PDF is made afterwards (`store_pdf`).
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from veritrain_lib import __version__
from veritrain_lib.core import digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task
from veritrain_lib.stage_io import history, sources
from veritrain_lib.stage_io.defaults import run_upstream
from veritrain_lib.stage_io.stage import load_result
from veritrain_lib.stage_io.stage_spec import Inputs
from veritrain_lib.stages import report
from veritrain_lib.tracking import looks, models, runs

if TYPE_CHECKING:
    from veritrain_lib.reporting.document import ReportDocument

LOOP_KINDS = ("loop", "final")
"""Kinds of runs that stand for a whole loop: the loop's run, and the run of its final comparison."""

DATA_STAGES = ("generate", "gate", "train")
"""The stages from new rows to a challenger, which a loop's report takes from the last round."""

FOLDER = "report"
"""Artifact folder of the run: the page, its pictures and the PDF."""


class ReportSpec:
    """Specification of the report stage. `about` is the run of a round or of a loop; empty: the newest round."""

    PARAMETERS: ClassVar[Mapping[str, Any]] = {"about": "", "scope": "round", "seed": 0}

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """Find the stage runs of the round: by its tags, or by the lineage of an evaluation where no loop made it."""
        about = parameters["about"] or parameters["round_run"]
        rounds, stages = self._find_round(task, about, parameters["scope"])
        numbers = _numbers(about, parameters["scope"], rounds)
        content = {
            "rounds": digest.of_json([round_.stages for round_ in rounds]),
            "stages": digest.of_json(stages),
            "task": task.digest(),
            "data": task.data_digest("test"),
            "title": numbers,
        }
        resolved = {"rounds": rounds, "stages": stages, "numbers": numbers}
        return Inputs({"about": about or "latest"}, content, resolved)

    def _find_round(self, task: Task, about: str, scope: str) -> tuple[list[history.Round], dict[str, str]]:
        if scope == "loop":
            return self._find_loop(task, about)
        if not about:
            latest = history.latest_round(task)
            if latest is None:
                return [], history.stages_by_lineage(task, self._evaluation(task))
            about = latest[0].run_id
        run = runs.get(about)
        if run.data.tags.get("veritrain.kind") in LOOP_KINDS:
            raise UserError(
                f"run {about} is a whole loop ({run.info.run_name}), not a round: give scope loop with it, or the run of a "
                "round"
            )
        round_ = history.as_round(run)
        loop_run = run.data.tags.get("mlflow.parentRunId", "")
        rounds = history.loop_rounds(task, loop_run) if loop_run else []
        rounds = [earlier for earlier in rounds if earlier.number <= round_.number]
        stages = {name: run_id for name, run_id in round_.stages.items() if name != "report"}
        if not stages:
            raise UserError(f"run {about} names no stages; give the run of a round or of a loop")
        return _without_reports(rounds), stages

    def _find_loop(self, task: Task, about: str) -> tuple[list[history.Round], dict[str, str]]:
        """Find the rounds of a loop, and the stages to report on.

        These are the comparison of seed model and last champion, where there was one, and the last round's other
        stages.
        """
        if not about:
            newest = runs.search(task, "tags.`veritrain.kind` = 'loop'", limit=1)
            if not newest:
                raise UserError(
                    f"task {task.name!r} has no loop yet: give scope round, or run: veritrain loop {task.name}"
                )
            about = newest[0].info.run_id
        run = runs.get(about)
        kind, parent = run.data.tags.get("veritrain.kind"), run.data.tags.get("mlflow.parentRunId", "")
        if kind not in LOOP_KINDS:
            loop_hint = f", or its loop's run {parent}" if parent else ""
            raise UserError(
                f"run {about} is no whole loop ({run.info.run_name}): give scope round with it{loop_hint} with scope loop"
            )
        loop_run = about if kind == "loop" else parent
        finals = [
            child
            for child in runs.children(task, loop_run)
            if child.data.tags.get("veritrain.kind") == "final"
        ]
        rounds = history.loop_rounds(task, loop_run)
        stages: dict[str, str] = {}
        for last in [round_ for round_ in rounds if round_.number][-1:] or rounds[-1:]:
            stages |= {name: stage_run for name, stage_run in last.stages.items() if name in DATA_STAGES}
        for final in finals:
            final_stages = history.as_round(final).stages
            stages |= {name: stage_run for name, stage_run in final_stages.items() if name != "report"}
        if not stages:
            raise UserError(f"loop {loop_run} has done no stage yet; go on with: veritrain loop {task.name}")
        return _without_reports(rounds), stages

    def _evaluation(self, task: Task) -> str:
        evaluations = runs.search(
            task, "tags.`veritrain.stage` = 'evaluate' AND attributes.status = 'FINISHED'", limit=1
        )
        return evaluations[0].info.run_id if evaluations else run_upstream(task, "evaluate")[1]

    def execute(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str
    ) -> report.ReportResult:
        """Gather the facts, write the report, and store its page and pictures."""
        rounds: list[history.Round] = inputs.resolved["rounds"]
        stages: dict[str, str] = inputs.resolved["stages"]
        results: dict[str, Any] = {
            name: load_result(name, stage_run)
            for name, stage_run in stages.items()
            if name in ("generate", "gate", "train", "evaluate")
        }
        is_loop = parameters["scope"] == "loop"
        # The effect of added rows: of a round against the round before, of a loop against the seed model.
        earlier = rounds[0 if is_loop else -2].stages.get("train") if len(rounds) > 1 else None
        champion = models.by_alias(task, models.CHAMPION)
        facts = report.Facts(
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

    def _store(self, run_id: str, result: report.ReportResult) -> None:
        from veritrain_lib.reporting.document import Picture
        from veritrain_lib.reporting.page import to_html

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            (path / "report.html").write_text(to_html(result.document()), encoding="utf-8")
            for name, figure in result.pictures().items():
                (path / f"{name}.png").write_bytes(Picture(figure).png)
            runs.log_folder(run_id, path, FOLDER)

    def result_class(self) -> type[report.ReportResult]:
        """Return the class of the stored result."""
        return report.ReportResult


def _without_reports(rounds: list[history.Round]) -> list[history.Round]:
    return [
        history.Round(
            round_.number,
            round_.run_id,
            {name: run for name, run in round_.stages.items() if name != "report"},
        )
        for round_ in rounds
    ]


def _by_round(rounds: list[history.Round]) -> tuple[report.RoundFacts, ...]:
    """Return what each round of a loop generated and removed; the gate of the seed rows is round 0."""

    def result_of(round_: history.Round, stage: str) -> Any:
        return load_result(stage, round_.stages[stage]) if stage in round_.stages else None

    return tuple(
        report.RoundFacts(round_.number, result_of(round_, "generate"), result_of(round_, "gate"))
        for round_ in rounds
    )


def _numbers(about: str, scope: str, rounds: list[history.Round]) -> str:
    """Return the subject of the report for its title: a round has a number in its loop, an experiment a name."""
    if scope == "loop":
        last = max((round_.number for round_ in rounds), default=0)
        return "the whole loop" + (f", rounds 1 to {last}" if last > 1 else "")
    if rounds:
        return f"round {rounds[-1].number}"
    return (runs.get(about).info.run_name if about else "") or "by hand"


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
    result = cast(report.ReportResult, load_result("report", run_id))
    with tempfile.TemporaryDirectory() as fetched:
        folder = Path(fetched)
        names = runs.artifact_names(run_id, FOLDER)
        return document_with_stored_pictures(result, runs.fetch(run_id, FOLDER, folder) if names else folder)


def document_with_stored_pictures(result: report.ReportResult, folder: Path) -> ReportDocument:
    """Return the report as a document with the pictures in the folder, since drawing them again takes long."""
    return result.document({picture.stem: picture.read_bytes() for picture in folder.glob("*.png")})


def _set_aside_note(rows: int) -> str:
    return f"; {rows} row(s) set aside, because the seed has them too" if rows else ""


SPEC = ReportSpec()
