"""Report in the record: a round (or a whole loop) in, a notebook page and an HTML page out; the PDF apart."""

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
from veritrain_lib.stage_io.defaults import ahead
from veritrain_lib.stage_io.stage import load_result
from veritrain_lib.stage_io.stage_spec import Inputs
from veritrain_lib.stages import report
from veritrain_lib.tracking import looks, models, runs

if TYPE_CHECKING:
    from veritrain_lib.reporting.document import Document

WHOLE = ("loop", "final")
"""Kinds of runs that stand for a whole loop: its own, and that of its final comparison."""

MADE_OF_DATA = ("generate", "gate", "train")

FOLDER = "report"
"""Of the run's artifacts: the page, its pictures and the PDF."""


class Report:
    """Binding of the report stage. `about` is the run of a round or of a loop; empty: the newest round."""

    PARAMETERS: ClassVar[Mapping[str, Any]] = {"about": "", "scope": "round", "seed": 0}

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """Find the runs behind the round: by the round's tags, or by lineage where no loop made it."""
        about = parameters["about"] or parameters["round_run"]
        rounds, stages = self._find(task, about, parameters["scope"])
        numbers = _numbers(about, parameters["scope"], rounds)
        content = {
            "rounds": digest.of_json([one.stages for one in rounds]),
            "stages": digest.of_json(stages),
            "task": task.digest(),
            "data": task.data_digest("test"),
            "title": numbers,
        }
        things = {"rounds": rounds, "stages": stages, "numbers": numbers}
        return Inputs({"about": about or "latest"}, content, things)

    def _find(self, task: Task, about: str, scope: str) -> tuple[list[history.Round], dict[str, str]]:
        if scope == "loop":
            return self._find_loop(task, about)
        if not about:
            latest = history.latest_round(task)
            if latest is None:
                return [], history.by_lineage(task, self._evaluation(task))
            about = latest[0].run_id
        run = runs.get(about)
        if run.data.tags.get("veritrain.kind") in WHOLE:
            raise UserError(
                f"run {about} is a whole loop ({run.info.run_name}), not a round: give scope loop with it, or the run of a "
                "round"
            )
        one = history.as_round(run)
        loop_run = run.data.tags.get("mlflow.parentRunId", "")
        rounds = history.rounds_of(task, loop_run) if loop_run else []
        rounds = [earlier for earlier in rounds if earlier.number <= one.number]
        stages = {name: run_id for name, run_id in one.stages.items() if name != "report"}
        if not stages:
            raise UserError(f"run {about} names no stages; give the run of a round or of a loop")
        return _without_reports(rounds), stages

    def _find_loop(self, task: Task, about: str) -> tuple[list[history.Round], dict[str, str]]:
        """The rounds of a whole loop; its comparison of seed model and last champion, where there was one, and the
        last round's other stages."""
        if not about:
            newest = runs.search(task, "tags.`veritrain.kind` = 'loop'", limit=1)
            if not newest:
                raise UserError(
                    f"task {task.name!r} has no loop yet: give scope round, or run: veritrain loop {task.name}"
                )
            about = newest[0].info.run_id
        run = runs.get(about)
        kind, parent = run.data.tags.get("veritrain.kind"), run.data.tags.get("mlflow.parentRunId", "")
        if kind not in WHOLE:
            whole = f", or its loop's run {parent}" if parent else ""
            raise UserError(
                f"run {about} is no whole loop ({run.info.run_name}): give scope round with it{whole} with scope loop"
            )
        loop_run = about if kind == "loop" else parent
        finals = [
            one for one in runs.children(task, loop_run) if one.data.tags.get("veritrain.kind") == "final"
        ]
        rounds = history.rounds_of(task, loop_run)
        stages: dict[str, str] = {}
        for last in [one for one in rounds if one.number][-1:] or rounds[-1:]:
            stages |= {name: one for name, one in last.stages.items() if name in MADE_OF_DATA}
        for final in finals:
            stages |= {name: one for name, one in history.as_round(final).stages.items() if name != "report"}
        if not stages:
            raise UserError(f"loop {loop_run} has done no stage yet; go on with: veritrain loop {task.name}")
        return _without_reports(rounds), stages

    def _evaluation(self, task: Task) -> str:
        found = runs.search(
            task, "tags.`veritrain.stage` = 'evaluate' AND attributes.status = 'FINISHED'", limit=1
        )
        return found[0].info.run_id if found else ahead(task, "evaluate")[1]

    def work(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str
    ) -> report.ReportResult:
        """Gather the facts, write the report, and store its pages."""
        rounds: list[history.Round] = inputs.things["rounds"]
        stages: dict[str, str] = inputs.things["stages"]
        opened: dict[str, Any] = {
            name: load_result(name, stage_run)
            for name, stage_run in stages.items()
            if name in ("generate", "gate", "train", "evaluate")
        }
        whole = parameters["scope"] == "loop"
        # What the rows did: of a round against the one before, of a loop against the seed model.
        earlier = rounds[0 if whole else -2].stages.get("train") if len(rounds) > 1 else None
        champion = models.by_alias(task, models.CHAMPION)
        facts = report.Facts(
            title=f"{task.name}: {inputs.things['numbers']}",
            rounds=history.table(task, rounds or [history.Round(1, "", stages)]),
            **opened,
            without=load_result("train", earlier) if earlier else None,  # type: ignore[arg-type]
            by_round=_by_round(rounds) if whole else (),
            champion=champion.uri if champion else "",
            money=_paid(task),
            looks_used=looks.used(looks.all_looks(sources.held_out_set(task))),
            made_by={
                "task": f"{task.name} ({task.digest()[:12]})",
                "code": f"veritrain {__version__} ({digest.of_code()[:12]})",
                "test set": task.data_digest("test")[:12] + _aside(sources.set_aside(task)),
                "development": task.data_digest("development")[:12]
                + _aside(sources.set_aside(task, "development")),
                "seed": str(parameters["seed"]),
                "runs": ", ".join(f"{name} {stage_run[:8]}" for name, stage_run in stages.items()),
            },
        )
        result = report.run(
            report.ReportConfig(scope=parameters["scope"], seed=parameters["seed"]), task, facts
        )
        self._file(run_id, result)
        return result

    def _file(self, run_id: str, result: report.ReportResult) -> None:
        from veritrain_lib.reporting.document import Picture
        from veritrain_lib.reporting.page import to_html

        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            (place / "report.html").write_text(to_html(result.document()), encoding="utf-8")
            for name, figure in result.pictures().items():
                (place / f"{name}.png").write_bytes(Picture(figure).png)
            runs.log_folder(run_id, place, FOLDER)

    def result_class(self) -> type[report.ReportResult]:
        """The class of the stored result."""
        return report.ReportResult


