"""A chat that answers as it is told; the real one has its tests in tests/llm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from veritrain_lib.core.errors import Refused
from veritrain_lib.llm.records import ChatRequest, Choice, Endpoint, Estimate, Reply, Usage

Say = Callable[[ChatRequest], "str | Reply"]


class ChatOfTests:
    """`say` gives a text, or a whole reply, for each request. Each costs `price`; `cap` is what may be spent."""

    def __init__(self, say: Say, *, price: float = 0.001, cap: float = 100.0) -> None:
        self.say, self.price, self.cap = say, price, cap
        self.asked: list[ChatRequest] = []

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint("openai", "m")

    def estimate(self, requests: Sequence[ChatRequest]) -> Estimate:
        cost = self.price * len(requests)
        return Estimate(len(requests), 0, 0, (0, 0), (cost, 2 * cost), (1.0, 2.0))

    def ask(self, requests: Sequence[ChatRequest], *, on_progress: Any = None) -> list[Reply]:
        replies = []
        for request in requests:
            if self.cap < self.price:
                raise Refused("the cap would be passed")
            self.cap -= self.price
            self.asked.append(request)
            said = self.say(request)
            if isinstance(said, str):
                choices = tuple(Choice(said) for _ in range(request.n))
                said = Reply("d", "done", choices=choices, usage=Usage(100, 20), cost=self.price, seconds=0.5)
            replies.append(said)
        return replies
