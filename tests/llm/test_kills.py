"""The quick version of tests/slow/test_ledger_kills.py: three kills."""

from __future__ import annotations

from pathlib import Path

from tests.llm.conftest import Serve
from tests.llm.killing import kill_and_look, script


def test_after_kill_9_nothing_stored_is_lost_or_asked_again_and_the_rest_is_said(
    serve: Serve, folder: Path
) -> None:
    seen = kill_and_look(serve(script), folder, kills=3, processes=1, seed=1, rows=60)
    assert seen.stored_then_gone_or_changed == []
    assert seen.stored_then_requested == []
    assert seen.paid_again <= seen.said == seen.in_flight
