"""A small chat service on loopback for tests: OpenAI and Azure paths, scripted answers, faults, books.

Standard library only; every connection is a thread. Use it as a context:

    from tests.llm.server import Answer, Fault, Server

    def script(body):                       # the request's JSON -> what is answered
        return "yes"                        # a text for every candidate asked for (`n`)
        return ["yes", "no"]                # a text a candidate
        return {"label": "yes"}             # JSON text of an object, for every candidate
        return Answer(texts=["yes"], finish="length", refusal="No.", logprobs=[-0.1], output_tokens=7)
        return Fault("429", headers={"Retry-After": "0.1"})
        return Raw(b"<html>...", kind="text/html")      # any bytes at all

    with Server(script) as server:
        server.openai_url                   # for OPENAI_BASE_URL (ends in /v1)
        server.azure_url                    # for AZURE_OPENAI_ENDPOINT
        server.requests                     # every Seen(path, query, headers, body) in order of arrival
        server.books[digest_of(body)]       # Book(requests, paid, delivered) of one canonical body
        server.total("paid")                # sum over the books
        server.again()                      # canonical bodies whose answer was delivered more than once

`point(monkeypatch, server)` sets the environment so that `openai:/MODEL` and `azure:/DEPLOYMENT` reach it.

Faults. `Server(script, faults=fn)`: `fn(body, attempt)` gives a Fault or None before the script is asked;
`attempt` counts requests with this very body from 1. `faults=[Fault("500"), None, ...]` is used up in
order of arrival instead. Kinds: "429" "500" "503" (an HTML page) "400" "401" "404"
"reset" (before any byte; not paid) "reset_late" (after the work; paid) "truncated" (200, Content-Length
too large; paid) "garbage" (200, not JSON; paid) "empty" (200 and {}; paid) "filter" (400 content_filter,
as Azure answers to a prompt) "hang" (nothing for `seconds`, then reset). `headers`, `code` and `message`
can be given.
Inside an answer: Answer(finish="content_filter"), Answer(finish="length"), Answer(refusal="...").

Paid means that the service did the work, whether or not the client got the answer.

Files and fine-tuning: POST/GET /files, GET/DELETE /files/{id}, GET /files/{id}/content; POST/GET
/fine_tuning/jobs, GET .../{id}, .../{id}/events, .../{id}/checkpoints, POST .../{id}/cancel, under the same
prefixes. A job goes one step along `server.job_states` at each look at it (the last state stays);
`server.files[id]` holds (name, purpose, bytes) and `server.jobs[id]` the job's JSON. A training file with fewer
than 10 rows or a line that is no chat makes the job `failed`. Faults apply by path too: `path_faults=fn(method,
path)`.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

KEY = "key-of-the-test-server"
API_VERSION = "2024-10-21"
PREFIX = re.compile(r"^/(?:openai/deployments/(?P<deployment>[^/]+)|openai/v1|openai|v1)(?P<rest>/.*)$")
STATUS = {"429": 429, "500": 500, "400": 400, "401": 401, "404": 404, "filter": 400}


@dataclass(frozen=True)
class Fault:
    """A request that gets no proper answer; the kinds are listed at the top of this file."""

    kind: str
    headers: Mapping[str, str] = field(default_factory=dict)
    code: str | None = None
    message: str = "scripted fault"
    seconds: float = 60.0


@dataclass(frozen=True)
class Answer:
    """An answer in full. `texts` is repeated until every candidate has one; `logprobs` is one a token."""

    texts: list[str] = field(default_factory=lambda: ["yes"])
    finish: str = "stop"
    refusal: str | None = None
    logprobs: list[float] | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class Raw:
    """An answer byte by byte, as a service with quirks of its own sends it; `chunked`: in pieces, without a length."""

    body: bytes
    status: int = 200
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    chunked: bool = False


@dataclass(frozen=True)
class Seen:
    """A request as it came in."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: Any


@dataclass
class Book:
    """What happened to one canonical body."""

    requests: int = 0
    paid: int = 0
    delivered: int = 0


Script = Callable[[dict[str, Any]], "str | list[str] | dict[str, Any] | Answer | Fault | Raw"]
Faults = Callable[[dict[str, Any], int], "Fault | None"]


def digest_of(body: Any) -> str:
    """SHA-256 of a body's canonical JSON: the name of its book."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def count_tokens(text: str) -> int:
    """A token for every started four characters."""
    return (len(text) + 3) // 4


def prompt_tokens(body: Mapping[str, Any]) -> int:
    """Tokens of the messages, four more for each and three for the answer's start."""
    return 3 + sum(4 + count_tokens(str(message.get("content") or "")) for message in body["messages"])


