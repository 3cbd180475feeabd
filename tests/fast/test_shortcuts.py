"""The list of short cuts is true, and each can be switched off."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import veritrain_lib
from veritrain_lib.fast import shortcuts
from veritrain_lib.fast.shortcuts import SHORTCUTS, is_on

PACKAGE = Path(veritrain_lib.__file__).parent

OTHERS_PRIVATE_NAMES = {
    "reporting/pdf_layout.py",  # a defect of fpdf2 (issue 1772), and marks that must not be copied with the text
}
"""Files outside `fast/` that use private names of a library, and why."""


@pytest.mark.parametrize("shortcut", SHORTCUTS, ids=lambda one: one.name)
def test_each_is_on_with_the_locked_versions_and_its_module_asks_for_it(shortcut) -> None:
    assert is_on(shortcut.name)
    assert (PACKAGE / shortcut.module).exists()
    files = [*(PACKAGE / "fast").rglob("*.py"), *(PACKAGE / "tracking").glob("sqlite_*.py")]
    assert any(f'is_on("{shortcut.name}")' in file.read_text(encoding="utf-8") for file in files)


def test_the_switch_turns_off_all_some_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def on() -> set[str]:
        return {shortcut.name for shortcut in SHORTCUTS if is_on(shortcut.name)}

    everything = {shortcut.name for shortcut in SHORTCUTS}
    assert on() == everything
    monkeypatch.setenv("VERITRAIN_FAST", "0")
    assert on() == set()
    monkeypatch.setenv("VERITRAIN_FAST", "-glyphs, -sql_cache")
    assert on() == everything - {"glyphs", "sql_cache"}
    monkeypatch.setenv("VERITRAIN_FAST", "1")
    assert on() == everything


def test_another_version_of_the_library_turns_its_short_cuts_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda name: "99.0")
    shortcuts._is_supported.cache_clear()
    try:
        assert not any(is_on(shortcut.name) for shortcut in SHORTCUTS)
    finally:
        shortcuts._is_supported.cache_clear()


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(KeyError):
        is_on("no such short cut")


def test_private_names_of_other_libraries_stand_in_this_room_only() -> None:
    trees = {
        file.relative_to(PACKAGE).as_posix(): ast.parse(file.read_text(encoding="utf-8"))
        for file in PACKAGE.rglob("*.py")
    }
    ours = {name for tree in trees.values() for name in _defined(tree)}
    found = {
        place: sorted(used - ours - {"_repr_html_", "_exit"})
        for place, tree in trees.items()
        if not place.startswith("fast/") and (used := _private(tree)) - ours - {"_repr_html_", "_exit"}
    }
    assert set(found) <= OTHERS_PRIVATE_NAMES, found


def _defined(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
            for target in targets:
                names |= {part.attr for part in ast.walk(target) if isinstance(part, ast.Attribute)}
                names |= {part.id for part in ast.walk(target) if isinstance(part, ast.Name)}
    return names


def _private(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("veritrain_lib"):
            names |= {alias.name for alias in node.names}
    return {name for name in names if name.startswith("_") and not name.startswith("__")}
