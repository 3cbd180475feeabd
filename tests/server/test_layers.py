"""Imports inside the server go one way, from the application down to the database."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

SERVER = Path(__file__).resolve().parents[2] / "veritrain_lib" / "server"
PACKAGE = "veritrain_lib.server"

# From the top down: a room (a folder or a module of `server/`) may import the rooms below its own line only.
LINES: list[set[str]] = [
    {"app", "reference", "run_job", "supervise"},
    {"rest_api", "not_ready", "watchdog"},
    {"resources", "live", "web"},
    {"auth", "jobs", "observability", "settings"},
    {"tasks"},
    {"http"},
    {"database", "environment"},
    {"link_token", "process_group"},
]
LEVEL = {room: level for level, rooms in enumerate(LINES) for room in rooms}

# The page of a model lists its evaluations, with the metrics that the evaluations' own routes show.
ALLOWED_BETWEEN_RESOURCES = {("models", "evaluations")}


def _modules() -> dict[str, Path]:
    modules = {}
    for path in sorted(SERVER.rglob("*.py")):
        parts = path.relative_to(SERVER).with_suffix("").parts
        if "migrations" not in parts:  # Alembic loads them by path
            modules[".".join([PACKAGE, *parts]).removesuffix(".__init__")] = path
    return modules


def _imports() -> dict[str, set[str]]:
    """The modules of the server that each imports, also inside of functions and for types only."""
    modules = _modules()
    imports: dict[str, set[str]] = {name: set() for name in modules}
    for name, path in modules.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imports[name] |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{path}: a relative import is not seen here"
                imports[name] |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
    return {
        name: {other for other in found if other in modules and other not in (name, PACKAGE)}
        for name, found in imports.items()
        if name != PACKAGE
    }


def _room(module: str) -> str:
    return module.split(".")[2]


def test_every_room_has_a_line() -> None:
    rooms = {_room(name) for name in _imports()}
    assert rooms == set(LEVEL), f"differ: {sorted(rooms ^ set(LEVEL))}"


def test_imports_go_one_way() -> None:
    wrong = [
        f"{name} must not import {other}"
        for name, others in _imports().items()
        for other in others
        if _room(name) != _room(other) and LEVEL[_room(other)] <= LEVEL[_room(name)]
    ]
    assert not wrong, "\n".join(wrong)


def test_no_import_is_circular() -> None:
    # A package's own module is loaded before those in it, and is no import of theirs.
    graph = {
        name: {other for other in others if not name.startswith(f"{other}.")}
        for name, others in _imports().items()
    }
    graphlib.TopologicalSorter(graph).prepare()


def test_a_resource_imports_no_other_resource() -> None:
    prefix = f"{PACKAGE}.resources."
    pairs = {
        (name.removeprefix(prefix).split(".")[0], other.removeprefix(prefix).split(".")[0])
        for name, others in _imports().items()
        for other in others
        if name.startswith(prefix) and other.startswith(prefix)
    }
    assert {pair for pair in pairs if pair[0] != pair[1]} == ALLOWED_BETWEEN_RESOURCES


def test_fields_of_requests_and_responses_stand_in_schemas() -> None:
    """So a field of an answer is two lines: in `schemas.py`, and in `serialize.py` or the file that works it out."""
    bases = {"BaseModel", "RequestModel", "ResponseModel", "DualCaseResponse", "CamelCaseResponse", "Page"}
    resources = SERVER / "resources"
    for folder in (path.parent for path in resources.glob("*/routes.py")):
        assert (folder / "schemas.py").is_file(), folder.name
        for path in folder.rglob("*.py"):
            classes = [
                node.name
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.ClassDef) and bases & {ast.unparse(base) for base in node.bases}
            ]
            if path.name not in ("schemas.py", "requests.py"):
                assert not classes, f"{path}: {classes}"
