"""Report stage in MLflow: reads the runs of a round or a whole loop, and stores a report with an HTML page.

Open this to see how the facts of a report are gathered, and how its PDF is made in the background (`store_pdf`).
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from veritrain_lib import __version__
from veritrain_lib.core import digest
from veritrain_lib.core.task import Task
from veritrain_lib.stages.base import Inputs, StageSpec
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.record import history
from veritrain_lib.stages.record.batch_effects import effects_of
from veritrain_lib.stages.record.stored_result import load_result
from veritrain_lib.stages.report import inputs as report_inputs
from veritrain_lib.stages.report import run as report
from veritrain_lib.stages.report.facts import Facts, RoundFacts
from veritrain_lib.stages.report.remarks import with_remarks
from veritrain_lib.stages.report.result import ReportResult
from veritrain_lib.tracking import looks, models, runs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.reporting.document import ReportDocument


FOLDER = "report"
"""Artifact folder of the report's MLflow run that holds its HTML page, pictures and PDF."""


class ReportSpec(StageSpec):
    """Specification of the report stage: how it finds its inputs, runs, and loads its result; see `StageSpec`.

    The parameter `about` is the id of a round's or a loop's MLflow run; empty means the newest round.
    """

    PARAMETERS = report_inputs.PARAMETERS
    resolve = staticmethod(report_inputs.resolve)
    RESULT = ReportResult
    EDITABLE = ("remarks",)

    def offers(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs
    ) -> Mapping[str, Callable[[], Any]]:
        """Return a mapping of name to function for what the notebook can display before its run: `rounds`, `remarks`.

        `rounds` is the table of rounds, `remarks` an empty list to which a cell can add.

        The arguments are those of `StageSpec.offers`.
        """
        return {"rounds": lambda: _rounds_table(task, inputs).copy(), "remarks": list}

    def edit(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, name: str, value: Any
    ) -> Inputs:
        """Return the report's inputs with remarks that a person wrote in a notebook's cell, see `report.remarks`.

        The arguments are those of `StageSpec.edit`.

        Raises:
            UserError: when the remarks can't be used.
        """
        return with_remarks(inputs, value)

    def execute(self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str) -> ReportResult:
        """Gather the facts of a round or loop, write the report, and store its HTML page and pictures.

        The arguments are those of `StageSpec.execute`.

        Returns:
            The report's sentences, tables and pictures.
        """
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
        batch_table, batches_note = effects_of(task, rounds, stages, parameters["seed"])
        facts = Facts(
            title=f"{task.name}: {inputs.resolved['numbers']}",
            rounds=_rounds_table(task, inputs),
            remarks=tuple(inputs.resolved.get("remarks", ())),
            **results,
            without=load_result("train", earlier) if earlier else None,  # type: ignore[arg-type]
            by_round=_by_round(rounds) if is_loop else (),
            champion=champion.uri if champion else "",
            batches=batch_table,
            batches_note=batches_note,
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


_tables: dict[str, pd.DataFrame] = {}
"""The table of rounds that was read last, by digest of task, rounds and stages.

It is kept because the notebook displays it and the report then needs it again.
"""


def _rounds_table(task: Task, inputs: Inputs) -> pd.DataFrame:
    """Return a table with one row per round that trained a model; one row in all for stages that no loop ran."""
    key = digest.of_json([str(task.path), inputs.digest["rounds"], inputs.digest["stages"]])
    if key not in _tables:
        _tables.clear()
        rounds = inputs.resolved["rounds"] or [history.Round(1, "", inputs.resolved["stages"])]
        _tables[key] = history.table(task, rounds)
    return _tables[key]


def _by_round(rounds: list[history.Round]) -> tuple[RoundFacts, ...]:
    """Load the generate and gate results of each round of a loop; round 0 has the gate's result on the seed rows."""

    def result_of(round_: history.Round, stage: str) -> Any:
        return load_result(stage, round_.stages[stage]) if stage in round_.stages else None

    return tuple(
        RoundFacts(round_.number, result_of(round_, "generate"), result_of(round_, "gate"))
        for round_ in rounds
    )


def _money_spent(task: Task) -> float:
    """Return the US dollars spent on the task so far, including requests that may be paid and got no answer."""
    from veritrain_lib.llm.ledger import Ledger, exists

    if not exists():
        return 0.0
    with Ledger() as ledger:
        spent = ledger.spent(task.name)
    return spent.paid + spent.lost


def store_pdf(task: Task, run_id: str) -> None:
    """Make the PDF of a stored report and store it in the same MLflow run as `report/report.pdf`.

    The stage does not do this itself, since it takes as long as the HTML page and its pictures, and nothing waits for
    it.

    Args:
        task: The task. It is not used: the stored report holds all that is needed.
        run_id: The id of a report stage's run whose result is stored.
    """
    from veritrain_lib.reporting.pdf import to_pdf

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "report.pdf").write_bytes(to_pdf(document_of(run_id), dt.datetime.now(dt.UTC)))
        runs.log_folder(run_id, Path(folder), FOLDER)


def has_pdf(run_id: str) -> bool:
    """Return whether a report's MLflow run has its PDF stored."""
    return any(name == f"{FOLDER}/report.pdf" for name in runs.artifact_names(run_id, FOLDER))


def document_of(run_id: str) -> ReportDocument:
    """Load the report that a report stage's MLflow run has stored, as a document with its pictures."""
    result = cast(ReportResult, load_result("report", run_id))
    with tempfile.TemporaryDirectory() as fetched:
        folder = Path(fetched)
        names = runs.artifact_names(run_id, FOLDER)
        return document_with_stored_pictures(result, runs.fetch(run_id, FOLDER, folder) if names else folder)


def document_with_stored_pictures(result: ReportResult, folder: Path) -> ReportDocument:
    """Return a report as a document, with pictures that are stored as PNG files, since drawing them again takes long.

    Args:
        result: The report stage's result.
        folder: The folder of the PNG files, each named like its picture.
    """
    return result.document({picture.stem: picture.read_bytes() for picture in folder.glob("*.png")})


def _set_aside_note(rows: int) -> str:
    return f"; {rows} row(s) set aside, because the seed has them too" if rows else ""


SPEC = ReportSpec()
