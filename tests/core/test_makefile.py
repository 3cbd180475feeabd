"""`make setup` finds a Python that it can use, or says plainly what is needed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make on a copy of the Makefile in a folder without an environment."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, folder)
    return subprocess.run(
        ["make", *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def python(folder: Path, name: str, version: str) -> str:
    """Write a program that is named like a Python and answers as one of that version."""
    file = folder / name
    file.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "Python {version}" && exit 0\nexit 1\n', encoding="utf-8"
    )
    file.chmod(0o755)
    return str(file)


def test_a_python_that_does_not_start_is_passed_over(tmp_path: Path) -> None:
    shim = python(tmp_path, "python3.13", "3.13.0")
    done = make(tmp_path, "--dry-run", "setup", f"PYTHONS={shim} no-such-python {sys.executable}")
    assert f"{sys.executable} -m venv .venv" in done.stdout


def test_without_a_usable_python_it_says_what_is_needed(tmp_path: Path) -> None:
    done = make(tmp_path, "setup", "PYTHONS=no-such-python")
    assert done.returncode != 0
    assert (
        "Python 3.11, 3.12 or 3.13 with venv is needed, and none of these is one: no-such-python"
        in done.stdout
    )
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("version", ["3.10.13", "3.14.0"])
def test_a_python_that_was_named_and_can_not_be_used_is_named(tmp_path: Path, version: str) -> None:
    named = python(tmp_path, "python3", version)
    done = make(tmp_path, "setup", f"PYTHON={named}")
    assert done.returncode != 0
    assert f"PYTHON={named} is Python {version}, or lacks venv" in done.stdout
