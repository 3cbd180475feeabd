"""Benchmark of requests to paid models: cost, losses and estimates: `python -m benchmarks.teacher`.

It runs against a server on loopback that implements OpenAI's API with faults, limits and accounts of what was paid
(it is not part of this project; without it nothing is measured, and the last line says so).

- faults: rows with 20 % of all attempts spoiled in 14 ways. `lost`: rows without an answer that is accounted
  for. `requested_again`: answers delivered twice, plus requests sent when the same rows are asked once more.
- limit: 300 rows at 20 requests/s, 32 at once. `requests_per_row_at_limit`; the time beside the floor.
- money: runs with random usage. `cap_passed`: runs in which more than the cap was spent by the server's accounts.
  `estimates_within_15_percent`: runs in which the estimate of a pilot was within 15 % of the cost of all rows.
- speed: requests/s and client CPU beside the plain SDK (`chat.completions.create`, its own retries) at no
  latency; `efficiency` is the share of the ideal time at 2 s latency and 128 at once.

The last line is one JSON object.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from veritrain_lib.llm.chat import LedgerChat
    from veritrain_lib.llm.records import ChatRequest

SERVER = Path(__file__).resolve().parents[2] / "shared" / "tools" / "openai_fault_server.py"
FAULTS = (
    "http_429", "http_500", "http_503", "reset", "reset_late", "hang", "truncate", "garbage",
    "bad_json", "schema", "refusal", "content_filter", "length", "empty",
)  # fmt: skip
DOLLARS = 10.0
"""For a million tokens, in and out alike: then the server's count of paid tokens is the bill."""
KEYS = (
    "lost", "requested_again", "requests_per_row_at_limit", "cap_passed", "estimates_within_15_percent",
    "speed_ratio", "cpu_ms_per_request", "efficiency",
)  # fmt: skip
LABEL = {
    "type": "object",
    "properties": {"label": {"type": "string", "enum": ["yes", "no"]}},
    "required": ["label"],
    "additionalProperties": False,
}


