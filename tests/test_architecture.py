"""The house keeps its shape: imports go one way, and each outside library has one room that knows it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "veritrain_lib"

# From the top down: a room may import the rooms below its own line, and its neighbours in the same line
# only where ALLOWED says so.
LINES: list[set[str]] = [
    {"server", "cli", "doctor", "ui", "library"},
    {"loop"},
    {"stage_io"},
    {"execution", "tracking"},
    {"stages", "task_check"},
    {
        "models",
        "teachers",
        "trainers",
        "judging",
        "quality",
        "metrics",
        "statistics",
        "reporting",
        "new_task",
    },
    {"prompts"},
    {"llm"},
    {"fast"},
    {"fonts", "kernel_process"},
    {"trust"},
    {"core", "task_file", "yaml_file", "redaction", "reading"},
]
LEVEL = {room: level for level, rooms in enumerate(LINES) for room in rooms}
ALLOWED = {
    ("cli", "server"), ("cli", "doctor"), ("cli", "ui"), ("server", "ui"), ("library", "ui"),
    ("trainers", "models"), ("teachers", "models"), ("quality", "models"), ("quality", "statistics"), ("quality", "judging"), ("judging", "statistics"), ("quality", "metrics"),
    ("quality", "reporting"), ("reporting", "statistics"), ("metrics", "models"), ("metrics", "statistics"), ("metrics", "judging"), ("new_task", "quality"), ("new_task", "statistics"),
    ("core", "task_file"), ("task_file", "core"), ("task_file", "yaml_file"), ("yaml_file", "core"), ("core", "reading"), ("reading", "core"), ("core", "redaction"), ("task_file", "trust"), ("redaction", "core"),
}  # fmt: skip

OWNERS = {
    "mlflow": {"tracking", "fast"},
    "papermill": {"execution"},
    "nbclient": {"execution"},
    "nbconvert": {"execution"},
    "great_expectations": {"quality"},
    "openai": {"llm"},
    "celery": {"execution"},
    "fpdf": {"reporting", "fast"},
    "openpyxl": {"reading"},
    "ipywidgets": {"ui"},
    "torch": {"models", "trainers"},
    "transformers": {"models", "trainers"},
    "peft": {"models", "trainers"},
}
# A health check looks at everything.
EXCEPTIONS = {"doctor"}


def _modules() -> Iterator[tuple[str, Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        room = relative.parts[0].removesuffix(".py")
        if room not in ("__init__", "examples"):
            yield room, path, ast.parse(path.read_text(encoding="utf-8"))


def _imported(path: Path, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                package = path.parent.relative_to(PACKAGE.parent).parts[
                    : None if node.level == 1 else 1 - node.level
                ]
                base = ".".join([*package, *([node.module] if node.module else [])])
            else:
                base = node.module or ""
            if base == "veritrain_lib":
                yield from (f"veritrain_lib.{alias.name}" for alias in node.names)
            else:
                yield base


def test_every_room_has_a_place_in_the_house() -> None:
    rooms = {room for room, _, _ in _modules()}
    assert rooms <= set(LEVEL), f"give these rooms a line in LINES: {sorted(rooms - set(LEVEL))}"


def test_imports_go_one_way() -> None:
    wrong = []
    for room, path, tree in _modules():
        for name in _imported(path, tree):
            parts = name.split(".")
            if parts[0] != "veritrain_lib" or len(parts) < 2 or parts[1] not in LEVEL or parts[1] == room:
                continue
            if LEVEL[parts[1]] <= LEVEL[room] and (room, parts[1]) not in ALLOWED:
                wrong.append(f"{path.relative_to(PACKAGE)}: {room} must not import {parts[1]}")
    assert not wrong, "\n".join(wrong)


def test_one_room_knows_each_outside_library() -> None:
    wrong = []
    for room, path, tree in _modules():
        for name in _imported(path, tree):
            owners = OWNERS.get(name.split(".")[0])
            if owners is not None and room not in owners | EXCEPTIONS:
                wrong.append(
                    f"{path.relative_to(PACKAGE)} imports {name}; only {', '.join(sorted(owners))} may"
                )
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "heavy", ["mlflow", "pandas", "sklearn", "great_expectations", "papermill", "matplotlib", "openai"]
)
def test_the_command_line_loads_nothing_heavy_before_it_is_asked_to_work(heavy: str) -> None:
    code = f"import sys, veritrain_lib.cli.main; print({heavy!r} in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
