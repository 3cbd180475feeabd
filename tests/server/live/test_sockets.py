"""Socket.IO with two workers on one record, as far as files go: what a client hears, and where its polls are answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import socketio
import uvicorn

from tests.server.served import free_port
from veritrain_lib.server import environment as settings
from veritrain_lib.server import link_token
from veritrain_lib.server.http.current_user import LOCAL, Principal
from veritrain_lib.server.live import event_tails, run_liveness, sockets, worker_addresses
from veritrain_lib.tracking import event_log

RUN = "run1"


@pytest.fixture(autouse=True)
def files_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project of files; every id is one of something, but `nothing`."""
    monkeypatch.setenv("VERITRAIN_HOME", str(tmp_path))
    monkeypatch.setattr(event_tails, "POLL_S", 0.01)
    monkeypatch.setattr(run_liveness, "run_exists", lambda kind, name: name != "nothing")
    monkeypatch.setattr(run_liveness, "settle", lambda run_id: None)
    settings.environment.cache_clear()


class Quiet(uvicorn.Server):
    """Leaves signals to the tests."""

    def install_signal_handlers(self) -> None:
        """Nothing."""


@asynccontextmanager
async def worker(caller: Principal | None = LOCAL) -> AsyncIterator[str]:
    """A worker process's part of the server, here in this one; gives its address. The gatekeeper found `caller`."""
    relay, port = sockets.socket_app(), free_port()

    async def admitted(scope: Any, receive: Any, send: Any) -> None:
        await relay({**scope, "state": {**scope.get("state", {}), "principal": caller}}, receive, send)

    config = uvicorn.Config(admitted, port=port, lifespan="off", log_level="warning")
    config.load()
    server = Quiet(config)
    server.lifespan = config.lifespan_class(config)
    async with relay.listening():
        await server.startup()
        running = asyncio.create_task(server.main_loop())
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = server.force_exit = True
            await running
            await server.shutdown()


async def heard(address: str, subscribe: dict[str, Any], name: str, until: int) -> list[dict[str, Any]]:
    """What a client hears after it subscribed, as many lines as `until`."""
    found: list[dict[str, Any]] = []
    enough = asyncio.Event()

    async def hear(line: dict[str, Any]) -> None:
        found.append(line)
        if len(found) >= until:
            enough.set()

    client = socketio.AsyncClient()
    client.on(name, hear)
    await client.connect(address, wait_timeout=120)
    assert await client.call("subscribe", subscribe) == {"ok": True}
    if subscribe["type"] != "experiment":  # one that has ended has no subscription left: it would come again
        again = {key: value for key, value in subscribe.items() if key != "after"}
        assert await client.call("subscribe", again) == {"ok": True}, "without a number: it just stays"
    if subscribe["type"] == "notifications":
        event_log.append(event_log.NOTIFICATIONS, "log", "new", data={"run": RUN})
    await asyncio.wait_for(enough.wait(), 120)
    await asyncio.sleep(0.1)
    await client.disconnect()
    return found


def test_where_nobody_signs_in_a_client_may_show_the_links_token_when_it_connects() -> None:
    async def connects(token: str | None) -> bool:
        async with worker(caller=None) as address:
            client = socketio.AsyncClient(reconnection=False)
            try:
                await client.connect(
                    address, auth=None if token is None else {"token": token}, wait_timeout=120
                )
            except socketio.exceptions.ConnectionError:
                return False
            answer = await client.call("subscribe", {"type": "notifications"})
            await client.disconnect()
            return bool(answer["ok"])

    for token, let_in in (
        (link_token.link_token(), True),
        (f"Bearer {link_token.link_token()}", True),
        ("x" * 43, False),
        (None, False),
    ):
        assert asyncio.run(connects(token)) is let_in, token


def alone(work: Callable[[str], Coroutine[Any, Any, Any]]) -> Any:
    async def run() -> Any:
        async with worker() as address:
            return await work(address)

    return asyncio.run(run())


def test_a_client_hears_of_an_experiment_in_the_words_of_the_contract() -> None:
    event_log.append(RUN, "status", "begins", data={"status": "running"})
    event_log.append(
        RUN, "progress", "step", data={"epoch": 1.0, "step": 2, "loss": 0.5, "gpu": 70.0, "eta": 8.0}
    )
    event_log.end(RUN, "over", data={"status": "completed", "metrics": {"accuracy": 0.9}})
    asked = {"type": "experiment", "id": RUN}
    found = alone(lambda address: heard(address, asked, f"experiment:{RUN}", 3))
    assert [(line["seq"], line["type"]) for line in found] == [
        (1, "experiment_status"), (2, "experiment_progress"), (3, "experiment_status"),
    ]  # fmt: skip
    wanted = {"epoch": 1.0, "step": 2, "loss": 0.5, "gpuUtil": 70.0, "eta": 8.0}
    assert wanted.items() <= found[1]["data"].items()
    assert (found[2]["status"], found[2]["metrics"]) == ("completed", {"accuracy": 0.9})
    assert {line["experimentId"] for line in found} == {RUN}
    rest = alone(lambda address: heard(address, {**asked, "after": 2}, f"experiment:{RUN}", 1))
    assert [line["seq"] for line in rest] == [3]


