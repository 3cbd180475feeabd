"""Messages of jobs go to the Redis that `REDIS_URL` names."""

from __future__ import annotations

import pytest

from tests.machines import free_redis
from veritrain_lib.execution.workers import app
from veritrain_lib.tracking.state.jobs import DueMessage


def test_a_message_goes_to_the_redis_that_is_set_now_not_to_the_one_at_import(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import redis

    with free_redis() as first, free_redis() as second:
        for url in (first, second):
            monkeypatch.setenv("REDIS_URL", url)
            app.send(DueMessage("job", "cpu", f"message to {url}", {"stage": "gate"}))
            assert redis.Redis.from_url(url).llen("cpu") == 1
