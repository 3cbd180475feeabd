"""A task with a judge, rows, and chat models that judge by a rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from veritrain_lib.core.task import Task
from veritrain_lib.judging.judge import Judge
from veritrain_lib.judging.settings import JudgeChoice
from veritrain_lib.llm.records import ChatRequest, Choice, Endpoint, Estimate, Reply

LABELS = ["bug", "login", "refund"]
TEXTS = {"bug": "the app crashes", "login": "my password is gone", "refund": "i want my money back"}


def make_task(labels: Sequence[str] | None = LABELS) -> Task:
    return Task.model_validate(
        {
            "version": 1,
            "name": "tiny",
            "description": "Sort messages.",
            "inputs": {"text": {}},
            "target": {"field": "label", "labels": labels and list(labels), "descriptions": {}},
            "contract": {},
            "metrics": [{"name": "accuracy"}],
            "data": {"seed": "s.csv", "development": "d.csv", "test": "t.csv"},
        }
    )


def make_rows(count: int, source: str = "human") -> pd.DataFrame:
    labels = [LABELS[number % 3] for number in range(count)]
    return pd.DataFrame(
        {
            "id": [f"{source}{number:04}" for number in range(count)],
            "text": [f"{TEXTS[label]} {number}" for number, label in enumerate(labels)],
            "label": labels,
            "source": source,
            "provenance": "{}",
        }
    )


def truth(text: str) -> str:
    """What the text is really about."""
    return next(label for label, words in TEXTS.items() if text.startswith(words))


def asked_of(request: ChatRequest) -> tuple[str, dict[str, Any]]:
    """The kind of question (verdict, points, better) and the material."""
    assert request.schema is not None
    return request.schema["required"][1], json.loads(request.messages[-1].content)


def honest(kind: str, material: dict[str, Any]) -> Any:
    """A judge who knows the truth."""
    right = truth(material["input"]["text"])
    if kind == "verdict":
        return "right" if material["answer"] == right else "wrong"
    if kind == "points":
        return 5 if material["answer"] == right else 1
    return "first" if material["first"] == right else "second" if material["second"] == right else "tie"


class RuleChat:
    """A chat whose verdicts come from a rule of the question's kind and material; "!x" ends as outcome x."""

    def __init__(self, rule: Callable[[str, dict[str, Any]], Any] = honest) -> None:
        self.rule = rule
        self.requests: list[ChatRequest] = []

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint("openai", "judge-model")

    def estimate(self, requests: Sequence[ChatRequest]) -> Estimate:
        return Estimate(len(requests), 0, 0, (0, 0), (0.0, 0.0), (0.0, 0.0))

    def ask(self, requests: Sequence[ChatRequest], *, on_progress: Any = None) -> list[Reply]:
        self.requests += requests
        return [self._reply(request) for request in requests]

    def _reply(self, request: ChatRequest) -> Reply:
        kind, material = asked_of(request)
        said = self.rule(kind, material)
        name = request.digest(self.endpoint)
        if isinstance(said, str) and said.startswith("!"):
            return Reply(name, said[1:], reason="scripted", cost=0.001)  # type: ignore[arg-type]
        text = (
            said[1:]
            if isinstance(said, str) and said.startswith("=")
            else json.dumps({"reason": "r", kind: said})
        )
        return Reply(name, "done", choices=(Choice(text),), cost=0.001)


def make_judge(
    rule: Callable[[str, dict[str, Any]], Any] = honest, task: Task | None = None, **settings: Any
) -> tuple[Judge, RuleChat]:
    chat = RuleChat(rule)
    choice = JudgeChoice(**{"model": "openai:/judge-model", "rubric": "Only the label counts.", **settings})
    return Judge(task or make_task(), chat, choice), chat