def _without_reports(rounds: list[history.Round]) -> list[history.Round]:
    return [
        history.Round(
            one.number, one.run_id, {name: run for name, run in one.stages.items() if name != "report"}
        )
        for one in rounds
    ]


def _by_round(rounds: list[history.Round]) -> tuple[report.RoundFacts, ...]:
    """What each round of a loop made and took out; the seed's gate is round 0."""

    def opened(one: history.Round, stage: str) -> Any:
        return load_result(stage, one.stages[stage]) if stage in one.stages else None

    return tuple(
        report.RoundFacts(one.number, opened(one, "generate"), opened(one, "gate")) for one in rounds
    )


def _numbers(about: str, scope: str, rounds: list[history.Round]) -> str:
    """What the report is about, for its title: a round has a number in its loop, an experiment a name."""
    if scope == "loop":
        last = max((one.number for one in rounds), default=0)
        return "the whole loop" + (f", rounds 1 to {last}" if last > 1 else "")
    if rounds:
        return f"round {rounds[-1].number}"
    return (runs.get(about).info.run_name if about else "") or "by hand"


def _paid(task: Task) -> float:
    """What is paid for the task so far, in US dollars: answers and fine-tuning jobs, and what may be lost."""
    from veritrain_lib.llm.ledger import Ledger, default_place

    if not default_place().is_file():
        return 0.0
    with Ledger() as ledger:
        spent = ledger.spent(task.name)
    return spent.paid + spent.lost


def store_pdf(task: Task, run_id: str) -> None:
    """Set the stored report of a run of the report stage as `report/report.pdf` beside its page.

    Apart from the stage, because it takes as long as the page and its pictures, and nothing waits for it.

    Args:
        task: the task that the report is about; the stored report says all that is needed of it.
        run_id: a run of the report stage that has filed its result.
    """
    from veritrain_lib.reporting.pdf import to_pdf

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "report.pdf").write_bytes(to_pdf(document_of(run_id), dt.datetime.now(dt.UTC)))
        runs.log_folder(run_id, Path(folder), FOLDER)


def has_pdf(run_id: str) -> bool:
    """Whether a run of the report stage has its PDF."""
    return any(name == f"{FOLDER}/report.pdf" for name in runs.artifact_names(run_id, FOLDER))


def document_of(run_id: str) -> Document:
    """The report that a run of the report stage has filed, with the pictures that are stored beside it."""
    result = cast(report.ReportResult, load_result("report", run_id))
    with tempfile.TemporaryDirectory() as fetched:
        folder = Path(fetched)
        stored = runs.artifact_names(run_id, FOLDER)
        return as_stored(result, runs.fetch(run_id, FOLDER, folder) if stored else folder)


def as_stored(result: report.ReportResult, folder: Path) -> Document:
    """The report with the pictures that are stored in the folder: to draw them again would take longest."""
    return result.document({picture.stem: picture.read_bytes() for picture in folder.glob("*.png")})


def _aside(rows: int) -> str:
    return f"; {rows} row(s) set aside, because the seed has them too" if rows else ""


BINDING = Report()
