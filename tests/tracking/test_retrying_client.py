"""Work on the record lives through its absence: what is safe is repeated, what would make a second thing is not."""

from __future__ import annotations

import errno
import re
import sqlite3
from typing import Any

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
from sqlalchemy.exc import OperationalError

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.tracking import retrying_client
from veritrain_lib.tracking.retrying_client import RetryingClient

ADDRESS = "postgresql://me:s3cret@db/record"


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying_client, "INITIAL_PAUSE_S", 0.01)
    monkeypatch.setattr(retrying_client, "MAX_PAUSE_S", 0.02)


def lost(said: str) -> Exception:
    """An error as MLflow raises it over a database."""
    original = sqlite3.OperationalError(said)
    try:
        raise MlflowException(said, TEMPORARILY_UNAVAILABLE) from OperationalError("SELECT 1", {}, original)
    except MlflowException as error:
        return error


class Failing:
    """A client whose calls fail a few times before they do their work."""

    def __init__(self, error: Exception, times: int) -> None:
        self.error, self.left, self.done = error, times, 0

    def _work(self, *_: Any, **__: Any) -> str:
        if self.left:
            self.left -= 1
            raise self.error
        self.done += 1
        return "done"

    set_tag = log_batch = create_run = create_model_version = get_run = _work


REFUSED = lost("connection to server failed: Connection refused")
CUT = lost("server closed the connection unexpectedly")


@pytest.mark.parametrize("call", ["set_tag", "log_batch", "get_run"])
@pytest.mark.parametrize("error", [REFUSED, CUT], ids=["refused", "cut"])
def test_what_may_be_done_twice_is_done_when_the_record_is_back(call: str, error: Exception) -> None:
    client = Failing(error, 3)
    assert getattr(RetryingClient(client, ADDRESS), call)("run", "key", name="value") == "done"
    assert client.done == 1


def test_what_would_make_a_second_thing_is_repeated_only_when_it_was_surely_not_done() -> None:
    client = Failing(REFUSED, 2)
    assert RetryingClient(client, ADDRESS).create_run("1") == "done"
    cut = Failing(CUT, 2)
    with pytest.raises(Infrastructure, match="became unavailable in the middle of a change"):
        RetryingClient(cut, ADDRESS).create_run("1")
    assert (cut.left, cut.done) == (1, 0)


def test_patience_ends_and_says_what_for_and_until_when(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(retrying_client, "RETRY_S", 1.5)
    with pytest.raises(
        Infrastructure, match=r"can't be used for \d+ s now: .*refused.*run the same command"
    ) as caught:
        RetryingClient(Failing(REFUSED, 10_000), ADDRESS).set_tag("run", "key", "value")
    said = capsys.readouterr().err
    assert re.search(
        r"waiting for the MLflow store at postgresql://me:\*\*\*@db/record until \d\d:\d\d:\d\d: .*refused",
        said,
    )
    assert said.count("waiting for") == 1
    assert "s3cret" not in said + str(caught.value)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (lost("database or disk is full"), "disk is full.*Free some room"),
        (lost("attempt to write a readonly database"), "readonly.*rights"),
        (lost("database disk image is malformed"), "damaged"),
    ],
    ids=["full", "read-only", "damaged"],
)
def test_what_waiting_does_not_mend_is_said_at_once(error: Exception, says: str) -> None:
    client = Failing(error, 5)
    with pytest.raises(Infrastructure, match=says):
        RetryingClient(client, ADDRESS).set_tag("run", "key", "value")
    assert client.left == 4


@pytest.mark.parametrize(
    "error",
    [MlflowException("no such run"), ValueError("ours"), OSError(errno.ENOSPC, "full", "file")],
    ids=str,
)
def test_any_other_error_stays_what_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        RetryingClient(Failing(error, 1), ADDRESS).set_tag("run", "key", "value")
    assert caught.value is error


def test_a_record_that_was_open_is_waited_for_at_the_start_too(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []

    def look(address: str) -> None:
        looks.append(address)
        if len(looks) < 3:
            raise retrying_client.StoreUnreachable(address, "connection refused", "Start it", temporary=True)

    monkeypatch.setattr(retrying_client, "check_reachable", look)
    monkeypatch.delenv(retrying_client.OPENED_VARIABLE, raising=False)
    with pytest.raises(retrying_client.StoreUnreachable):
        retrying_client.wait_until_reachable(ADDRESS)
    monkeypatch.setenv(retrying_client.OPENED_VARIABLE, retrying_client.addresses.fingerprint(ADDRESS))
    looks.clear()
    retrying_client.wait_until_reachable(ADDRESS)
    assert len(looks) == 3
