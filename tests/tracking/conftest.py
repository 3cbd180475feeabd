from __future__ import annotations

from pathlib import Path

import pytest

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import Task, load_task


@pytest.fixture
def task(home: Path) -> Task:
    return load_task(write_tiny(home / "task"))
