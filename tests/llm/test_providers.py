"""A provider with an API of its own is one class: address, key, header, path, and both forms of the JSON."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from tests.llm.conftest import Open, Serve
from tests.llm.questions import question
from tests.llm.server import Raw
from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.endpoint import open_endpoint
from veritrain_lib.llm.keys import setting
from veritrain_lib.llm.providers import PROVIDERS
from veritrain_lib.llm.providers.base import ChatProvider
from veritrain_lib.llm.records import Endpoint


class Other(ChatProvider):
    name = "other"
    form = "other:/MODEL"
    key_settings = ("OTHER_KEY",)
    url_setting = "OTHER_URL"

    def endpoint(self, model: str) -> Endpoint:
        return Endpoint(self.name, model, setting(self.url_setting))

    def key_headers(self, key: str) -> dict[str, str]:
        return {"x-api-key": key}

    def to_wire(self, body: bytes) -> bytes:
        request = json.loads(body)
        return json.dumps({**request, "system": request["messages"][0]["content"]}).encode()

    def from_wire(self, body: bytes) -> bytes:
        answer = json.loads(body)
        if "content" not in answer:
            return body
        choice = {"message": {"content": answer["content"]}, "finish_reason": "stop"}
        usage = {"prompt_tokens": answer["in"], "completion_tokens": answer["out"]}
        return json.dumps({"choices": [choice], "usage": usage}).encode()


@pytest.fixture(autouse=True)
def _other_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cast(dict[str, ChatProvider], PROVIDERS), "other", Other())
    monkeypatch.setenv("OTHER_KEY", "other-key")


def test_its_requests_and_answers_keep_their_own_form_on_the_wire(
    serve: Serve, chat: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(body: dict[str, Any]) -> Raw:
        return Raw(json.dumps({"content": "yes", "in": 1000, "out": 100}).encode())

    server = serve(answer)
    monkeypatch.setenv("OTHER_URL", server.openai_url)
    asked = question()
    [reply] = chat("other:/m").ask([asked])
    assert reply.texts == ["yes"]
    assert reply.cost == pytest.approx((1000 * 10 + 100 * 20) / 1e6)
    [seen] = server.requests
    assert {name.lower(): value for name, value in seen.headers.items()}["x-api-key"] == "other-key"
    assert seen.body["system"] == asked.messages[0].content
    [again] = chat("other:/m").ask([asked])
    assert again.stored
    assert len(server.requests) == 1


def test_a_missing_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTHER_KEY")
    with pytest.raises(UserError, match="OTHER_KEY"):
        open_endpoint("other:/m")
