"""Paid chat models of OpenAI and Azure OpenAI that answer rows, opened as `openai:/MODEL` or `azure:/DEPLOYMENT`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.core import digest
from veritrain_lib.core.records import Response
from veritrain_lib.llm.providers import PROVIDERS
from veritrain_lib.llm.records import ChatProgress, ChatRequest, Estimate, Reply, ReplyOutcome
from veritrain_lib.models.blank_rows import NO_INPUT, answerable
from veritrain_lib.models.chat_prompt import AnswerPrompt
from veritrain_lib.models.chat_reading import merge, parse_answer
from veritrain_lib.models.chat_settings import ChatSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.llm.base import Chat


@dataclass(frozen=True, slots=True)
class ChatResponse(Response):
    """Response of a chat model to a row, with the outcome of the request and its cost.

    Attributes:
        outcome: outcome of the request, such as `done` or `refused`.
        cost: US dollars that were paid when the answer was first requested.
        stored: whether the answer came from the ledger and cost nothing this time.
    """

    outcome: ReplyOutcome = "done"
    cost: float = 0.0
    stored: bool = False


class ChatModel:
    """Paid chat model that answers rows; it sends requests through the package `llm`, with ledger and cost cap.

    Attributes:
        chat: client that sends the requests.
        settings: address of the model and its generation settings.
        uri: URI of the model: the registry's for a registered model, otherwise that of `settings`.
        prompt: prompt that is filled in with each row.
        before: called with the rows before any request is sent; it may raise an error to refuse them. None:
            not called.
        on_reply: called with every request and its reply that came from the provider. None: not called.
        on_progress: called with the progress of a batch. None: not called.
    """

    def __init__(self, chat: Chat, task: Task, settings: ChatSettings, uri: str = "") -> None:
        self.chat = chat
        self.on_reply: Callable[[ChatRequest, Reply], None] | None = None
        self.on_progress: Callable[[ChatProgress], None] | None = None
        self.before: Callable[[pd.DataFrame], None] | None = None
        self.settings = settings
        self.uri = uri or settings.uri
        self._task = task
        self.prompt = AnswerPrompt(task)

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        """Return the chat model's response to each row, in order; answers that are stored in the ledger cost nothing.

        Raises:
            UserError: no key or URL is set, the price is unknown, or an input column is missing.
            Refused: the next request could exceed the cost cap; the answers so far are stored in the ledger.
        """
        return list(self.answer_again(rows, sample=0))

    def answer_again(self, rows: pd.DataFrame, sample: int) -> list[ChatResponse]:
        """Return one independent sample of the chat model's responses, one response per row, in order.

        Args:
            rows: the rows to answer. A row without any text is not sent and costs nothing.
            sample: number of the sample, from 0. Each number has its own stored answers, so a new number asks
                the model again.

        Raises:
            UserError: as in `answer`.
            Refused: as in `answer`.
        """
        if self.before is not None:
            self.before(rows)
        answerable_mask = self._answerable(rows)
        replies = iter(
            self.chat.ask(self.requests(rows[answerable_mask], sample), on_progress=self.on_progress)
        )
        blank_row_response = ChatResponse((), raw="", error=NO_INPUT, outcome="invalid")
        return [
            self._response(next(replies)) if sendable else blank_row_response for sendable in answerable_mask
        ]

    def _answerable(self, rows: pd.DataFrame) -> list[bool]:
        fields = [name for name in self._task.inputs if name != self._task.target.direction]
        return answerable(rows, fields) if set(fields) <= set(rows.columns) else [True] * len(rows)

    def estimate(self, rows: pd.DataFrame, sample: int = 0) -> Estimate:
        """Estimate the cost of letting the chat model answer rows, without sending a request.

        Args:
            rows: the rows.
            sample: number of the sample, as in `answer_again`.

        Raises:
            UserError: the price is unknown, or an input column is missing.
        """
        return self.chat.estimate(self.requests(rows[self._answerable(rows)], sample))

    def requests(self, rows: pd.DataFrame, sample: int = 0) -> list[ChatRequest]:
        """Return one chat request for each row of the task, in order.

        Args:
            rows: the rows.
            sample: number of the sample, as in `answer_again`.

        Raises:
            UserError: an input column is missing.
        """
        from veritrain_lib.core.errors import UserError

        missing = [name for name in self._task.inputs if name not in rows.columns]
        if missing:
            present = ", ".join(map(str, rows.columns)) or "none"
            raise UserError(f"the rows lack the input column(s) {', '.join(missing)}; they have: {present}")
        return [
            ChatRequest(
                messages=self.prompt.messages({str(name): value for name, value in row.items()}),
                sample=sample,
                n=self.settings.candidates,
                temperature=self.settings.temperature,
                max_tokens=self.settings.max_tokens,
                schema=self._task.contract,
                purpose="model",
            )
            for row in rows[list(self._task.inputs)].fillna("").to_dict("records")
        ]

    def _response(self, reply: Reply) -> ChatResponse:
        # Texts that violate the output contract are parsed too: correctness and contract compliance are measured
        # separately, and the metric of compliance reads `raw`.
        choices = sorted(reply.choices, key=lambda choice: choice.outcome != "done")
        parsable = [choice for choice in choices if choice.outcome in ("done", "invalid")]
        parsed = merge([parse_answer(choice.text, self._task) for choice in parsable])
        error = None if parsed.candidates else _error_text(reply)
        return ChatResponse(
            candidates=parsed.candidates,
            raw=choices[0].text if choices else "",
            explanation=parsed.explanation,
            input_tokens=reply.usage.input_tokens,
            output_tokens=reply.usage.output_tokens,
            seconds=reply.seconds,
            error=error,
            outcome=reply.outcome,
            cost=reply.cost,
            stored=reply.stored,
        )


def _error_text(reply: Reply) -> str:
    if reply.outcome == "done":
        return "invalid: the text contains no answer"
    return f"{reply.outcome}: {reply.reason}" if reply.reason else reply.outcome


def open_chat_model(uri: str, task: Task) -> ChatModel:
    """Open a paid chat model by its URI `openai:/MODEL` or `azure:/DEPLOYMENT`; no request is sent yet.

    The cost cap is the task's `budget.money`, which covers everything that is paid for the task.

    Raises:
        UserError: the URI or a setting is invalid, or no key or URL is set.
    """
    from veritrain_lib.llm.chat import open_chat

    def report_reply(request: ChatRequest, reply: Reply) -> None:
        if model.on_reply is not None:
            model.on_reply(request, reply)

    settings = ChatSettings.read(uri)
    chat = open_chat(settings.address, money=task.budget.money, account=task.name, on_reply=report_reply)
    model = ChatModel(chat, task, settings)
    return model


def identity(uri: str, task: Task) -> str:
    """Return a digest that identifies a chat model as it answers a task.

    It covers address, URL of the service, generation settings and prompt.
    """
    from veritrain_lib.llm.keys import setting

    settings = ChatSettings.read(uri)
    service = setting(PROVIDERS[settings.address.partition(":")[0]].url_setting)
    return digest.of_json([settings.uri, service, AnswerPrompt(task).digest])


def is_chat_address(uri: str) -> bool:
    """Return whether a URI names a paid chat model, such as `openai:/MODEL`."""
    return uri.partition(":")[0] in PROVIDERS
