"""Rules for the files that a task file names: their names must be valid, and their paths within allowed folders."""

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
"""Longest file name, in bytes, that all usual file systems allow; a whole path may have 4096 bytes."""

MAX_PATH_BYTES = 4000

KINDS = ("seed", "development", "test", "pool")


def invalid_file_name(name: str) -> str:
    """Return the reason why a text in a task file can't be the name or path of a file; empty if it can."""
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
    """Return the reason why a task file may not name a file at this path; empty if it may.

    A task may use files in its own folder and in the project's folder, after links have been resolved. A task
    file that Veri-Train wrote for a single experiment may name any file, because it names those of the task
    that it was made from.

    Args:
        task: The task.
        file: The path, with links resolved.
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
    """Return the folder that contains the task files which Veri-Train writes for single experiments."""
    return project.state("tasks")


def file_mistakes(task: Task, document: YamlDocument) -> Iterator[Mistake]:
    """Yield a mistake for each file named in a task file that is missing or can't be used.

    The files are data, people's labels, code (rules, trainer, metrics), prompts, and a user's own gate suite.
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
    """Yield a mistake if the path of the labels file can't be used.

    Veri-Train writes this file, so it must be a CSV file and must not be one that the task reads.
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
