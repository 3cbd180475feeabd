"""One source of truth for versions, and the top level that our users fixed."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_every_locked_package_is_pinned_and_hashed() -> None:
    entries = re.split(r"\n(?=[a-z0-9])", LOCK.strip())
    assert len(entries) > 100
    loose = [
        entry.splitlines()[0]
        for entry in entries
        if "==" not in entry.splitlines()[0] or "--hash=sha256:" not in entry
    ]
    assert not loose


def test_the_lock_names_no_registry() -> None:
    assert "://" not in LOCK
    assert "index-url" not in LOCK
    assert "find-links" not in LOCK


def test_everything_the_project_asks_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[=<>\[; ]", one, maxsplit=1)[0].lower() for one in asked}
    locked = set(re.findall(r"^([a-z0-9-]+)==", LOCK, re.MULTILINE))
    assert names <= locked


def test_conda_installs_the_same_lock() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    pip = next(one["pip"] for one in environment["dependencies"] if isinstance(one, dict))
    assert pip == ["-r requirements.lock"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"python{project['requires-python']}" in environment["dependencies"]


@pytest.mark.parametrize(
    "name",
    [
        "mlflow",
        "papermill",
        "jupyterlab",
        "pandas",
        "scikit-learn",
        "openai",
        "great-expectations",
        "pytest",
        "nbval",
    ],
)
def test_the_packages_our_users_fixed_are_there(name: str) -> None:
    assert re.search(rf"^{name}==", LOCK, re.MULTILINE)


@pytest.mark.parametrize(
    "name", ["notebooks", "veritrain_lib", "gates", "mlruns", "tests", "environment.yml", "Makefile"]
)
def test_the_top_level_our_users_fixed_is_there(name: str) -> None:
    assert (ROOT / name).exists()


def test_make_alone_lists_the_targets() -> None:
    said = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("loop", "test", "test-slow", "lab", "ui", "doctor", "bench-NAME"):
        assert re.search(rf"^\s+{target}\b", said, re.MULTILINE), target
