"""What OpenAI-compatible services were seen to send, each with what must become of it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.llm.server import Raw
from veritrain_lib.core.errors import Infrastructure, UserError

HTML = b"<!doctype html><html><head><title>Sign in to the proxy</title></head><body>...</body></html>"


@dataclass(frozen=True)
class Quirk:
    """`script` answers the request's JSON. Wanted: a reply with this `outcome` and `text`, or `raises`; `says` is in the
    reply's reason or the error; at most `most` requests are sent for one question."""

    name: str
    script: Callable[[dict[str, Any]], Any]
    outcome: str = "done"
    text: str = "yes"
    raises: type[Exception] | None = None
    says: str = ""
    most: int = 1


def whole(**changes: Any) -> dict[str, Any]:
    """A completion as it should be, with changes; None takes a key away."""
    content: dict[str, Any] = {
        "id": "c-1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6},
    }  # fmt: skip
    return {key: value for key, value in (content | changes).items() if value is not None}


def raw(content: Any, **options: Any) -> Callable[[dict[str, Any]], Raw]:
    """Always this JSON, or these bytes."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return lambda _: Raw(body, **options)


def choice(message: Any, finish: Any = "stop", **more: Any) -> dict[str, Any]:
    """A completion with one candidate."""
    return whole(choices=[{"index": 0, "message": message, "finish_reason": finish, **more}])


def stream(*events: Any, done: bool = True, event: str = "") -> bytes:
    """Server-sent events."""
    lines = [f"{event}data: {json.dumps(one)}\n\n" for one in events] + (["data: [DONE]\n\n"] if done else [])
    return "".join(lines).encode()


def delta(text: str, finish: str | None = None, index: int = 0) -> dict[str, Any]:
    """A chunk of a stream."""
    return {"id": "c", "choices": [{"index": index, "delta": {"content": text}, "finish_reason": finish}]}


def twice(first: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """The quirk once, then a proper answer."""
    seen: list[int] = []

    def answer(body: dict[str, Any]) -> Any:
        seen.append(1)
        return first(body) if len(seen) == 1 else Raw(json.dumps(whole()).encode())

    return answer


SSE = {"kind": "text/event-stream"}
CALL = [{"id": "1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}]

QUIRKS = [
    Quirk("usage missing", raw(whole(usage=None))),
    Quirk("usage null", raw(whole() | {"usage": None})),
    Quirk("usage as text", raw(whole(usage={"prompt_tokens": "5", "completion_tokens": "1"}))),
    Quirk("usage negative", raw(whole(usage={"prompt_tokens": -1, "completion_tokens": 1}))),
    Quirk("usage in other words", raw(whole(usage={"input_tokens": 5, "output_tokens": 1}))),
    Quirk("cached more than given", raw(whole(usage={"prompt_tokens": 1, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 9}}))),
    Quirk("details null", raw(whole(usage={"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": None}))),
    Quirk("id missing", raw(whole(id=None))),
    Quirk("model and object missing", raw(whole(model=None, object=None, created=None))),
    Quirk("content null", raw(choice({"role": "assistant", "content": None})), "invalid", "", says="answer is empty"),
    Quirk("content blank", raw(choice({"role": "assistant", "content": "  \n"})), "invalid", "", says="answer is empty"),
    Quirk("message null", raw(choice(None)), "invalid", "", says="answer is empty"),
    Quirk("content as a list of parts", raw(choice({"content": [{"type": "text", "text": "ye"}, {"type": "text", "text": "s"}]}))),
    Quirk("content as a list of texts", raw(choice({"content": ["ye", "s"]}))),
    Quirk("content a number", raw(choice({"content": 7})), "invalid", "", says="answer is empty"),
    Quirk("tool calls without being asked", raw(choice({"content": None, "tool_calls": CALL}, "tool_calls")), "invalid", "", says="called a tool.*look_up"),
    Quirk("function call of old", raw(choice({"content": None, "function_call": {"name": "f"}}, "function_call")), "invalid", "", says="called a tool"),
    Quirk("only thoughts", raw(choice({"content": "", "reasoning_content": "hm"})), "invalid", "", says="only produced reasoning"),
    Quirk("thoughts beside the answer", raw(choice({"content": "yes", "reasoning_content": "hm"}))),
    Quirk("finish_reason null", raw(choice({"content": "yes"}, None))),
    Quirk("finish_reason unknown", raw(choice({"content": "yes"}, "eos_token"))),
    Quirk("finish_reason length", raw(choice({"content": "ye"}, "length")), "invalid", "", says="limit of tokens"),
    Quirk("refusal", raw(choice({"content": None, "refusal": "I can't."})), "refused", "", says="I can't"),
    Quirk("text as in completions of old", raw(whole(choices=[{"text": "yes", "index": 0}]))),
    Quirk("delta in the place of message", raw(whole(choices=[{"delta": {"content": "yes"}, "index": 0}]))),
    Quirk("logprobs of another shape", raw(choice({"content": "yes"}, "stop", logprobs={"tokens": ["yes"], "token_logprobs": [-1]}))),
    Quirk("byte order mark and blanks", raw(b"\xef\xbb\xbf\n  " + json.dumps(whole()).encode())),
    Quirk("gzip", raw(gzip.compress(json.dumps(whole()).encode()), headers={"Content-Encoding": "gzip"})),
    Quirk("gzip that is none", twice(raw(b"not gzip", headers={"Content-Encoding": "gzip"})), most=2),
    Quirk("chunked", raw(whole(), chunked=True)),
    Quirk("answer as text/plain", raw(whole(), kind="text/plain")),
    Quirk("status 201", raw(whole(), status=201)),
    Quirk("a stream though not asked", raw(stream(delta("ye"), delta("s"), delta("", "stop")), **SSE)),
    Quirk("a stream as application/json", raw(stream(delta("yes", "stop")))),
    Quirk("a stream of named events", raw(stream(delta("yes", "stop"), event="event: message\n"), **SSE)),
    Quirk("a stream with comments", raw(b": OPENROUTER PROCESSING\n\n" + stream(delta("yes", "stop")), **SSE)),
    Quirk("a stream that broke off", twice(raw(stream(delta("ye"), done=False), **SSE)), most=2),
    Quirk("a stream with an error", raw(stream({"error": {"message": "bad prompt", "code": 400}}), **SSE), "failed", "", says="bad prompt"),
    Quirk("200 with an error that repeats", raw({"error": {"message": "context too long", "code": "context_length_exceeded"}}), "failed", "", says="context too long"),
    Quirk("200 with an overload", twice(raw({"error": {"message": "Overloaded", "type": "overloaded_error"}})), most=2),
    Quirk("200 with a limit", twice(raw({"error": {"message": "slow down", "code": 429}}, headers={"Retry-After": "0"})), most=2),
    Quirk("200 with an error as text", raw({"error": "model not loaded: bad name"}), "failed", "", says="bad name", most=3),
    Quirk("200 with a wrong key", raw({"error": {"message": "no such user", "code": 401}}), raises=UserError, says="refused the key.*no such user"),
    Quirk("200 with an empty account", raw({"error": {"message": "Insufficient credits", "code": 402}}), raises=Infrastructure, says="no money left.*Insufficient credits"),
    Quirk("200 with a failed candidate", twice(raw(whole(choices=[{"finish_reason": "error", "message": {"content": ""}, "error": {"message": "upstream"}}]))), most=2),
    Quirk("a web page as 200", raw(HTML, kind="text/html"), raises=UserError, says="Sign in to the proxy.*OPENAI_BASE_URL", most=2),
    Quirk("a page of maintenance once", twice(raw(HTML, kind="text/html")), most=2),
    Quirk("empty choices", twice(raw(whole(choices=[]))), most=2),
    Quirk("choices null", twice(raw(whole() | {"choices": None})), most=2),
    Quirk("choices of texts", twice(raw(whole(choices=["yes"]))), most=2),
    Quirk("nothing at all", twice(raw(b"")), most=2),
    Quirk("status 204", twice(raw(b"", status=204)), most=2),
    Quirk("a list", twice(raw([])), most=2),
    Quirk("nested without end", twice(raw(b"[" * 100_000)), most=2),
    Quirk("bytes that are no text", twice(raw(b"\xff\xfe\x00")), most=2),
    Quirk("401 as text", raw(b"Unauthorized", status=401, kind="text/plain"), raises=UserError, says="refused the key.*Unauthorized"),
    Quirk("401 without a body", raw(b"", status=401), raises=UserError, says="refused the key"),
    Quirk("403 as a page", raw(b"<html><title>Access denied</title></html>", status=403, kind="text/html"), raises=UserError, says="Access denied"),
    Quirk("403 of FastAPI", raw({"detail": "Forbidden by policy"}, status=403), raises=UserError, says="Forbidden by policy"),
    Quirk("402", raw({"error": {"message": "Insufficient Balance"}}, status=402), raises=Infrastructure, says="no money left.*Insufficient Balance"),
    Quirk("404 as text", raw(b"404 page not found", status=404, kind="text/plain"), raises=UserError, says="is not there.*page not found"),
    Quirk("404 of vLLM", raw({"object": "error", "message": "The model `m` does not exist.", "code": 404}, status=404), raises=UserError, says="does not exist"),
    Quirk("404 of Azure", raw({"error": {"code": "DeploymentNotFound", "message": "The API deployment does not exist."}}, status=404), raises=UserError, says="deployment does not exist"),
    Quirk("405", raw({"detail": "Method Not Allowed"}, status=405), raises=UserError, says="Method Not Allowed"),
    Quirk("301", raw(b"", status=301, headers={"Location": "https://elsewhere.example/v1"}), raises=UserError, says="redirects to https://elsewhere.example/v1"),
    Quirk("307 to another path", raw(b"", status=307, headers={"Location": "/v2/chat/completions"}), raises=UserError, says="redirects to"),
    Quirk("422 of FastAPI", raw({"detail": [{"loc": ["body", "n"], "msg": "n is not supported"}]}, status=422), "failed", "", says="n is not supported"),
    Quirk("400 as a list", raw([{"error": {"code": 400, "message": "Invalid JSON payload"}}], status=400), "failed", "", says="Invalid JSON payload"),
    Quirk("413 as a page", raw(b"<html><h1>413 Request Entity Too Large</h1></html>", status=413), "failed", "", says="Too Large"),
    Quirk("429 as a page", twice(raw(b"<html>slow</html>", status=429, headers={"Retry-After": "0"})), most=2),
    Quirk("429 for a day", raw({"error": {"message": "daily limit"}}, status=429, headers={"Retry-After": "86400"}), raises=Infrastructure, says="asks to wait 86400 s, until .*daily limit"),
    Quirk("503 for a day", raw({"message": "maintenance"}, status=503, headers={"Retry-After": "86400"}), raises=Infrastructure, says="asks to wait 86400 s.*maintenance"),
    Quirk("429 with a date long gone", twice(raw({}, status=429, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})), most=2),
    Quirk("429 with a wait that is none", twice(raw({}, status=429, headers={"Retry-After": "soon", "retry-after-ms": "x"})), most=2),
    Quirk("500 with an errors list", twice(raw({"errors": [{"message": "boom"}]}, status=500)), most=2),
    Quirk("502 of a gateway", twice(raw(b"<html><title>502 Bad Gateway</title></html>", status=502)), most=2),
    Quirk("529", twice(raw({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, status=529)), most=2),
]  # fmt: skip
