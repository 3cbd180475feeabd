"""Check of a task's trainer, teacher, metrics, goal and judge.

They must exist, accept their parameters and fit the task's kind of answer.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.providers import PROVIDERS
from veritrain_lib.task_check.own_code import own_metric_mistakes, own_trainer_mistakes
from veritrain_lib.trainers.base import trainer_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from veritrain_lib.core.task import Task
    from veritrain_lib.metrics.base import Metric
    from veritrain_lib.yaml_file.document import Mistake, YamlDocument


def part_mistakes(task: Task, document: YamlDocument) -> Iterator[Mistake]:
    """Yield the mistakes in a task's trainer, teacher, metrics, goal and judge, with their lines in the task file."""
    yield from _trainer(task, document)
    yield from _teacher(task, document)
    for number in range(len(task.metrics)):
        yield from _metric(task, number, document)
    if task.judge is not None:
        yield from _address(("judge", "model"), task.judge.model, document)


def _trainer(task: Task, document: YamlDocument) -> Iterator[Mistake]:
    choice = task.trainer
    if choice.file is not None:
        factory: Any = trainer_of(task)
        yield from own_trainer_mistakes(task, document)
    else:
        factory, problem = _load_extension("trainers", choice.name)
        if problem:
            yield document.mistake(("trainer", "name"), problem)
            return
        problem = _construction_problem(lambda: factory(**choice.parameters), choice.parameters)
        if problem:
            yield document.mistake(("trainer", "parameters"), problem)
    answers = factory.answers
    answer_kind = "labels" if task.labels else "text"
    if answer_kind not in answers:
        alternatives = ", ".join(_trainers_for(answer_kind))
        reason = (
            f"takes every different answer for a class, and the answers of this task are free text (target.labels is not set). Trainers that write text: {alternatives}"
            if answer_kind == "text"
            else f"writes text, and the answers of this task are labels. Trainers of labels: {alternatives}"
        )
        origin = "" if "trainer" in _top_level_keys(document) else " (taken where the file names none)"
        yield document.mistake(("trainer", "name"), f"trainer {choice.name}{origin} {reason}")


def _trainers_for(answer_kind: str) -> Iterator[str]:
    from veritrain_lib.trainers.base import trainer_class

    for name in registry.names("trainers"):
        with contextlib.suppress(Exception):  # an extension that can't be imported is not suggested
            if answer_kind in trainer_class(name).answers:
                yield name


def _teacher(task: Task, document: YamlDocument) -> Iterator[Mistake]:
    choice = task.teacher
    factory, problem = _load_extension("teachers", choice.name)
    if problem:
        yield document.mistake(("teacher", "name"), problem)
        return
    parameters = dict(choice.parameters)
    if choice.name == "pool":
        parameters |= {"choose": choice.choose, "batch": choice.batch}
        if task.data.pool is None:
            yield document.mistake(
                ("teacher", "name"),
                "teacher pool chooses rows from data.pool, and the task has none; set data.pool, or another teacher "
                f"({', '.join(name for name in registry.names('teachers') if name != 'pool')})",
            )
    if problem := _construction_problem(lambda: factory(**parameters), parameters):
        yield document.mistake(("teacher", "parameters"), problem)


def _metric(task: Task, number: int, document: YamlDocument) -> Iterator[Mistake]:
    from veritrain_lib.metrics.base import open_metric, require_no_judge

    choice = task.metrics[number]
    path = ("metrics", number)
    if choice.file is not None:
        yield from own_metric_mistakes(task, number, document)
        yield from _goal(task, number, 0.0, 1.0, document)
        return
    factory, problem = _load_extension("metrics", choice.name)
    if problem:
        yield document.mistake((*path, "name"), problem)
        return
    declared = task.labels or task.target.language or task.target.direction
    if factory.cuts_words and not declared:
        yield document.mistake(
            path,
            f"metric {choice.name} cuts answers into words by their language, and none is declared; set "
            "target.language (such as en), or target.direction for rows in several directions",
        )
    metric: Metric | None = None
    try:
        metric = open_metric(task, choice)
        if number == 0:
            require_no_judge(task, metric)
    except UserError as error:
        yield document.mistake(path, str(error).removeprefix(f"task {task.name}: "))
    if metric is not None:
        yield from _goal(task, number, metric.lowest, metric.scale, document)


def _goal(
    task: Task, number: int, lowest: float, highest: float, document: YamlDocument
) -> Iterator[Mistake]:
    """Yield a mistake if the task's goal lies outside the range of the primary metric.

    Args:
        task: The task.
        number: The position of the metric in `metrics`; only 0 is the primary metric.
        lowest: The lowest value of the metric.
        highest: The highest value of the metric.
        document: The task file, for the line of the mistake.
    """
    if number == 0 and task.goal is not None and not lowest <= task.goal.at_least <= highest:
        yield document.mistake(
            ("goal", "at_least"),
            f"metric {task.primary.name} runs from {lowest:g} to {highest:g}; {task.goal.at_least:g} is out of that range",
        )


def _address(path: tuple[str, ...], uri: str, document: YamlDocument) -> Iterator[Mistake]:
    scheme = uri.partition(":")[0]
    if scheme not in PROVIDERS:
        yield document.mistake(
            path,
            f"{scheme!r} is not a kind of model that can judge; known: {', '.join(f'{scheme_name}:/' for scheme_name in PROVIDERS)}",
        )


def _load_extension(kind: str, name: str) -> tuple[Any, str]:
    """Return the extension of a kind (such as `trainers`) and name, and the reason why it can't be loaded.

    The reason is empty if it could be loaded; otherwise the extension is None.
    """
    try:
        return registry.get(kind, name), ""
    except UserError as error:
        return None, str(error)
    except Exception as error:  # noqa: BLE001  # a third-party package that can't be imported
        return None, f"{kind.removesuffix('s')} {name} can't be loaded: {type(error).__name__}: {error}"


def _construction_problem(construct: Callable[[], object], parameters: Mapping[str, Any]) -> str:
    """Return the reason why an object can't be constructed with its parameters; empty if it can.

    Args:
        construct: Constructs the object.
        parameters: The parameters, for the message.
    """
    try:
        construct()
    except UserError as error:
        return str(error)
    except TypeError as error:
        return f"{error} (parameters: {', '.join(parameters) or 'none'})"
    return ""


def _top_level_keys(document: YamlDocument) -> set[str]:
    return set(document.content) if isinstance(document.content, dict) else set()
