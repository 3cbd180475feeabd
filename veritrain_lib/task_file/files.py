"""Rules for the files that a task file names: a name that can be one, in a place that belongs to the task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from veritrain_lib.core.task import Task
    from veritrain_lib.yaml_file.document import Document, Mistake

LONGEST_NAME = 255
"""Bytes of a file's name, of every usual file system; a path may have 4096."""

LONGEST_PATH = 4000

KINDS = ("seed", "development", "test", "pool")


def no_file_name(name: str) -> str:
    """Why a text can't be the name of a file, "" when it can."""
    if not name.strip():
        return "an empty text is no name of a file"
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        return "a control character can't stand in the name of a file"
    try:
        longest = max(len(part.encode()) for part in name.split("/"))
    except UnicodeEncodeError:
        return "half a character can't stand in the name of a file"
    if longest > LONGEST_NAME or len(name.encode()) > LONGEST_PATH:
        return f"a name of {longest} bytes is too long for a file; at most {LONGEST_NAME}"
    return ""


def outside(task: Task, file: Path) -> str:
    """Why a file is out of a task's reach, "" when it is not.

    A task reads and writes below its own folder and below the project's; links are followed. Files that the workbench
    wrote for one experiment name those of the task that they were made from.
    """
    folder = task.path.parent
    root = project.root()
    roots = [folder] if root.parent == root else [folder, root]
    if any(file.is_relative_to(place) for place in roots) or folder.is_relative_to(derived_folder()):
        return ""
    return (
        f"{file} lies outside of the task's folder ({folder}) and the project's ({root}); "
        "copy the file into one of them"
    )


def derived_folder() -> Path:
    """The folder of the task files that the workbench writes for single experiments."""
    return project.state("tasks")


def file_mistakes(task: Task, document: Document) -> Iterator[Mistake]:
    """What is wrong with the files that a task names: data, people's labels, rules, prompts, a suite of its own."""
    missing = False
    for kind in KINDS:
        if getattr(task.data, kind) is None:
            continue
        wrong = _wrong(task, getattr(task.data, kind))
        if wrong:
            missing = True
            yield document.mistake(("data", kind), wrong)
    if not missing:
        yield from _labels(task, document)
    for number, name in enumerate(task.gate_rules):
        if wrong := _wrong(task, name):
            yield document.mistake(("gate_rules", number), wrong)
    if task.gate.endswith(".json") and (
        wrong := no_file_name(task.gate) or _outside(task, task.path.parent / task.gate)
    ):
        yield document.mistake(("gate",), wrong)
    yield from _prompts(task, document)


def _wrong(task: Task, name: str) -> str:
    if said := no_file_name(name):
        return said
    file = _resolved(task.path.parent / name)
    if file is None:
        return f"{name[:SHOWN]} is a link that leads to itself"
    if said := outside(task, file):
        return said
    if file.is_file():
        return ""
    found = "is no regular file" if file.exists() else "is missing"
    return f"{file} {found}. Paths are relative to the task file"


SHOWN = 120


def _outside(task: Task, path: Path) -> str:
    file = _resolved(path)
    return outside(task, file) if file is not None and file.exists() else ""


def _resolved(path: Path) -> Path | None:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return None


def _labels(task: Task, document: Document) -> Iterator[Mistake]:
    """People's labels are written: into a CSV file of their own, never over something else."""
    name = task.data.labels
    file = None if no_file_name(name) else _resolved(task.path.parent / name)
    others = {task.file(kind) for kind in ("seed", "development", "test", "pool")}
    others |= {task.path, *(_resolved(task.path.parent / rule) for rule in task.gate_rules)}
    if said := no_file_name(name):
        yield document.mistake(("data", "labels"), said)
    elif file is None or (said := outside(task, file)):
        yield document.mistake(("data", "labels"), said or f"{name} is a link that leads to itself")
    elif file.suffix.lower() != ".csv":
        yield document.mistake(
            ("data", "labels"), f"{name[:SHOWN]} is written as CSV; its name must end in .csv"
        )
    elif file in others:
        yield document.mistake(
            ("data", "labels"),
            f"{name} is written by the loop, so it must be no file that the task reads; name another one, such as labels.csv",
        )
    elif file.exists() and not file.is_file():
        yield document.mistake(("data", "labels"), f"{file} is no regular file; name another one")


def _prompts(task: Task, document: Document) -> Iterator[Mistake]:
    from veritrain_lib.core.task import is_template, read_prompt

    for name, given in task.prompts.items():
        said = "" if is_template(given) or not given else no_file_name(given)
        said = said or (_outside(task, task.path.parent / given) if not is_template(given) else "")
        if not said:
            try:
                read_prompt(task.path.parent, given)
            except UserError as error:
                said = str(error)
        if said:
            yield document.mistake(("prompts", name), said)
