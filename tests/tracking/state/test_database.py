"""Changes of our shared tables outlast a restart of the database, without being done twice."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.tracking import retrying_client
from veritrain_lib.tracking.state import claims, database, jobs, leases
from veritrain_lib.tracking.state.jobs import QueuedJob

pytestmark = pytest.mark.slow

JOB = QueuedJob("d" * 64, "train of task x", {"stage": "train"}, "cpu")


@pytest.fixture(autouse=True)
def _without_mlflow(shared: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")


def _end_session(connection: Connection) -> None:
    """End the connection's own session, as a restart of the database ends all of them."""
    connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


def test_a_change_whose_session_ends_in_the_middle_is_made_again() -> None:
    asked: list[int] = []

    def work(connection: Connection) -> int:
        asked.append(1)
        if len(asked) == 1:
            _end_session(connection)
        return int(connection.scalar(text("SELECT 7")))

    assert database.run(work) == 7
    assert len(asked) == 2


def test_a_heartbeat_does_not_wait() -> None:
    with pytest.raises(OperationalError):
        database.run(_end_session, wait=False)


def test_a_database_that_stays_away_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying_client, "RETRY_S", 0.5)
    monkeypatch.setenv("DATABASE_URL", "postgresql://postgres@127.0.0.1:1/none")
    with pytest.raises(Infrastructure, match=r"can't be used for .* Connection refused"):
        jobs.states(["d"])


def test_a_job_or_a_claim_taken_twice_by_the_same_holder_is_taken_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jobs.submit(JOB)
    first = jobs.take(JOB.id, "worker")
    assert first is not None
    repeated = jobs._execute(jobs.TAKE_SQL, id=JOB.id, worker="worker", token=first.token)
    assert [row[2] for row in repeated] == [1], "the answer of the first time was lost with its connection"
    assert jobs.take(JOB.id, "another") is None
    with claims.claim("work", "the work"):
        held = text("SELECT id, token FROM veritrain_state_leases WHERE work = 'work'")
        (lease,) = database.run(lambda connection: connection.execute(held).all())
        values = {
            "work": "work",
            "what": "the work",
            "holder": "h",
            "ttl": 30,
            "dead_token": "",
            "id": lease.id,
        }
        again = database.run(
            lambda connection: connection.scalar(text(leases.ACQUIRE_SQL), values | {"token": lease.token})
        )
        assert again == lease.token
        other = values | {"token": "another"}
        assert database.run(lambda connection: connection.scalar(text(leases.ACQUIRE_SQL), other)) is None
