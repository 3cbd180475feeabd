"""When a worker counts as deaf."""

from __future__ import annotations

import pytest

from veritrain_lib.execution.workers.watch import is_deaf


@pytest.mark.parametrize(
    ("waiting_s", "idle_s", "deaf"),
    [(0, 3600, False), (59, 3600, False), (61, 61, True), (3600, 10, False), (3600, 61, True)],
)
def test_deaf_is_who_has_nothing_to_do_while_a_job_waits_for_a_minute(
    waiting_s: float, idle_s: float, deaf: bool
) -> None:
    assert is_deaf(waiting_s, idle_s) is deaf
