"""A chat model of the tests: keeps the protocol `Chat`, answers from a function, and counts what it was asked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from veritrain_lib.llm.ledger import Spending
from veritrain_lib.llm.records import ChatProgress, ChatRequest, Choice, Endpoint, Estimate, Reply
from veritrain_lib.teachers.base import TeacherRequest
from veritrain_lib.teachers.llm import Llm

ADDRESS = "openai:/small"
ENDPOINT = Endpoint("openai", "small")
PRICE = 0.01
"""US dollars a request."""

Answer = Callable[[ChatRequest, int], "Reply | list[dict[str, str]] | str"]


@dataclass
class FakeChat:
    """`answer` gets a request and its place and gives the examples, the whole text, or a whole reply."""

    answer: Answer
    stored: dict[str, Reply] = field(default_factory=dict)
    asked: list[ChatRequest] = field(default_factory=list)
    opened: list[tuple[float, str]] = field(default_factory=list)
    endpoint: Endpoint = ENDPOINT
    spent: Spending = field(default_factory=Spending)

    def estimate(self, requests: Sequence[ChatRequest]) -> Estimate:
        new = [one for one in requests if one.digest(ENDPOINT) not in self.stored]
        money = PRICE * len(new)
        return Estimate(len(requests), len(requests) - len(new), 10, (20, 40), (money, 3 * money), (1.0, 2.0))

    def ask(
        self,
        requests: Sequence[ChatRequest],
        *,
        on_progress: Callable[[ChatProgress], None] | None = None,
    ) -> list[Reply]:
        replies = []
        for at, request in enumerate(requests):
            name = request.digest(ENDPOINT)
            known = self.stored.get(name)
            if known is None:
                self.asked.append(request)
                made = self.answer(request, at)
                if not isinstance(made, Reply):
                    text = made if isinstance(made, str) else json.dumps({"examples": made})
                    made = Reply(name, "done", choices=(Choice(text),), cost=PRICE)
                made = replace(made, digest=name)
                self.stored[name] = replace(made, stored=True)
                replies.append(made)
            else:
                replies.append(known)
            if on_progress:
                on_progress(ChatProgress(at + 1, len(requests), 1.0, PRICE * (at + 1), None))
        return replies


class OfflineLlm(Llm):
    """The teacher with the chat of the tests in place of the paid one."""

    chat: FakeChat

    def _open(self, request: TeacherRequest) -> FakeChat:  # type: ignore[override]
        self.chat.opened.append((request.money, request.account))
        return self.chat


def teacher(answer: Answer, **parameters: object) -> OfflineLlm:
    """A teacher with a chat of its own."""
    made = OfflineLlm(**{"model": ADDRESS, **parameters})  # type: ignore[arg-type]
    made.chat = FakeChat(answer)
    return made


def slice_of(request: ChatRequest) -> str:
    """Which label the built-in prompt asks for."""
    found = re.search(r'of the label "(\w+)"', request.messages[-1].content)
    assert found is not None
    return found[1]
