"""Trainer, teacher, metrics and judge of a task: known, made with parameters that they take, fit for its answers."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from veritrain_lib.core.task import Task
    from veritrain_lib.metrics.base import Metric
    from veritrain_lib.yaml_file.document import Document, Mistake


def part_mistakes(task: Task, document: Document) -> Iterator[Mistake]:
    """What is wrong with the trainer, the teacher, the metrics, the goal and the judge."""
    yield from _trainer(task, document)
    yield from _teacher(task, document)
    for number in range(len(task.metrics)):
        yield from _metric(task, number, document)
    if task.judge is not None:
        yield from _address(("judge", "model"), task.judge.model, document)


def _trainer(task: Task, document: Document) -> Iterator[Mistake]:
    choice = task.trainer
    kind, said = _named("trainers", choice.name)
    if said:
        yield document.mistake(("trainer", "name"), said)
        return
    said = _made(lambda: kind(**choice.parameters), choice.parameters)
    if said:
        yield document.mistake(("trainer", "parameters"), said)
    answers = getattr(kind, "answers", ("labels", "text"))
    wanted = "labels" if task.labels else "text"
    if wanted not in answers:
        able = ", ".join(_able(wanted))
        about = (
            f"takes every different answer for a class, and the answers of this task are free text (target.labels is not set). Trainers that write text: {able}"
            if wanted == "text"
            else f"writes text, and the answers of this task are labels. Trainers of labels: {able}"
        )
        shown = "" if "trainer" in _keys(document) else " (taken where the file names none)"
        yield document.mistake(("trainer", "name"), f"trainer {choice.name}{shown} {about}")


def _able(wanted: str) -> Iterator[str]:
    for name in registry.names("trainers"):
        with contextlib.suppress(Exception):  # an extension that can't be imported is no advice
            if wanted in getattr(registry.get("trainers", name), "answers", ("labels", "text")):
                yield name


def _teacher(task: Task, document: Document) -> Iterator[Mistake]:
    choice = task.teacher
    kind, said = _named("teachers", choice.name)
    if said:
        yield document.mistake(("teacher", "name"), said)
        return
    given = dict(choice.parameters)
    if choice.name == "pool":
        given |= {"choose": choice.choose, "batch": choice.batch}
        if task.data.pool is None:
            yield document.mistake(
                ("teacher", "name"),
                "teacher pool chooses rows from data.pool, and the task has none; set data.pool, or another teacher "
                f"({', '.join(name for name in registry.names('teachers') if name != 'pool')})",
            )
    if said := _made(lambda: kind(**given), given):
        yield document.mistake(("teacher", "parameters"), said)


def _metric(task: Task, number: int, document: Document) -> Iterator[Mistake]:
    from veritrain_lib.metrics.base import open_metrics, scale_of

    choice = task.metrics[number]
    way = ("metrics", number)
    kind, said = _named("metrics", choice.name)
    if said:
        yield document.mistake((*way, "name"), said)
        return
    declared = task.labels or task.target.language or task.target.direction
    if getattr(kind, "cuts_words", False) and not declared:
        yield document.mistake(
            way,
            f"metric {choice.name} cuts answers into words by their language, and none is declared; set "
            "target.language (such as en), or target.direction for rows in several directions",
        )
    metric: Metric | None = None
    try:
        # A metric that is not the first one may ask a judge: the copy keeps it second.
        metric = open_metrics(task.model_copy(update={"metrics": [choice]}))[0]
    except UserError as error:
        told = str(error).removeprefix(f"task {task.name}: ")
        if number == 0 or "asks a judge" not in told:
            yield document.mistake(way, told)
    if number == 0 and metric is not None and task.goal is not None:
        lowest, highest = float(getattr(metric, "lowest", 0.0)), scale_of(metric)
        if not lowest <= task.goal.at_least <= highest:
            yield document.mistake(
                ("goal", "at_least"),
                f"metric {choice.name} runs from {lowest:g} to {highest:g}; {task.goal.at_least:g} is out of that range",
            )


def _address(way: tuple[str, ...], uri: str, document: Document) -> Iterator[Mistake]:
    scheme = uri.partition(":")[0]
    chats = [name for name in ("openai", "azure") if name in registry.names("models")]
    if scheme not in chats:
        yield document.mistake(
            way,
            f"{scheme!r} is no kind of model that can judge; known: {', '.join(f'{one}:/' for one in chats)}",
        )


def _named(kind: str, name: str) -> tuple[Any, str]:
    """The extension of a name, and "" or why there is none."""
    try:
        return registry.get(kind, name), ""
    except UserError as error:
        return None, str(error)
    except Exception as error:  # noqa: BLE001  # a package of somebody else's that can't be imported
        return None, f"{kind.removesuffix('s')} {name} can't be loaded: {type(error).__name__}: {error}"


def _made(make: Callable[[], object], given: Mapping[str, Any]) -> str:
    """Why a thing can't be made with its parameters, "" when it can."""
    try:
        make()
    except UserError as error:
        return str(error)
    except TypeError as error:
        return f"{error} (parameters: {', '.join(given) or 'none'})"
    return ""


def _keys(document: Document) -> set[str]:
    return set(document.content) if isinstance(document.content, dict) else set()
