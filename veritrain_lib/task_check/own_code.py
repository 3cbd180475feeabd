"""Checks of the Python files with a user's own trainer and metrics that a task names.

The checks read the files without running them; only `make_own_parts` runs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.trust import own_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from veritrain_lib.core.task import Task
    from veritrain_lib.yaml_file.document import Mistake, YamlDocument


def own_trainer_mistakes(task: Task, document: YamlDocument) -> Iterator[Mistake]:
    """Yield the mistakes in a user's own trainer, whose file is read and not run.

    Args:
        task: The task; its `trainer.file` must be set.
        document: The task file, for the lines of the mistakes.
    """
    from veritrain_lib.trainers.own_trainer import FUNCTION, PAGE

    file = task.trainer.file
    assert file is not None
    path = (task.path.parent / file).resolve()
    if problem := _name_problem("trainers", task.trainer.name, f"trainer: {file}"):
        yield document.mistake(("trainer", "name"), problem)
    functions, problem = own_code.parse_own_file(path, file)
    if problem:
        yield document.mistake(("trainer", "file"), problem)
    elif FUNCTION not in functions:
        yield document.mistake(("trainer", "file"), own_code.no_function(file, FUNCTION, PAGE))
    elif problem := own_code.parameter_problem(functions[FUNCTION], (), task.trainer.parameters):
        yield document.mistake(("trainer", "parameters"), f"{FUNCTION}: {problem}")


def own_metric_mistakes(task: Task, number: int, document: YamlDocument) -> Iterator[Mistake]:
    """Yield the mistakes in a user's own metric, whose file is read and not run.

    Args:
        task: The task.
        number: The position of the metric in `metrics`, from 0; its `file` must be set.
        document: The task file, for the lines of the mistakes.
    """
    from veritrain_lib.metrics.own_metric import FUNCTION, PAGE, signature_problem

    choice = task.metrics[number]
    file = choice.file
    assert file is not None
    path = (task.path.parent / file).resolve()
    if problem := _name_problem("metrics", choice.name, f"metrics: {file}"):
        yield document.mistake(("metrics", number, "name"), problem)
    if not choice.higher_is_better:
        yield document.mistake(
            ("metrics", number, "higher_is_better"),
            f"a metric of one's own gives grades from 0 (wrong) to 1 (right), of which higher is better ({PAGE})",
        )
    functions, problem = own_code.parse_own_file(path, file)
    if problem:
        yield document.mistake(("metrics", number, "file"), problem)
    elif FUNCTION not in functions:
        yield document.mistake(("metrics", number, "file"), own_code.no_function(file, FUNCTION, PAGE))
    elif problem := signature_problem(functions[FUNCTION], choice.parameters):
        yield document.mistake(("metrics", number, "file"), problem)


def make_own_parts(task: Task) -> None:
    """Construct the user's own trainer and metrics of a task once, which runs their files, to find mistakes early.

    Raises:
        UserError: A file fails, or what it defines can't be used.
        Refused: A file lies in `mlruns/`, where clients of the server can store files.
    """
    from veritrain_lib.metrics.base import open_metric
    from veritrain_lib.trainers.base import open_trainer

    if task.trainer.file is not None:
        open_trainer(task)
    for choice in task.metrics:
        if choice.file is not None:
            open_metric(task, choice)


def _name_problem(kind: str, name: str, subject: str) -> str:
    try:
        own_code.require_free_name(kind, name, subject)
    except UserError as error:
        return str(error)
    return ""
