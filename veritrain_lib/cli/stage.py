"""The six stages as commands: each runs its notebook, with the notebook's parameters as options."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import click

from veritrain_lib.cli.output import TASK_HELP, Answer, AnsweringCommand
from veritrain_lib.cli.stage_parameters import allowed_words, checked

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.loop.stage_job import Done

EXIT_CODES = {"done": 0, "blocked": 1, "waiting": 4}

GATE_PLACES = {
    "data docs": "gate/data_docs.html",
    "accepted": "gate/accepted.csv",
    "quarantine": "gate/quarantine.csv",
}

PURPOSE = {
    "probe": "Measure what a model can do: candidates, contract, steadiness, certainty, time and cost.",
    "generate": "Plan and get new rows from the teacher, as a draft dataset.",
    "gate": "Judge a draft dataset by its suite: passed or blocked, with a quarantine.",
    "train": "Train a challenger on a passed dataset and register it.",
    "evaluate": "Compare champion and challenger; promote only on a proven gain.",
    "report": "Write the report of a round or a whole loop as page and PDF.",
}


class StageCommand(AnsweringCommand):
    """A stage. Its options are the stage's own parameters; what they mean is read from its notebook."""

    def __init__(self, stage: str) -> None:
        text = f"{PURPOSE[stage]}\n\nRuns the same notebook as by hand; work that was done before is shown and not repeated. {TASK_HELP}"
        assignment = click.Option(
            ["-p", "assignments"],
            multiple=True,
            metavar="NAME=VALUE",
            help="Any parameter of the notebook; may be repeated.",
        )
        task = click.Argument(["task"], default="", metavar="[TASK]")
        super().__init__(
            stage, callback=self._work, params=[task, assignment], help=text, short_help=PURPOSE[stage]
        )
        self.stage = stage

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The fixed parameters and, read only now, those of the stage."""
        fixed = super().get_params(ctx)
        return [fixed[0], *self._options, *fixed[1:]]

    @cached_property
    def _options(self) -> list[click.Parameter]:
        from veritrain_lib.stage_io.stage_spec import binding

        meanings = self._meanings()
        choices = allowed_words(self.stage)
        options: list[click.Parameter] = []
        for name, default in binding(self.stage).PARAMETERS.items():
            metavar = (
                "|".join(choices[name])
                if name in choices
                else {int: "NUMBER", float: "NUMBER"}.get(type(default), "TEXT")
            )
            options.append(
                click.Option(
                    [f"--{name.replace('_', '-')}", name], metavar=metavar, help=meanings.get(name, "")
                )
            )
        return options

    def _meanings(self) -> dict[str, str]:
        from veritrain_lib.execution.parameters import read_parameters
        from veritrain_lib.loop.stage_job import notebook_of

        return {one.name: one.comment for one in read_parameters(notebook_of(self.stage))}

    def _work(self, task: str, assignments: tuple[str, ...], **options: str | None) -> Answer:
        from veritrain_lib.cli.progress import Watch
        from veritrain_lib.core import temporary_folders
        from veritrain_lib.loop.stage_job import run_stage
        from veritrain_lib.stage_io.split_overlap import refuse_shared
        from veritrain_lib.stage_io.tasks import find_task

        given = [f"{name}={value}" for name, value in options.items() if value is not None]
        parameters = checked(self.stage, [*given, *assignments])
        temporary_folders.use()
        with Watch() as watch:
            found = find_task(task, check=True)
            # Said before a kernel is started; the stage itself looks again when it begins.
            refuse_shared(found, pool=self.stage == "generate")
            watch.begin(self.stage)
            done = run_stage(
                found,
                self.stage,
                parameters,
                on_progress=lambda progress: watch.cell(self.stage, progress),
                on_wait=lambda _, said: watch.line(said),
            )
        return _answer(found, done)


def _answer(task: Task, done: Done) -> Answer:
    from veritrain_lib.cli.result_paths import places
    from veritrain_lib.loop.stage_job import notebook_of
    from veritrain_lib.loop.stage_pages import missing

    where = places(
        done.run_id,
        {
            "notebook": f"notebook/{notebook_of(done.stage).name}",
            **(
                {"report": "report/report.html", "pdf": "report/report.pdf"} if done.stage == "report" else {}
            ),
            **(GATE_PLACES if done.stage == "gate" else {}),
        },
    )
    lacking = missing(done.run_id)
    how = "found in the record, nothing was done twice" if done.stored else "filed"
    document = {
        "stage": done.stage, "task": task.name, "outcome": done.result.outcome, "headline": done.result.headline, "run": done.run_id,
        "stored": done.stored, "measures": {name: measure.model_dump() for name, measure in done.result.measures.items()}, "where": where, "missing": lacking,
        **{name: getattr(done.result, name) for name in ("verdict", "promote", "model", "status") if hasattr(done.result, name)},
    }  # fmt: skip
    show = [
        done.result.headline,
        f"run {done.run_id} of experiment {task.name!r} ({how})",
        *(f"{name}: {place}" for name, place in where.items()),
        *([f"missing: {lacking}; the same command makes it again"] if lacking else []),
    ]
    return Answer(document, show, EXIT_CODES[done.result.outcome])


probe, generate, gate, train, evaluate, report = (StageCommand(stage) for stage in PURPOSE)
