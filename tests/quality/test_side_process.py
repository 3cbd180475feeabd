"""Checks in a second process find what they find in this one, and nothing is lost when that process is."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from gate_rows import make_context, make_rows, make_task, rule, suite, traffic

from veritrain_lib.core import registry
from veritrain_lib.quality import side_process
from veritrain_lib.quality.rule_results import RuleResults, run_checks
from veritrain_lib.quality.suite import Suite

DIRTY = ["asdf asdf asdf qwer", "write to me: anna.smith@example.com", "I'm sorry, but I cannot assist with that request.",
         "Ich möchte gerne meine Rechnung von letzter Woche noch einmal bekommen"]  # fmt: skip


@pytest.fixture
def rows() -> pd.DataFrame:
    return pd.concat([traffic(60), make_rows(DIRTY)], ignore_index=True)


@pytest.fixture
def rules() -> Suite:
    return suite(*(rule(name) for name in ("empty", "garbage", "personal_data", "refusal", "language")))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The processes that were started, with every number of rows and on any machine."""
    found: list[Any] = []
    plain = side_process.subprocess.Popen

    def popen(*given: Any, **named: Any) -> Any:
        found.append(plain(*given, **named))
        return found[-1]

    monkeypatch.setattr(side_process, "MANY", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1}, raising=False)
    monkeypatch.setattr(side_process.subprocess, "Popen", popen)
    return found


def _found(rows: pd.DataFrame, rules: Suite, *, beside: bool = True, language: str = "en") -> RuleResults:
    rule_results = RuleResults()
    run_checks(rows, make_context(make_task(language)), rules.rules, rule_results, parallel=beside)
    return rule_results


@pytest.mark.slow
def test_both_ways_find_the_same(rows: pd.DataFrame, rules: Suite, started: list[Any]) -> None:
    here = _found(rows, rules, beside=False)
    assert started == []
    there = _found(rows, rules)
    assert len(started) == 1
    assert started[0].returncode is not None, "it has ended"
    assert there == here
    assert {name: sum(map(bool, reasons)) for name, reasons in here.reasons.items()} == {
        "empty": 0, "garbage": 1, "personal_data": 1, "refusal": 1, "language": 1,
    }  # fmt: skip


def test_a_process_that_is_killed_costs_time_only(
    rows: pd.DataFrame, rules: Suite, started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = side_process.SideProcess.finish

    def finish(self: Any, rule_results: RuleResults) -> bool:
        os.kill(started[0].pid, signal.SIGKILL)
        return plain(self, rule_results)

    monkeypatch.setattr(side_process.SideProcess, "finish", finish)
    assert _found(rows, rules) == _found(rows, rules, beside=False)


def test_an_error_in_a_check_beside_is_that_rules_error(
    rows: pd.DataFrame, rules: Suite, started: list[Any]
) -> None:
    there = _found(rows, rules, language="xx")
    assert len(started) == 1
    assert list(there.errors) == ["language"]
    assert "'xx' is not one that can be detected" in there.errors["language"]
    assert there == _found(rows, rules, language="xx", beside=False)


def test_an_error_here_ends_the_process_there(rows: pd.DataFrame, started: list[Any]) -> None:
    def stop(rows: pd.DataFrame, context: Any) -> pd.Series[str]:
        raise KeyboardInterrupt

    registry.register("checks", "stop", stop)
    with pytest.raises(KeyboardInterrupt):
        _found(rows, suite(rule("garbage"), rule("stop")))
    assert started[0].poll() is not None


def test_few_rows_one_core_or_a_check_of_the_users_own_stay_here(
    rows: pd.DataFrame, started: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def garbage(rows: pd.DataFrame, context: Any) -> pd.Series[str]:
        return pd.Series("", index=rows.index, dtype=object)

    mine = suite(rule("garbage"))
    monkeypatch.setattr(side_process, "MANY", len(rows) + 1)
    _found(rows, mine)
    monkeypatch.setattr(side_process, "MANY", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0}, raising=False)
    _found(rows, mine)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1}, raising=False)
    registry.register("checks", "garbage", garbage)
    assert not any(_found(rows, mine).reasons["garbage"])
    assert started == []
