"""Log lines lose the secrets of this process, however often it is asked for."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from veritrain_lib.redaction.logs import redact_logs


@pytest.fixture
def plain_factory() -> Iterator[None]:
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(logging.LogRecord)
    yield
    logging.setLogRecordFactory(before)


@pytest.mark.usefixtures("plain_factory")
def test_a_log_line_and_its_traceback_hold_no_secret(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "sk-4b1d0a77e9c2")
    redact_logs()
    try:
        raise ValueError("the key sk-4b1d0a77e9c2 is wrong")
    except ValueError:
        logging.getLogger("library").exception("refused %s", "sk-4b1d0a77e9c2")
    [record] = caplog.records
    line = logging.Formatter().format(record)
    assert "the key" in line
    assert "sk-4b1d0a77e9c2" not in line


@pytest.mark.usefixtures("plain_factory")
def test_asked_twice_a_process_redacts_each_line_once() -> None:
    redact_logs()
    factory = logging.getLogRecordFactory()
    redact_logs()
    assert logging.getLogRecordFactory() is factory
