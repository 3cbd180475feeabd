"""`veritrain doctor` ends with 3 when a check fails, and prints what to do."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run
from veritrain_lib.doctor import examine as examine_module
from veritrain_lib.doctor.check import HealthCheck


def _finds(monkeypatch: pytest.MonkeyPatch, *checks: HealthCheck) -> None:
    monkeypatch.setattr(examine_module, "examine", lambda: list(checks))


def test_a_failed_check_ends_with_3_and_says_how_to_mend_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    _finds(
        monkeypatch,
        HealthCheck("disk", "ok", "much room"),
        HealthCheck("record", "fail", "does not open", "Mend it so."),
    )
    said = run("doctor")
    assert said.code == 3
    assert said.out.splitlines() == [
        "ok    disk: much room",
        "FAIL  record: does not open",
        "      Mend it so.",
        "1 ok, 0 warning(s), 1 failed",
    ]


def test_a_warning_is_no_failure(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _finds(monkeypatch, HealthCheck("leftovers", "warn", "one run", "Go on."))
    said = run("doctor", "--json")
    assert said.code == 0
    assert said.document() == {
        "state": "warn",
        "checks": [{"name": "leftovers", "state": "warn", "found": "one run", "mend": "Go on."}],
    }
