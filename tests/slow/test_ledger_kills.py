"""`kill -9` at random moments, with one process and with two that share a ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.llm.conftest import Serve, folder, serve  # noqa: F401
from tests.llm.killing import AT_ONCE, kill_and_look, script

KILLS = 10


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_stored_answers_survive_and_only_what_was_in_flight_is_paid_again(
    processes: int,
    serve: Serve,  # noqa: F811
    folder: Path,  # noqa: F811
) -> None:
    seen = kill_and_look(serve(script), folder, kills=KILLS, processes=processes, seed=processes)
    print(seen)
    assert seen.kills == KILLS
    assert seen.stored_then_gone_or_changed == []
    assert seen.stored_then_requested == []
    # The report is never too low, and at most what was in flight.
    assert seen.paid_again <= seen.said == seen.in_flight <= KILLS * processes * AT_ONCE
