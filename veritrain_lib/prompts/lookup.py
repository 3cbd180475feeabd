"""Choice of the prompt that a task uses for a chat model: the caller's, the task's own, or a built-in one."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import read_prompt
from veritrain_lib.prompts.prompt import Prompt

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

BUILT_IN = Path(__file__).parent / "builtin"


def find_prompt(task: Task, name: str, override: str = "") -> Prompt:
    """Return the prompt of a given name for a task: the caller's template, or the task's own, or the built-in one.

    Args:
        task: The task.
        name: The name of the prompt.
        override: The caller's template as a text, or a file relative to the task file. If it is empty, the task's
            `prompts.<name>` is used, or else the built-in one: `<name>.labels.jinja` for a task with labels,
            `<name>.free_text.jinja` for one without, or `<name>.jinja` for both.

    Raises:
        UserError: when there is no such prompt, its file is missing, or the task names a prompt that looks like a
            misspelled built-in one.
    """
    _refuse_misspelled(task)
    if override:
        text, origin = read_prompt(task.path.parent, override)
        return Prompt(name, text, "given here" if origin == "task file" else origin)
    if name in task.prompts:
        return Prompt(name, *read_prompt(task.path.parent, task.prompts[name]))
    kind = "labels" if task.labels else "free_text"
    for file in (BUILT_IN / f"{name}.{kind}.jinja", BUILT_IN / f"{name}.jinja"):
        if file.is_file():
            return Prompt(name, file.read_text(encoding="utf-8"), "built in")
    raise UserError(
        f"there is no prompt named {name!r}; built in: {', '.join(built_in_names())}. "
        f"Write your own under prompts.{name} in {task.path.name}"
    )


def built_in_names() -> list[str]:
    """Return the names of the built-in prompts for chat models, sorted."""
    return sorted({file.name.split(".")[0] for file in BUILT_IN.glob("*.jinja")})


def _refuse_misspelled(task: Task) -> None:
    built_in = built_in_names()
    for name in task.prompts:
        similar = difflib.get_close_matches(name, built_in, n=1, cutoff=0.75)
        if name not in built_in and similar:
            raise UserError(f"{task.path.name}: prompts.{name} is unknown; did you mean {similar[0]!r}?")
