"""Models of a few lines, to be probed: they answer by a function of the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from veritrain_lib.core.errors import Refused
from veritrain_lib.core.records import Candidate, Response
from veritrain_lib.llm.records import Estimate
from veritrain_lib.models.chat import ChatResponse


class Answering:
    """Free: answers `say(text)`; None is a row that it fails on."""

    def __init__(self, say: Callable[[str], str | None], uri: str = "m:1") -> None:
        self.say, self.uri = say, uri
        self.asked: list[list[str]] = []

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        self.asked.append(rows["text"].tolist())
        return [self._response(self.say(text)) for text in rows["text"]]

    def _response(self, label: str | None) -> Response:
        if label is None:
            return Response((), raw="", error="timed out")
        return Response((Candidate(label, 1.0),), raw=f'{{"label": "{label}"}}')


class Paying(Answering):
    """Costs `price` US dollars a row and refuses once `cap` is spent. Says another thing for another sample."""

    def __init__(self, say: Callable[[str], str | None], *, price: float = 0.01, cap: float = 1e9) -> None:
        super().__init__(say, "openai:/m")
        self.price, self.cap = price, cap
        self.samples: list[int] = []
        self.second: Callable[[str], str | None] = say

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        return list(self.answer_again(rows, 0))

    def answer_again(self, rows: pd.DataFrame, sample: int) -> Sequence[Response]:
        self.samples.append(sample)
        if self.price * len(rows) > self.cap:
            raise Refused("the cap of 1.00 US dollars would be passed")
        self.cap -= self.price * len(rows)
        self.asked.append(rows["text"].tolist())
        say = self.second if sample else self.say
        return [self._paid(say(text)) for text in rows["text"]]

    def estimate(self, rows: pd.DataFrame, sample: int = 0) -> Estimate:
        cost = self.price * len(rows)
        return Estimate(len(rows), 0, 0, (0, 0), (cost, 3 * cost), (1.0, 1.0))

    def _paid(self, label: str | None) -> Response:
        if label is None:
            return ChatResponse(
                (), raw="", error="refused: no", outcome="refused", cost=self.price, seconds=2.0
            )
        one = self._response(label)
        return ChatResponse(one.candidates, raw=one.raw, cost=self.price, seconds=2.0)
