"""Each request leaves one line with an id, a route and a status, and nothing that could be a secret."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from veritrain_lib.server.observability import logs
from veritrain_lib.server.observability.metrics import exposition
from veritrain_lib.server.observability.requests import RequestObserver, RouteRecorder


class Lines(logging.Handler):
    """What was logged, as the JSON that standard error would get."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logs.formatter())
        self.addFilter(logs.QueryStringFilter())
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("httpx"):
            return  # the client of these tests
        self.texts.append(self.format(record))

    def requests(self) -> list[dict[str, Any]]:
        """Lines of the server's own logger."""
        found = [json.loads(text) for text in self.texts]
        return [line for line in found if line["logger"] == logs.LOGGER]


@pytest.fixture
def lines() -> Iterator[Lines]:
    kept, root = Lines(), logging.getLogger()
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.INFO)
    yield kept
    root.removeHandler(kept)
    root.setLevel(level)
    logging.captureWarnings(False)


def _item(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.path_params["item"])


def _broken(request: Request) -> PlainTextResponse:
    raise RuntimeError("the secret of the database")


async def _half(request: Request) -> StreamingResponse:
    async def parts() -> Any:
        yield b"half"
        raise RuntimeError("gone")

    return StreamingResponse(parts())


async def _socket(socket: WebSocket) -> None:
    await socket.accept()
    await socket.receive_text()
    await socket.close()


def _app() -> RequestObserver:
    inner = Starlette(
        routes=[
            Route("/things/{item}", _item),
            Route("/broken", _broken),
            Route("/half", _half),
            WebSocketRoute("/live", _socket),
        ]
    )
    return RequestObserver(
        Starlette(routes=[Mount("/api", inner), Mount("/", _flask)]), ["/whole", "/files/<path:path>"]
    )


async def _flask(scope: Any, receive: Any, send: Any) -> None:
    """Stands for MLflow's: an application whose routes nobody else can see."""
    await PlainTextResponse("theirs")(scope, receive, send)


@pytest.fixture
def client(lines: Lines) -> TestClient:
    return TestClient(_app(), raise_server_exceptions=False)


def test_a_line_names_the_route_and_not_the_path(client: TestClient, lines: Lines) -> None:
    answer = client.get("/api/things/very-own?token=hidden", headers={"X-Request-ID": "call-7"})
    assert answer.headers["x-request-id"] == "call-7"
    [line] = lines.requests()
    assert (line["method"], line["route"], line["status"]) == ("GET", "/api/things/{item}", 200)
    assert line["request_id"] == "call-7"
    assert line["level"] == "info"
    assert line["ms"] >= 0
    assert "hidden" not in "".join(lines.texts)
    assert "very-own" not in "".join(lines.texts)


@pytest.mark.parametrize("given", ["two words", "x" * 65, "a\tb", "日本", '"},{"'])
def test_an_unfit_request_id_is_replaced(client: TestClient, given: str) -> None:
    answer = client.get("/api/things/a", headers={b"X-Request-ID": given.encode()})
    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 32


def test_paths_of_mlflow_are_told_by_its_rules_and_others_as_other(client: TestClient, lines: Lines) -> None:
    for path in ("/whole", "/files/a/b.png", "/anything/else", "/api/nothing/of/it"):
        client.get(path)
    routes = [line["route"] for line in lines.requests()]
    assert routes == ["/whole", "/files/<path:path>", "other", "/api"]


def test_an_unexpected_error_is_logged_whole_and_told_not_at_all(client: TestClient, lines: Lines) -> None:
    answer = client.get("/api/broken")
    assert answer.status_code == 500
    [line] = lines.requests()
    assert line["status"] == 500
    assert line["level"] == "error"
    assert "the secret of the database" in line["exception"]
    assert "_broken" in line["exception"]
    assert "secret" not in answer.text