def point(monkeypatch: pytest.MonkeyPatch, server: Server, key: str = KEY) -> None:
    """Set the environment so that both providers reach this server."""
    for name in ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_API_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", key)
    monkeypatch.setenv("OPENAI_BASE_URL", server.openai_url)
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.azure_url)
    monkeypatch.setenv("AZURE_OPENAI_KEY", key)
    monkeypatch.setenv("OPENAI_API_VERSION", API_VERSION)


class Server:
    """The service; use it as a context. `key`: the one it demands (None: any). See the top of this file."""

    def __init__(
        self,
        script: Script = lambda body: "yes",
        *,
        faults: Faults | Iterable[Fault | None] = (),
        path_faults: Callable[[str, str], Fault | None] = lambda method, path: None,
        seconds: float = 0.0,
        key: str | None = None,
    ) -> None:
        self.script = script
        self.faults: Faults | Iterator[Fault | None] = faults if callable(faults) else iter(faults)
        self.path_faults = path_faults
        self.seconds = seconds
        self.key = key
        self.requests: list[Seen] = []
        self.books: dict[str, Book] = defaultdict(Book)
        self.most_at_once = 0
        self.at_once = 0
        self.files: dict[str, tuple[str, str, bytes]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.job_states: tuple[str, ...] = ("validating_files", "queued", "running", "succeeded")
        self.lock = threading.RLock()
        self.closing = threading.Event()
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def openai_url(self) -> str:
        """What OPENAI_BASE_URL has to be."""
        return f"{self.url}/v1"

    @property
    def azure_url(self) -> str:
        """What AZURE_OPENAI_ENDPOINT has to be."""
        return self.url

    def total(self, what: str) -> int:
        """Sum over all books of `requests`, `paid` or `delivered`."""
        with self.lock:
            return sum(getattr(book, what) for book in self.books.values())

    def again(self) -> list[str]:
        """Bodies whose answer was delivered more than once."""
        with self.lock:
            return [name for name, book in self.books.items() if book.delivered > 1]

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512
    owner: Server

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed or gave up is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Http

    def log_message(self, format: str, *args: Any) -> None:
        """Be quiet."""

    def do_GET(self) -> None:
        self._serve(b"")

    def do_DELETE(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _serve(self, raw: bytes) -> None:
        owner, parts = self.server.owner, urlsplit(self.path)
        query, found = parse_qs(parts.query), PREFIX.match(parts.path)
        is_json = "json" in (self.headers.get("Content-Type") or "")
        body = json.loads(raw) if raw and is_json else None
        with owner.lock:
            owner.requests.append(Seen(self.command, parts.path, query, dict(self.headers), body))
        given = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if owner.key is not None and owner.key not in (given, self.headers.get("api-key")):
            # As the real service, it shows a part of the key that it was given.
            shown = given or self.headers.get("api-key") or ""
            return self._error(401, f"Incorrect API key provided: {shown}.", "invalid_api_key")
        dated = parts.path.startswith("/openai/") and not parts.path.startswith("/openai/v1/")
        if found is None or (dated and "api-version" not in query):
            return self._error(404, "Resource not found", "404")
        if fault := owner.path_faults(self.command, parts.path):
            return self._break(fault, None)
        if found["rest"] == "/chat/completions" and self.command == "POST":
            return self._chat(body or {}, found["deployment"])
        return self._other(found["rest"], raw, body)

    def _chat(self, body: dict[str, Any], deployment: str | None) -> None:
        owner = self.server.owner
        if deployment:
            body.setdefault("model", deployment)
        with owner.lock:
            book = owner.books[digest_of(body)]
            book.requests += 1
            owner.at_once += 1
            owner.most_at_once = max(owner.most_at_once, owner.at_once)
            fault = owner.faults(body, book.requests) if callable(owner.faults) else next(owner.faults, None)
        try:
            if not body.get("model") or not isinstance(body.get("messages"), list):
                return self._error(400, "'model' and 'messages' are required.", None)
            found = fault or owner.script(body)
            seconds = owner.seconds + (found.seconds if isinstance(found, Answer) else 0.0)
            if seconds and not isinstance(found, Fault):
                owner.closing.wait(seconds)
            if isinstance(found, Fault):
                return self._break(found, book)
            if isinstance(found, Raw):
                return self._raw(found)
            answer = found if isinstance(found, Answer) else Answer(texts=_texts(found))
            with owner.lock:
                book.paid += 1
            self._json(200, completion(body, answer), answer.headers)
            with owner.lock:
                book.delivered += 1
        finally:
            with owner.lock:
                owner.at_once -= 1

    def _break(self, fault: Fault, book: Book | None) -> None:
        if book is not None and fault.kind in ("reset_late", "truncated", "garbage", "empty"):
            with self.server.owner.lock:
                book.paid += 1
        if fault.kind == "filter":
            self._error(400, "The prompt triggered the content policy.", "content_filter", fault.headers)
        elif fault.kind in STATUS:
            code = fault.code or ("rate_limit_exceeded" if fault.kind == "429" else None)
            self._error(STATUS[fault.kind], fault.message, code, fault.headers)
        elif fault.kind == "503":
            self._send(503, b"<html>503 Service Unavailable</html>", "text/html", fault.headers)
        elif fault.kind == "garbage":
            self._send(200, b'{"id": "chatcmpl-', "application/json", fault.headers)
        elif fault.kind == "empty":
            self._json(200, {}, fault.headers)
        elif fault.kind == "truncated":
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "4000")
            self.end_headers()
            self.wfile.write(b'{"choices": [')
            self.wfile.flush()
            time.sleep(0.005)
            self._reset()
        elif fault.kind in ("reset", "reset_late", "hang"):
            if fault.kind == "hang":
                self.server.owner.closing.wait(fault.seconds)
            self._reset()
        else:
            raise ValueError(f"unknown fault {fault.kind!r}")

    def _raw(self, raw: Raw) -> None:
        if not raw.chunked:
            return self._send(raw.status, raw.body, raw.kind, raw.headers)
        self.send_response(raw.status)
        for name, value in {"Content-Type": raw.kind, "Transfer-Encoding": "chunked", **raw.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        for at in range(0, len(raw.body), 7):
            piece = raw.body[at : at + 7]
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()
        return None

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def _other(self, rest: str, raw: bytes, body: Any) -> None:
        owner, parts = self.server.owner, rest.strip("/").split("/")
        with owner.lock:
            if parts == ["files"] and self.command == "POST":
                name, purpose, content = _upload(self.headers.get("Content-Type") or "", raw)
                number = f"file-{len(owner.files) + 1}"
                owner.files[number] = (name, purpose, content)
                return self._json(200, _file(number, owner))
            if parts == ["files"]:
                return self._json(200, _listed([_file(number, owner) for number in owner.files]))
            if parts[0] == "files" and parts[1] in owner.files:
                if parts[2:] == ["content"]:
                    return self._send(200, owner.files[parts[1]][2], "application/octet-stream", {})
                if self.command == "DELETE":
                    del owner.files[parts[1]]
                    return self._json(200, {"id": parts[1], "object": "file", "deleted": True})
                return self._json(200, _file(parts[1], owner))
            if parts == ["fine_tuning", "jobs"] and self.command == "POST":
                return self._new_job(body)
            if parts == ["fine_tuning", "jobs"]:
                return self._json(200, _listed(list(owner.jobs.values())[::-1]))
            if parts[:2] == ["fine_tuning", "jobs"] and parts[2] in owner.jobs:
                return self._job(parts[2], parts[3:])
        return self._error(404, f"No such object: {rest}", None)

    def _new_job(self, body: dict[str, Any]) -> None:
        owner = self.server.owner
        if body.get("training_file") not in owner.files:
            return self._error(400, "Invalid training_file.", None)
        number = f"ftjob-{len(owner.jobs) + 1}"
        owner.jobs[number] = {
            "id": number, "object": "fine_tuning.job", "created_at": int(time.time()), "model": body["model"],
            "training_file": body["training_file"], "validation_file": body.get("validation_file"),
            "status": owner.job_states[0], "fine_tuned_model": None, "organization_id": "org-test", "result_files": [],
            "trained_tokens": None, "finished_at": None, "error": None, "seed": body.get("seed") or 0,
            "hyperparameters": body.get("hyperparameters") or {"n_epochs": "auto"}, "metadata": body.get("metadata"),
            "method": body.get("method"), "suffix": body.get("suffix"),
        }  # fmt: skip
        return self._json(200, owner.jobs[number])

    def _job(self, number: str, rest: list[str]) -> None:
        owner, job = self.server.owner, self.server.owner.jobs[number]
        over = job["status"] in ("succeeded", "failed", "cancelled")
        if rest == ["cancel"]:
            job["status"] = job["status"] if over else "cancelled"
        elif rest == ["events"]:
            event = {"id": f"ftevent-{number}", "object": "fine_tuning.job.event", "level": "info"}
            event |= {"created_at": int(time.time()), "message": f"Job is {job['status']}"}  # type: ignore[dict-item]
            return self._json(200, _listed([event]))
        elif rest:
            return self._json(200, _listed([]))
        elif not over:
            states = owner.job_states
            at = states.index(job["status"]) if job["status"] in states else -1
            job["status"] = states[min(at + 1, len(states) - 1)]
            _, _, content = owner.files.get(job["training_file"], ("", "", b""))
            if problem := _wrong_training_file(content):
                error = {"code": "invalid_training_file", "message": problem, "param": "training_file"}
                job.update(status="failed", finished_at=int(time.time()), error=error)
            elif job["status"] == "succeeded":
                name = f"ft:{job['model']}:test:{job['suffix'] or 'custom'}:{number[-4:]}"
                tokens = len(content) // 4
                job.update(fine_tuned_model=name, finished_at=int(time.time()), trained_tokens=tokens)
        return self._json(200, job)

    def _error(self, status: int, message: str, code: str | None, headers: Mapping[str, str] = {}) -> None:
        error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
        self._json(status, {"error": error}, headers)

    def _json(self, status: int, value: Any, headers: Mapping[str, str] = {}) -> None:
        self._send(status, json.dumps(value).encode(), "application/json", headers)

    def _send(self, status: int, body: bytes, kind: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def completion(body: Mapping[str, Any], answer: Answer) -> dict[str, Any]:
    """The chat completion's JSON for a request and what was scripted."""
    n = int(body.get("n") or 1)
    texts = (answer.texts * n)[:n]
    choices = []
    for index, text in enumerate(texts):
        logprobs = None
        if body.get("logprobs") and answer.refusal is None:
            values = answer.logprobs or [-0.1] * count_tokens(text)
            pieces = [text[at * 4 : at * 4 + 4] for at in range(len(values))]
            content = [
                {"token": piece, "logprob": value, "bytes": list(piece.encode()), "top_logprobs": []}
                for piece, value in zip(pieces, values, strict=True)
            ]
            logprobs = {"content": content, "refusal": None}
        message = {
            "role": "assistant",
            "content": None if answer.refusal is not None else text,
            "refusal": answer.refusal,
        }
        choices.append(
            {"index": index, "message": message, "finish_reason": answer.finish, "logprobs": logprobs}
        )
    given = prompt_tokens(body) if answer.input_tokens is None else answer.input_tokens
    made = sum(map(count_tokens, texts)) if answer.output_tokens is None else answer.output_tokens
    return {
        "id": f"chatcmpl-{digest_of(body)[:24]}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body["model"],
        "choices": choices,
        "usage": {
            "prompt_tokens": given,
            "completion_tokens": made,
            "total_tokens": given + made,
            "prompt_tokens_details": {"cached_tokens": answer.cached_tokens},
        },
    }


def _texts(found: str | list[str] | dict[str, Any]) -> list[str]:
    if isinstance(found, dict):
        return [json.dumps(found)]
    return [found] if isinstance(found, str) else found


def _upload(content_type: str, raw: bytes) -> tuple[str, str, bytes]:
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + raw
    )
    name, purpose, content = "", "", b""
    for part in message.iter_parts():
        payload = part.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
        if part.get_param("name", header="content-disposition") == "purpose":
            purpose = data.decode()
        else:
            name, content = part.get_filename() or "", data
    return name, purpose, content


def _file(number: str, owner: Server) -> dict[str, Any]:
    name, purpose, content = owner.files[number]
    made = {"id": number, "object": "file", "bytes": len(content), "created_at": int(time.time())}
    return made | {"filename": name, "purpose": purpose, "status": "processed", "status_details": None}


def _listed(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"object": "list", "data": items, "has_more": False}


def _wrong_training_file(content: bytes) -> str | None:
    lines = [line for line in content.decode("utf-8", "replace").split("\n") if line.strip()]
    for number, line in enumerate(lines, 1):
        try:
            roles = [message["role"] for message in json.loads(line)["messages"]]
        except (ValueError, KeyError, TypeError):
            return f"Line {number}: expected an object with 'messages', each with a 'role'."
        if "assistant" not in roles:
            return f"Line {number}: no assistant message."
    return (
        f"Training file has {len(lines)} example(s), but must have at least 10" if len(lines) < 10 else None
    )
