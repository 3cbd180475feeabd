"""Live progress from a real server with four workers: quick, whole after cuts, and an experiment by HTTP alone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import socketio
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.server.linked import bearer
from tests.server.served import free_port, kill, serve, serving
from tests.server.walked import Walked, walked_home
from veritrain_lib.tracking import event_log, run_events, runs

pytestmark = pytest.mark.slow

EXPERIMENTS = "/api/v1/experiments"


@pytest.fixture(scope="module")
def walked(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    with walked_home(tmp_path_factory.mktemp("walked"), empty_store) as found:
        yield found


@pytest.fixture(scope="module")
def address(walked: Walked) -> Iterator[str]:
    with serving(walked.home, workers=4) as found:
        yield found


@pytest.fixture
def run_id(walked: Walked) -> str:
    """A round that this process works on."""
    made = runs.open_run(walked.task, "mine", kind="round")
    run_events.emit_start(made, "begins")
    return made


def ask(address: str, path: str, given: Any = None, method: str = "") -> Any:
    request = urllib.request.Request(
        address + path,
        json.dumps(given).encode() if given is not None else None,
        {"Content-Type": "application/json", **bearer()},
        method=method or ("POST" if given is not None else "GET"),
    )
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.loads(answer.read() or b"null")


def write(run_id: str, count: int, every: float) -> threading.Thread:
    """Steps of a training, then its end, from a thread."""

    def work() -> None:
        for step in range(count):
            event_log.append(run_id, "progress", f"step {step}", data={"step": step, "loss": 1 / (step + 1)})
            time.sleep(every)
        run_events.end_run(run_id, "FINISHED")

    working = threading.Thread(target=work)
    working.start()
    return working


class Follower:
    """A Socket.IO client as a page has it: polling first, subscribing again from where it was after each cut."""

    def __init__(self, run_id: str, *, transports: list[str] | None = None) -> None:
        self.run_id, self.transports = run_id, transports
        self.lines: list[dict[str, Any]] = []
        self.over = asyncio.Event()
        # The client gives a request up after 5 seconds by default, and never sends a message of it again:
        # a busy machine may need more.
        self.client = socketio.AsyncClient(
            reconnection_delay=0.2, reconnection_delay_max=1, request_timeout=60
        )
        self.client.on("connect", self._subscribe)
        self.client.on(f"experiment:{run_id}", self._heard)

    async def _subscribe(self) -> None:
        after = self.lines[-1]["seq"] if self.lines else 0
        await self.client.emit("subscribe", {"type": "experiment", "id": self.run_id, "after": after})

    async def _heard(self, line: dict[str, Any]) -> None:
        self.lines.append(line)
        if line.get("ended"):
            self.over.set()

    async def connect(self, address: str) -> None:
        # The client sends its headers with the first request only; each poll would need them.
        token = bearer()["Authorization"]
        by_auth = self.transports == ["polling"]
        # A session begun in one worker must be found from every other one.
        await self.client.connect(
            address, {} if by_auth else bearer(), auth={"token": token} if by_auth else None,
            transports=self.transports, retry=True, wait_timeout=120,
        )  # fmt: skip


async def follow_plain(address: str, run_id: str, found: list[dict[str, Any]]) -> None:
    """Follow to the end, connecting again from where it was after each cut."""
    place = f"{address.replace('http', 'ws')}{EXPERIMENTS}/{run_id}/stream"
    while not (found and found[-1].get("ended")):
        try:
            async with connect(
                f"{place}?after={found[-1]['seq'] if found else 0}", additional_headers=bearer()
            ) as there:
                async for message in there:
                    line = json.loads(message)
                    if "seq" in line:
                        found.append(line)
        except (OSError, ConnectionClosed):
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("transports", [None, ["polling"], ["websocket"]])
def test_two_hundred_events_come_to_every_client_in_order(
    address: str, run_id: str, transports: list[str] | None
) -> None:
    async def watch() -> tuple[list[dict[str, Any]], Follower]:
        follower, plain = Follower(run_id, transports=transports), []  # type: ignore[var-annotated]
        await follower.connect(address)
        following = asyncio.create_task(follow_plain(address, run_id, plain))
        await asyncio.sleep(2)
        writing = write(run_id, 200, 0.02)
        await asyncio.wait_for(asyncio.gather(following, follower.over.wait()), 120)
        writing.join()
        await follower.client.disconnect()
        return plain, follower

    plain, follower = asyncio.run(watch())
    whole = list(range(1, 203))
    assert [line["seq"] for line in plain] == whole
    assert [line["seq"] for line in follower.lines] == whole


def test_a_session_of_polling_is_found_from_every_worker(address: str, walked: Walked) -> None:
    """Each request on a connection of its own, as a browser behind a balancer may send them."""

    def poll(query: str, body: bytes | None = None) -> str:
        request = urllib.request.Request(
            f"{address}/socket.io/?EIO=4&transport=polling{query}", body, bearer()
        )
        request.add_header("Connection", "close")
        with urllib.request.urlopen(request, timeout=300) as answer:
            return str(answer.read().decode())

    workers = set()
    for _ in range(12):
        session = json.loads(poll("")[1:])["sid"]
        workers.add(session.partition(".")[0])
        assert poll(f"&sid={session}", b"40") == "OK"
        assert poll(f"&sid={session}").startswith('40{"sid"')
        given = json.dumps(["subscribe", {"type": "experiment", "id": walked.rounds[1]}])
        assert poll(f"&sid={session}", f"421{given}".encode()) == "OK"
        found = ""
        while '"ended":true' not in found:
            found += poll(f"&sid={session}")
        assert '"seq":1,' in found
    assert len(workers) > 1


def test_a_client_that_was_cut_off_and_one_whose_server_was_killed_miss_nothing(
    walked: Walked, run_id: str
) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"

    async def watch() -> tuple[list[int], list[int], list[int]]:
        follower, cut, plain = Follower(run_id), Follower(run_id), []  # type: ignore[var-annotated]
        process = await asyncio.to_thread(serve, walked.home, port, 2)
        following = asyncio.create_task(follow_plain(address, run_id, plain))
        await follower.connect(address)
        await cut.connect(address)
        writing = write(run_id, 300, 0.1)
        try:
            await asyncio.sleep(3)
            await cut.client.disconnect()
            await asyncio.sleep(10)
            await cut.connect(address)
            kill(process)
            process = await asyncio.to_thread(serve, walked.home, port, 2)
            over = (following, follower.over.wait(), cut.over.wait())
            await asyncio.wait_for(asyncio.gather(*over), 180)
            for one in (follower, cut):
                await one.client.disconnect()
        finally:
            await asyncio.to_thread(writing.join)
            kill(process)
        return [[one["seq"] for one in lines] for lines in (plain, follower.lines, cut.lines)]  # type: ignore[return-value]

    for seen in asyncio.run(watch()):
        assert seen == list(range(1, 303))


def test_an_experiment_is_done_by_http_alone(address: str, walked: Walked) -> None:
    given = {
        "name": "by HTTP", "task": "tiny", "baseModelId": "tiny-1", "datasetId": walked.draft,
        "config": {"trainingRecipe": {"C": 0.5, "epochs": 9}, "seed": 7},
    }  # fmt: skip
    made = ask(address, EXPERIMENTS, given)
    assert made["unsupported_config"] == ["training_recipe.epochs"]
    there = f"{EXPERIMENTS}/{made['id']}"
    started = ask(address, f"{there}/start", {})
    assert started["task_id"]
    lines: list[dict[str, Any]] = []
    asyncio.run(asyncio.wait_for(follow_plain(address, made["id"], lines), 400))
    assert lines[-1]["status"] == "completed", lines[-1]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    begun = [line["data"]["stage"] for line in lines if line["data"].get("event") == "begin"]
    assert begun == ["train", "evaluate", "report"]
    found = ask(address, there)
    assert (found["status"], found["config"]["seed"]) == ("completed", 7)
    assert found["evaluation"]["verdict"] in ("better", "not better", "inconclusive")
    assert found["bestScore"] > 0.5
    run = runs.get(made["id"])
    report = runs.get(run.data.tags["veritrain.run.report"])
    assert report.info.status == "FINISHED"
    folder = Path(report.info.artifact_uri.removeprefix("file://"))
    assert (folder / "report" / "report.html").is_file()
    kept = Path(run.info.artifact_uri.removeprefix("file://")) / "events" / f"{made['id']}.jsonl"
    assert len(kept.read_text().splitlines()) == len(lines)
    assert "C: 0.5" not in walked.task.path.read_text(), "the task's own file stays as it is"


def test_a_running_one_is_stopped_through_another_worker(address: str, walked: Walked) -> None:
    made = ask(address, EXPERIMENTS, {
        "name": "to be stopped", "task": "tiny", "baseModelId": "tiny-1", "datasetId": walked.draft,
        "config": {"seed": 11},
    })["id"]  # fmt: skip
    there = f"{EXPERIMENTS}/{made}"
    ask(address, f"{there}/start", {})
    until = time.monotonic() + 200
    while ask(address, there)["progress"]["stage"] is None and time.monotonic() < until:
        time.sleep(0.2)
    ask(address, f"{there}/stop", {})
    lines: list[dict[str, Any]] = []
    asyncio.run(asyncio.wait_for(follow_plain(address, made, lines), 400))
    assert (lines[-1]["status"], lines[-1]["reason"]) == ("failed", "stopped")
    found = ask(address, there)
    assert (found["status"], found["reason"]) == ("failed", "stopped")
    stages = [one.info.status for one in runs.children(walked.task, made)]
    assert "RUNNING" not in stages


def test_one_whose_process_was_killed_is_closed_by_who_looks_next(address: str, walked: Walked) -> None:
    made = ask(address, EXPERIMENTS, {
        "name": "to be killed", "task": "tiny", "baseModelId": "tiny-1", "datasetId": walked.draft,
        "config": {"seed": 12},
    })["id"]  # fmt: skip
    ask(address, f"{EXPERIMENTS}/{made}/start", {})
    owner = runs.get(made).data.tags[runs.OWNER_TAG]
    os.kill(int(owner.rsplit("/", 2)[1]), signal.SIGKILL)
    lines: list[dict[str, Any]] = []
    asyncio.run(asyncio.wait_for(follow_plain(address, made, lines), 400))
    assert (lines[-1]["status"], lines[-1]["data"]["run_status"]) == ("failed", "KILLED")
    assert ask(address, f"{EXPERIMENTS}/{made}")["status"] == "failed"