def test_an_error_in_front_of_the_application_is_a_problem_with_the_id_to_ask_about(lines: Lines) -> None:
    async def gate(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("the secret of the gate")

    answer = TestClient(RequestObserver(gate), raise_server_exceptions=False).get("/x")
    said = answer.json()
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] in said["detail"]
    assert "secret" not in answer.text
    assert "the secret of the gate" in lines.requests()[0]["exception"]


def test_half_an_answer_is_cut_off_and_not_ended_as_if_it_were_whole(lines: Lines) -> None:
    with pytest.raises(RuntimeError, match="gone"):
        TestClient(_app()).get("/api/half")
    assert "gone" in lines.requests()[0]["exception"]


def test_an_open_socket_is_counted_until_it_closes(client: TestClient, lines: Lines) -> None:
    def open_now() -> float:
        [line] = [one for one in exposition_lines() if one.startswith("veritrain_websocket_clients ")]
        return float(line.split()[1])

    before = open_now()
    with client.websocket_connect("/api/live?token=hidden") as socket:
        assert open_now() == before + 1
        socket.send_text("x")
    assert open_now() == before
    [line] = lines.requests()
    assert (line["method"], line["route"], line["status"]) == ("WEBSOCKET", "/api/live", 101)


def exposition_lines() -> list[str]:
    """The metrics of this process without those that are read from a record."""
    from prometheus_client import generate_latest

    from veritrain_lib.server.observability import metrics

    metrics.metrics()
    return generate_latest(metrics._process_registry()).decode().splitlines()


def test_lines_of_other_libraries_have_the_same_form_and_lose_their_queries(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An earlier test of this process may have had MLflow set up its own logging, which a server has not.
    for name in ("mlflow", "uvicorn", "uvicorn.error"):
        for attribute, value in (
            ("propagate", True),
            ("disabled", False),
            ("level", logging.NOTSET),
            ("handlers", []),
        ):
            monkeypatch.setattr(logging.getLogger(name), attribute, value)
        logging.getLogger(name).manager._clear_cache()  # type: ignore[attr-defined]
    logging.getLogger("uvicorn.error").info('127.0.0.1:1 - "WebSocket %s" [accepted]', "/live?token=hidden")
    logging.getLogger("mlflow").warning("something of MLflow's")
    first, second = (json.loads(text) for text in lines.texts)
    assert first["logger"] == "uvicorn.error"
    assert "hidden" not in lines.texts[0]
    assert "/live?..." in first["event"]
    assert (second["event"], second["level"]) == ("something of MLflow's", "warning")


def test_route_and_caller_are_told_through_a_gatekeeper_that_copies(lines: Lines) -> None:
    class Caller:
        user_id = "u-17"

    async def gatekeeper(scope: Any, receive: Any, send: Any) -> None:
        state = {**scope.get("state", {}), "principal": Caller()}
        await routed({**scope, "state": state}, receive, send)

    routed = RouteRecorder(Starlette(routes=[Route("/things/{item}", _item)]))
    TestClient(RequestObserver(gatekeeper)).get("/things/a")
    [line] = lines.requests()
    assert (line["route"], line["user"]) == ("/things/{item}", "u-17")


def test_a_client_that_went_away_is_told_apart(lines: Lines) -> None:
    async def gone(scope: Any, receive: Any, send: Any) -> None:
        return None

    async def call() -> None:
        scope = {"type": "http", "method": "GET", "path": "/x", "headers": []}
        await RequestObserver(gone)(scope, None, None)  # type: ignore[arg-type]

    asyncio.run(call())
    assert lines.requests()[0]["status"] == 499


def test_the_metrics_of_a_server_count_by_route(server: TestClient) -> None:
    server.get("/api/v1/docs")
    server.get("/home")
    text = server.get("/metrics").text
    assert 'veritrain_http_requests_total{method="GET",route="/home",status="200"}' in text
    assert 'veritrain_experiments{status="running"} 0.0' in text
    content, kind = exposition()
    assert kind.startswith("text/plain")
    assert b"veritrain_http_request_seconds_bucket" in content