def test_a_client_hears_what_a_gate_said_of_a_dataset() -> None:
    verdict = {"result": "blocked", "details": {"headline": "too many copies"}}
    event_log.append(RUN, "log", "gate: blocked", data={"quality_gate": verdict})
    found = alone(lambda address: heard(address, {"type": "dataset", "id": RUN}, f"dataset:{RUN}", 1))
    assert (found[0]["type"], found[0]["datasetId"], found[0]["result"]) == ("quality_gate", RUN, "blocked")
    assert found[0]["details"] == verdict["details"]


def test_of_notifications_only_new_ones_come_unless_a_number_is_given() -> None:
    event_log.append(event_log.NOTIFICATIONS, "log", "old")
    asked = {"type": "notifications"}
    found = alone(lambda address: heard(address, asked, "notification", 1))
    assert [(line["message"], line["run"]) for line in found] == [("new", RUN)]
    found = alone(lambda address: heard(address, {**asked, "after": 0}, "notification", 3))
    assert [line["seq"] for line in found] == [1, 2, 3]


def test_a_long_history_comes_whole_to_a_client_that_only_polls() -> None:
    """Its library takes 16 packets an answer and no more."""
    for number in range(120):
        event_log.append(RUN, "log", f"line {number}")
    found = alone(lambda address: heard(address, {"type": "experiment", "id": RUN}, f"experiment:{RUN}", 120))
    assert [line["seq"] for line in found] == list(range(1, 121))


@pytest.mark.parametrize(
    "wrong",
    [
        None, "text", {"type": "weather"}, {"type": "experiment"}, {"type": "experiment", "id": 5},
        {"type": "experiment", "id": "nothing"}, {"type": "dataset", "id": RUN, "after": -1},
        {"type": "dataset", "id": RUN, "after": True},
    ],
)  # fmt: skip
def test_what_can_not_be_followed_is_said(wrong: Any) -> None:
    async def subscribe(address: str) -> Any:
        client = socketio.AsyncClient()
        await client.connect(address, wait_timeout=120)
        answer = await client.call("subscribe", wrong)
        await client.disconnect()
        return answer

    answer = alone(subscribe)
    assert answer["ok"] is False
    assert answer["error"]


def test_a_session_is_answered_whichever_worker_is_asked() -> None:
    event_log.append(RUN, "log", "line")

    async def watch() -> None:
        async with worker() as here, worker() as there, aiohttp.ClientSession() as browser:

            async def poll(address: str, query: str, body: str | None = None) -> tuple[int, str]:
                method = "GET" if body is None else "POST"
                place = f"{address}/socket.io/?EIO=4&transport=polling{query}"
                async with browser.request(method, place, data=body) as found:
                    return found.status, await found.text()

            session = json.loads((await poll(here, ""))[1][1:])["sid"]
            assert await poll(there, f"&sid={session}", "40") == (200, "OK")
            assert (await poll(there, f"&sid={session}"))[1].startswith("40")
            asked = json.dumps(["subscribe", {"type": "experiment", "id": RUN}])
            assert (await poll(there, f"&sid={session}", f"421{asked}"))[0] == 200
            found = ""
            for address in (here, there, here, there):
                if '"line"' not in found:
                    found += (await poll(address, f"&sid={session}"))[1]
            assert '"line"' in found
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await browser.ws_connect(f"{there}/socket.io/?EIO=4&transport=websocket&sid={session}")
            gone = "0" * 16 + session[16:]
            assert (await poll(there, f"&sid={gone}"))[0] == 400
            assert (await poll(there, "&sid=../../etc/passwd"))[0] == 400

    asyncio.run(watch())
    assert list(worker_addresses.socket_path("x").parent.glob("live-*.sock")) == [], "nothing is left behind"


def test_a_socket_whose_path_is_too_long_is_elsewhere_and_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERITRAIN_HOME", str(tmp_path / ("x" * 90)))
    place = worker_addresses.socket_path("0" * 16)
    assert len(str(place)) <= worker_addresses.MAX_PATH_BYTES
    with worker_addresses.listening_socket(place):
        assert place.parent.stat().st_mode & 0o077 == 0
        assert place.stat().st_mode & 0o077 == 0
        worker_addresses.remove_dead_sockets()
        assert place.exists(), "somebody listens there"
    assert not place.exists()