class Books:
    """The control routes of the running fault server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, route: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a GET, or a POST with a body."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/_admin/{route}", data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def begin(self, **settings: Any) -> None:
        """Reset the accounts and change the settings; settings that are not named return to their default."""
        usual = {"latency_ms": 0, "faults": {}, "rpm": 0, "seed": 0, "retry_after": 0.2, "hang_s": 600.0}
        self.call("config", usual | settings)
        self.call("reset", {})

    def stats(self) -> dict[str, Any]:
        """Return the totals since `begin`."""
        return self.call("stats")


@contextlib.contextmanager
def running(server: Path, folder: Path) -> Iterator[Books]:
    """Run the fault server in a separate process."""
    port_file = folder / "port"
    command = [sys.executable, str(server), "--port-file", str(port_file)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while not port_file.exists():
            if process.poll() is not None:
                raise click.ClickException(f"{server} ended with {process.returncode}")
            time.sleep(0.05)
        yield Books(f"http://127.0.0.1:{port_file.read_text()}")
    finally:
        process.terminate()
        process.wait()


class Bench:
    """A folder with prices and ledgers, and chat clients of the server."""

    def __init__(self, books: Books, folder: Path) -> None:
        self.books, self.folder, self._serial = books, folder, 0
        prices = {"bench": {"input": DOLLARS, "output": DOLLARS, "max_output": 256}}
        (folder / "prices.yaml").write_text(
            f"date: 2026-01-01\nmodels: {json.dumps(prices)}\n", encoding="utf-8"
        )
        os.environ["VERITRAIN_PRICES"] = str(folder / "prices.yaml")
        os.environ["OPENAI_API_KEY"] = "key-of-the-bench"

    def chat(self, *, ledger: str | None = None, **options: Any) -> LedgerChat:
        """Return a chat client, with a new ledger unless one is named."""
        from veritrain_lib.llm.chat import open_chat

        self._serial += 1
        os.environ["OPENAI_BASE_URL"] = f"{self.books.url}/v1"
        place = self.folder / (ledger or f"ledger-{self._serial}.db")
        return open_chat("openai:/bench", ledger=place, **({"money": 1000.0} | options))


def questions(
    count: int, run: str, schema: dict[str, Any] | None = LABEL, words: int = 20
) -> list[ChatRequest]:
    """Return distinct requests of similar length."""
    from veritrain_lib.llm.records import ChatRequest, Message

    rng = random.Random(run)
    made = []
    for number in range(count):
        text = " ".join(f"w{rng.getrandbits(16):04x}" for _ in range(rng.randint(words // 2, words)))
        messages = (Message("system", "Answer yes or no."), Message("user", f"{run} {number}: {text}"))
        made.append(ChatRequest(messages, schema=schema, max_tokens=256))
    return made


def faults(bench: Bench, rows: int) -> dict[str, float]:
    """Measure how many rows are accounted for under 20 % mixed faults."""
    from veritrain_lib.llm.rate_limiter import reset_rate_limiters

    bench.books.begin(faults={kind: 0.2 / len(FAULTS) for kind in FAULTS}, hang_s=30.0)
    requests = questions(rows, "faults")
    start = time.perf_counter()
    chat = bench.chat(ledger="faults.db", timeout=2.0)
    replies = chat.ask(requests)
    seconds = time.perf_counter() - start
    first = bench.books.stats()
    again = bench.chat(ledger="faults.db", timeout=2.0).ask(requests)
    second = bench.books.stats()
    reset_rate_limiters()
    return {
        "rows": len(replies),
        "lost": rows - sum(reply.outcome != "failed" for reply in replies),
        "requested_again": first["delivered_twice"] + second["requests"] - first["requests"]
        + sum(one.outcome != two.outcome for one, two in zip(replies, again, strict=True)),
        "done": sum(reply.outcome == "done" for reply in replies),
        "requests": first["requests"],
        "paid": first["paid"],
        "seconds": seconds,
        **{f"outcome {name}": sum(reply.outcome == name for reply in replies)
           for name in ("refused", "filtered", "invalid")},
    }  # fmt: skip


def limit(bench: Bench, rows: int, at_once: int, per_second: int) -> dict[str, float]:
    """Measure requests and time at a limit of requests."""
    from veritrain_lib.llm.rate_limiter import reset_rate_limiters

    reset_rate_limiters()
    bench.books.begin(rpm=60 * per_second)
    requests = questions(rows, "limit")
    start = time.perf_counter()
    replies = bench.chat(at_once=at_once).ask(requests)
    seconds = time.perf_counter() - start
    stats = bench.books.stats()
    reset_rate_limiters()
    # The server's bucket holds one second of its rate, and is full at the start.
    floor = (rows - per_second) / per_second
    return {
        "lost": sum(reply.outcome == "failed" for reply in replies) + rows - len(replies),
        "requests_per_row": stats["requests"] / rows,
        "seconds": seconds,
        "floor": floor,
        "over_floor": seconds / floor - 1,
    }


def money(bench: Bench, runs: int, rows: int, say: Callable[[str], None]) -> dict[str, float]:
    """Measure caps and estimates under random usage; every other capped run has two clients on one account."""
    passed, within, misses, shares = 0, 0, [], []
    for run in range(runs):
        rng = random.Random(run)
        sizes = [round(rng.lognormvariate(4.5, 1.0)) for _ in range(rng.randint(3, 12))]
        text = {"anyOf": [{"type": "string", "minLength": min(size, 900)} for size in sizes]}
        schema = {"type": "object", "properties": {"text": text}, "required": ["text"]}
        requests = questions(rows, f"money {run}", schema, words=rng.randint(10, 120))
        bench.books.begin(seed=run, faults={"http_500": 0.02, "length": 0.02})
        chat = bench.chat(account="estimate")
        pilot = chat.pilot(requests)
        chat.ask(requests)
        real = bench.books.stats()["tokens_paid"] * DOLLARS / 1e6
        misses.append(abs(pilot.money / real - 1))
        within += misses[-1] <= 0.15
        cap = real * rng.uniform(0.1, 0.9)
        bench.books.begin(seed=run, faults={"reset_late": 0.03, "garbage": 0.03, "http_500": 0.03})
        shares.append(_spend(bench, requests, cap, together=run % 2 == 1) / cap)
        passed += shares[-1] > 1 + 1e-9
        if (run + 1) % 20 == 0:
            say(f"money: {run + 1} of {runs} runs")
    return {
        "runs": runs,
        "cap_passed": passed,
        "highest_share_of_cap": max(shares),
        "median_share_of_cap": median(shares),
        "within": 100 * within / runs,
        "median_miss": median(misses),
        "worst_miss": max(misses),
    }


def _spend(bench: Bench, requests: Sequence[ChatRequest], cap: float, together: bool) -> float:
    """Send requests until the cap stops them; return what was spent by the server's accounts."""
    from veritrain_lib.core.errors import Refused

    ledger = f"cap-{time.monotonic_ns()}.db"

    def ask(part: Sequence[ChatRequest]) -> None:
        with contextlib.suppress(Refused):
            bench.chat(ledger=ledger, account="cap", money=cap, at_once=16).ask(part)

    parts = [requests[::2], requests[1::2]] if together else [requests]
    threads = [threading.Thread(target=ask, args=[part]) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return float(bench.books.stats()["tokens_paid"]) * DOLLARS / 1e6


async def _plain(url: str, requests: Sequence[ChatRequest], at_once: int) -> int:
    """Use the plain SDK, as in its manual, with a limit on parallel requests."""
    import openai

    client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="key-of-the-bench")
    gate = asyncio.Semaphore(at_once)

    async def one(request: ChatRequest) -> int:
        messages: Any = [{"role": message.role, "content": message.content} for message in request.messages]
        async with gate:
            answer = await client.chat.completions.create(
                model="bench", messages=messages, max_completion_tokens=256
            )
        return len(answer.choices)

    async with client:
        return sum(await asyncio.gather(*(one(request) for request in requests)))


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    start, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - cpu


