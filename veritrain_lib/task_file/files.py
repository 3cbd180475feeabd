"""Rules for the files that a task file names: a valid name, at a path that the task may use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from veritrain_lib.core.task import Task
    from veritrain_lib.yaml_file.document import Mistake, YamlDocument

MAX_NAME_BYTES = 255
"""Bytes of a file name in all usual file systems; a path may have 4096."""

MAX_PATH_BYTES = 4000

KINDS = ("seed", "development", "test", "pool")


def invalid_file_name(name: str) -> str:
    """Return why a text can't be the name of a file, "" when it can."""
    if not name.strip():
        return "an empty text is not a file name"
    if any(ord(character) < 32 or ord(character) == 127 for character in name):
        return "a control character can't be part of a file name"
    try:
        longest = max(len(part.encode()) for part in name.split("/"))
    except UnicodeEncodeError:
        return "a lone surrogate can't be part of a file name"
    if longest > MAX_NAME_BYTES or len(name.encode()) > MAX_PATH_BYTES:
        return f"a name of {longest} bytes is too long for a file; at most {MAX_NAME_BYTES}"
    return ""


def out_of_reach(task: Task, file: Path) -> str:
    """Return why a task may not use a file, "" when it may.

    A task reads and writes below its own folder and below the project's; links are followed. Task files that Veri-Train
    wrote for one experiment name files of the task that they were made from.
    """
    folder = task.path.parent
    root = project.root()
    roots = [folder] if root.parent == root else [folder, root]
    if any(file.is_relative_to(allowed_root) for allowed_root in roots) or folder.is_relative_to(
        derived_folder()
    ):
        return ""
    return (
        f"{file} is outside the task's folder ({folder}) and the project's ({root}); "
        "copy the file into one of them"
    )


def derived_folder() -> Path:
    """Return the folder of the task files that Veri-Train writes for single experiments."""
    return project.state("tasks")


def file_mistakes(task: Task, document: YamlDocument) -> Iterator[Mistake]:
    """Yield the mistakes of the files that a task names.

    Data, people's labels, code (rules, trainer, metrics), prompts, a custom suite.
    """
    missing = False
    for kind in KINDS:
        if getattr(task.data, kind) is None:
            continue
        problem = _file_problem(task, getattr(task.data, kind))
        if problem:
            missing = True
            yield document.mistake(("data", kind), problem)
    if not missing:
        yield from _labels_mistakes(task, document)
    for key, name in task.code_files:
        if problem := _file_problem(task, name):
            yield document.mistake(key, problem)
    if task.gate.endswith(".json") and (
        problem := invalid_file_name(task.gate) or _out_of_reach(task, task.path.parent / task.gate)
    ):
        yield document.mistake(("gate",), problem)
    yield from _prompt_mistakes(task, document)


def _file_problem(task: Task, name: str) -> str:
    if problem := invalid_file_name(name):
        return problem
    file = _resolved(task.path.parent / name)
    if file is None:
        return f"{name[:MAX_SHOWN]} is a symbolic link to itself"
    if problem := out_of_reach(task, file):
        return problem
    if file.is_file():
        return ""
    state = "is not a regular file" if file.exists() else "is missing"
    return f"{file} {state}. Paths are relative to the task file"


MAX_SHOWN = 120


def _out_of_reach(task: Task, path: Path) -> str:
    file = _resolved(path)
    return out_of_reach(task, file) if file is not None and file.exists() else ""


def _resolved(path: Path) -> Path | None:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return None


def _labels_mistakes(task: Task, document: YamlDocument) -> Iterator[Mistake]:
    """Yield the mistakes of the labels file, which is written.

    It must be a CSV file and must not overwrite another file.
    """
    name = task.data.labels
    file = None if invalid_file_name(name) else _resolved(task.path.parent / name)
    input_files = {task.file(kind) for kind in ("seed", "development", "test", "pool")}
    input_files |= {task.path, *(_resolved(task.path.parent / name) for _, name in task.code_files)}
    if problem := invalid_file_name(name):
        yield document.mistake(("data", "labels"), problem)
    elif file is None or (problem := out_of_reach(task, file)):
        yield document.mistake(("data", "labels"), problem or f"{name} is a symbolic link to itself")
    elif file.suffix.lower() != ".csv":
        yield document.mistake(
            ("data", "labels"), f"{name[:MAX_SHOWN]} is written as CSV; its name must end in .csv"
        )
    elif file in input_files:
        yield document.mistake(
            ("data", "labels"),
            f"{name} is written by the loop, so it must be no file that the task reads; name another one, such as labels.csv",
        )
    elif file.exists() and not file.is_file():
        yield document.mistake(("data", "labels"), f"{file} is not a regular file; name another one")


def _prompt_mistakes(task: Task, document: YamlDocument) -> Iterator[Mistake]:
    from veritrain_lib.core.task import is_template, read_prompt

    for name, value in task.prompts.items():
        problem = "" if is_template(value) or not value else invalid_file_name(value)
        problem = problem or (_out_of_reach(task, task.path.parent / value) if not is_template(value) else "")
        if not problem:
            try:
                read_prompt(task.path.parent, value)
            except UserError as error:
                problem = str(error)
        if problem:
            yield document.mistake(("prompts", name), problem)
