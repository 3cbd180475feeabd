"""Zygotes that start in a moment, and none that outlives a test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psutil
import pytest

from tests.execution.warm_owners import below, wait_for
from veritrain_lib.fast.warm import stack, zygote


@pytest.fixture(autouse=True)
def a_small_zygote_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process has no zygote before a test; after it, nothing that the test started is left."""
    zygote.end_all()
    before = {process.pid for process in below(os.getpid())}
    monkeypatch.setenv("VERITRAIN_PRELOAD", "")
    # Whoever edits the library while the tests run would have zygotes renewed.
    monkeypatch.setattr(stack, "code_state", lambda: "as it was")
    yield
    zygote.end_all()
    wait_for(lambda: psutil.Process().children(recursive=True) == [] or _known(before), seconds=60)


def _known(before: set[int]) -> bool:
    return {process.pid for process in below(os.getpid())} <= before