def speed(bench: Bench, rows: int, times: int) -> dict[str, float]:
    """Measure requests/s and CPU at no latency, ours and the plain SDK's alternately; medians."""
    bench.books.begin()
    ours, theirs = [], []
    asyncio.run(_plain(bench.books.url, questions(64, "warm", None), 32))
    bench.chat().ask(questions(64, "warm", None))
    for number in range(times):
        requests = questions(rows, f"speed {number}", None)
        theirs.append(_timed(lambda requests=requests: asyncio.run(_plain(bench.books.url, requests, 32))))  # type: ignore[misc]
        ours.append(_timed(lambda requests=requests: bench.chat().ask(requests)))  # type: ignore[misc]
    fast, plain = (rows / median(seconds for seconds, _ in taken) for taken in (ours, theirs))
    return {
        "per_second": fast,
        "sdk_per_second": plain,
        "ratio": fast / plain,
        "cpu_ms": 1000 * median(cpu for _, cpu in ours) / rows,
        "sdk_cpu_ms": 1000 * median(cpu for _, cpu in theirs) / rows,
    }


def efficiency(bench: Bench, waves: int, at_once: int, latency: float) -> dict[str, float]:
    """Return the share of the ideal time when every answer takes `latency` seconds."""
    bench.books.begin(latency_ms=1000 * latency)
    rows, ideal = waves * at_once, waves * latency
    requests = questions(rows, "waves", None)
    seconds, _ = _timed(lambda: bench.chat(at_once=at_once).ask(requests))
    plain, _ = _timed(lambda: asyncio.run(_plain(bench.books.url, requests, at_once)))
    return {"ideal": ideal, "seconds": seconds, "share": ideal / seconds, "sdk_share": ideal / plain}


def show(title: str, found: dict[str, float]) -> None:
    """Print one block of the table."""
    click.echo(title)
    for name, value in found.items():
        click.echo(f"  {name.replace('_', ' '):24} {value:.3f}".rstrip("0").rstrip("."))


@click.command(help=__doc__)
@click.option("--rows", default=1000, show_default=True, type=click.IntRange(10), help="Rows under faults.")
@click.option(
    "--runs", default=100, show_default=True, type=click.IntRange(1), help="Runs with random usage."
)
@click.option("--server", default=SERVER, type=click.Path(path_type=Path), help="The fault server's file.")
def main(rows: int, runs: int, server: Path) -> None:
    """Print the table, then the JSON line."""
    if not server.is_file():
        reason = f"no {server.name} in {server.parent}; point --server at it"
        click.echo(f"skipped: {reason}")
        click.echo(json.dumps({"skipped": reason, **dict.fromkeys(KEYS)}))
        return
    with tempfile.TemporaryDirectory() as name, running(server, Path(name)) as books:
        bench = Bench(books, Path(name))
        quick = speed(bench, 2000, 5)
        show("speed at no latency, 32 at once, ledger on, beside the plain SDK (medians of 5)", quick)
        steady = efficiency(bench, 4, 128, 2.0)
        show("2 s latency, 128 at once, 512 rows", steady)
        limited = limit(bench, 300, 32, 20)
        show("limit of 20 requests/s, 300 rows, 32 at once", limited)
        broken = faults(bench, rows)
        show(f"{rows} rows, 20 % of attempts spoiled in {len(FAULTS)} ways", broken)
        paid = money(bench, runs, 240, lambda line: click.echo(line, err=True))
        show(f"{runs} runs with random usage, 240 rows each", paid)
    line = {
        "lost": broken["lost"] + limited["lost"],
        "requested_again": broken["requested_again"],
        "requests_per_row_at_limit": round(limited["requests_per_row"], 3),
        "runs": runs,
        "cap_passed": paid["cap_passed"],
        "estimates_within_15_percent": round(paid["within"], 1),
        "speed_ratio": round(quick["ratio"], 2),
        "cpu_ms_per_request": round(quick["cpu_ms"], 3),
        "efficiency": round(steady["share"], 3),
        "over_floor": round(limited["over_floor"], 3),
        "highest_share_of_cap": round(paid["highest_share_of_cap"], 3),
    }
    click.echo(json.dumps(line))


if __name__ == "__main__":
    main()
