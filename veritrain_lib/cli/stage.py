"""Commands of the six stages: each runs the stage's notebook, with the notebook's parameters as options."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import click

from veritrain_lib.cli.output import TASK_HELP, CommandResult, ResultCommand
from veritrain_lib.cli.stage_parameters import allowed_values, parse_stage_parameters
from veritrain_lib.core.stage_list import NAMES, STAGES

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.loop.stage_job import CompletedStage

EXIT_CODES = {"done": 0, "blocked": 1, "waiting": 4}
"""Exit code of a stage's command by the stage's outcome."""

GATE_ARTIFACTS = {
    "data docs": "gate/data_docs.html",
    "quarantine": "gate/quarantine.csv",
}
"""Artifacts of the gate's run whose locations the command prints, by the name that people see."""


class StageCommand(ResultCommand):
    """Command of one stage, such as `veritrain gate`; its options are the parameters of the stage's notebook."""

    def __init__(self, stage: str) -> None:
        purpose = STAGES[NAMES.index(stage)].purpose
        text = f"{purpose}\n\nRuns the same notebook as by hand; work that was done before is shown and not repeated. {TASK_HELP}"
        assignment = click.Option(
            ["-p", "assignments"],
            multiple=True,
            metavar="NAME=VALUE",
            help="Any parameter of the notebook; may be repeated.",
        )
        task = click.Argument(["task"], default="", metavar="[TASK]")
        super().__init__(stage, callback=self._run, params=[task, assignment], help=text, short_help=purpose)
        self.stage = stage

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's arguments and options; those from the stage's notebook are read at the first call."""
        fixed = super().get_params(ctx)
        return [fixed[0], *self._options, *fixed[1:]]

    @cached_property
    def _options(self) -> list[click.Parameter]:
        from veritrain_lib.stages.base import spec_of

        comments = self._parameter_comments()
        choices = allowed_values(self.stage)
        options: list[click.Parameter] = [
            click.Option(
                ["--run-upstream", "run_upstream"],
                is_flag=True,
                flag_value="true",
                default=None,
                help=comments.get("run_upstream", ""),
            )
        ]
        for name, default in spec_of(self.stage).PARAMETERS.items():
            metavar = (
                "|".join(choices[name])
                if name in choices
                else {int: "NUMBER", float: "NUMBER"}.get(type(default), "TEXT")
            )
            options.append(
                click.Option(
                    [f"--{name.replace('_', '-')}", name], metavar=metavar, help=comments.get(name, "")
                )
            )
        return options

    def _parameter_comments(self) -> dict[str, str]:
        from veritrain_lib.execution.parameters import read_parameters
        from veritrain_lib.loop.stage_job import notebook_of

        return {parameter.name: parameter.comment for parameter in read_parameters(notebook_of(self.stage))}

    def _run(self, task: str, assignments: tuple[str, ...], **options: str | None) -> CommandResult:
        from veritrain_lib.cli.progress import ProgressDisplay
        from veritrain_lib.core import temporary_folders
        from veritrain_lib.loop.stage_job import run_stage
        from veritrain_lib.stages.inputs.split_overlap import refuse_overlap
        from veritrain_lib.stages.inputs.tasks import find_task

        option_assignments = [f"{name}={value}" for name, value in options.items() if value is not None]
        parameters = parse_stage_parameters(self.stage, [*option_assignments, *assignments])
        temporary_folders.redirect_tempfile()
        with ProgressDisplay() as display:
            loaded_task = find_task(task, check=True)
            # Reported before a kernel is started; the stage itself checks again when it begins.
            refuse_overlap(loaded_task, pool=self.stage == "generate")
            display.begin(self.stage)
            done = run_stage(
                loaded_task,
                self.stage,
                parameters,
                on_progress=lambda progress: display.cell(self.stage, progress),
                on_wait=lambda _, message: display.line(message),
            )
        return _stage_result(loaded_task, done)


def _stage_result(task: Task, done: CompletedStage) -> CommandResult:
    from veritrain_lib.cli.result_paths import result_locations
    from veritrain_lib.loop.stage_job import notebook_of
    from veritrain_lib.loop.stage_pages import missing_pages
    from veritrain_lib.tracking import datasets

    locations = result_locations(
        done.run_id,
        {
            "notebook": f"notebook/{notebook_of(done.stage).name}",
            **(
                {"report": "report/report.html", "pdf": "report/report.pdf"} if done.stage == "report" else {}
            ),
            **(GATE_ARTIFACTS if done.stage == "gate" else {}),
        },
    )
    missing_page = missing_pages(done.run_id)
    dataset = datasets.of_run(done.run_id) if done.stage in ("generate", "gate") else None
    origin = "found in the record, nothing was done twice" if done.stored else "recorded"
    document = {
        "stage": done.stage, "task": task.name, "outcome": done.result.outcome, "headline": done.result.headline, "run": done.run_id,
        "stored": done.stored, "measures": {name: measure.model_dump() for name, measure in done.result.measures.items()}, "where": locations, "missing": missing_page,
        **({"dataset": dataset.reference} if dataset else {}),
        **{name: getattr(done.result, name) for name in ("verdict", "promote", "model", "status") if hasattr(done.result, name)},
    }  # fmt: skip
    show = [
        done.result.headline,
        f"run {done.run_id} of experiment {task.name!r} ({origin})",
        *(f"{name}: {location}" for name, location in locations.items()),
        *(
            [f"dataset: {dataset.reference}; its rows: veritrain rows {dataset.reference} --csv FILE"]
            if dataset
            else []
        ),
        *([f"missing: {missing_page}; the same command makes it again"] if missing_page else []),
    ]
    return CommandResult(document, show, EXIT_CODES[done.result.outcome])
