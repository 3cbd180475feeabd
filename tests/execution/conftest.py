"""The zoo of small notebooks, and the independent truth: which cells left a mark."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.execution.zoo_of_notebooks import ZOO, kernels_of
from veritrain_lib.execution import NotebookOutcome, execute_notebook


@pytest.fixture
def marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the zoo's cells leave a file each: what really ran."""
    folder = tmp_path / "marks"
    folder.mkdir()
    monkeypatch.setenv("MARKS", str(folder))
    return folder


@pytest.fixture(autouse=True)
def nothing_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """After every test: no kernel process, no temporary file or socket."""
    folder = Path(tempfile.mkdtemp(prefix="vt-test-", dir="/tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    left = [path.name for path in folder.rglob("*")]
    shutil.rmtree(folder)
    assert left == []
    assert kernels_of(psutil.Process()) == []


@pytest.fixture(params=[pytest.param("cold", marks=pytest.mark.slow), "warm"])
def warm(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Once with a kernel that is forked, and, in the slow tests, once with one that is started (a second each)."""
    # What the zygote has imported makes no difference here, and this much is there in a moment.
    monkeypatch.setenv("VERITRAIN_PRELOAD", "numpy")
    return str(request.param) == "warm"


@pytest.fixture
def run(marks: Path, tmp_path: Path, warm: bool) -> Callable[..., NotebookOutcome]:
    """Execute a notebook of the zoo by name."""

    def execute(name: str, parameters: dict[str, Any] | None = None, **options: Any) -> NotebookOutcome:
        options.setdefault("warm", warm and "kernel_name" not in options)
        return execute_notebook(
            ZOO / f"{name}.ipynb", tmp_path / "out" / f"{name}.ipynb", parameters, **options
        )

    return execute
