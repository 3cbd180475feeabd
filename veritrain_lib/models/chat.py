"""A chat model of OpenAI or Azure OpenAI as a model like any other: `openai:/MODEL`, `azure:/DEPLOYMENT`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.core import digest
from veritrain_lib.core.records import Response
from veritrain_lib.llm.records import ChatProgress, ChatRequest, Estimate, Outcome, Reply
from veritrain_lib.models.blank_rows import NO_INPUT, answerable
from veritrain_lib.models.chat_prompt import AnswerPrompt
from veritrain_lib.models.chat_reading import merge, read_text
from veritrain_lib.models.chat_settings import PROVIDERS, ChatSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.llm.base import Chat


@dataclass(frozen=True, slots=True)
class ChatResponse(Response):
    """A response that also says how the request ended and what it cost.

    `cost` is in US dollars, what was paid when the answer was first asked for; `stored` says that it came from
    the ledger and cost nothing now.
    """

    outcome: Outcome = "done"
    cost: float = 0.0
    stored: bool = False


class ChatModel:
    """Answers rows through the `llm` room: ledger, pace and budget stand between it and the provider.

    `settings` say which model and how it is asked; `uri` is another address it goes by, for one that is
    registered (default: that of the settings).

    `before` is called with the rows before they are asked about, and may refuse them.
    `on_reply` hears every reply that came from the service, `on_progress` how far a batch is; both may be set
    later, None is nobody.
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
        """One response a row, in order; an answer that the ledger holds is not asked for again.

        Raises:
            UserError: No key or endpoint is set, the price is unknown, or an input column is missing.
            Refused: The next request could pass the cap; the answers so far are in the ledger.
        """
        return list(self.answer_again(rows, sample=0))

    def answer_again(self, rows: pd.DataFrame, sample: int) -> list[ChatResponse]:
        """The same question asked anew: another `sample` (0, 1, ...) is another answer, not the stored one.

        A row without a text is not asked, and costs nothing. Raises as `answer` does.
        """
        if self.before is not None:
            self.before(rows)
        asks = self._answerable(rows)
        replies = iter(self.chat.ask(self.requests(rows[asks], sample), on_progress=self.on_progress))
        empty = ChatResponse((), raw="", error=NO_INPUT, outcome="invalid")
        return [self._response(next(replies)) if one else empty for one in asks]

    def _answerable(self, rows: pd.DataFrame) -> list[bool]:
        fields = [name for name in self._task.inputs if name != self._task.target.direction]
        return answerable(rows, fields) if set(fields) <= set(rows.columns) else [True] * len(rows)

    def estimate(self, rows: pd.DataFrame, sample: int = 0) -> Estimate:
        """What answering would cost; nothing is asked. Raises UserError for an unknown price."""
        return self.chat.estimate(self.requests(rows[self._answerable(rows)], sample))

    def requests(self, rows: pd.DataFrame, sample: int = 0) -> list[ChatRequest]:
        """One request a row. Raises UserError when an input column is missing."""
        from veritrain_lib.core.errors import UserError

        absent = [name for name in self._task.inputs if name not in rows.columns]
        if absent:
            there = ", ".join(map(str, rows.columns)) or "none"
            raise UserError(f"the rows lack the input column(s) {', '.join(absent)}; they have: {there}")
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
        # Texts that broke the contract are read too: whether an answer is right and whether it keeps the
        # contract are two questions, and the metric for the second one judges `raw`.
        readable = sorted(reply.choices, key=lambda choice: choice.outcome != "done")
        kept = [choice for choice in readable if choice.outcome in ("done", "invalid")]
        reading = merge([read_text(choice.text, self._task) for choice in kept])
        failed = None if reading.candidates else _why(reply)
        return ChatResponse(
            candidates=reading.candidates,
            raw=readable[0].text if readable else "",
            explanation=reading.explanation,
            input_tokens=reply.usage.input_tokens,
            output_tokens=reply.usage.output_tokens,
            seconds=reply.seconds,
            error=failed,
            outcome=reply.outcome,
            cost=reply.cost,
            stored=reply.stored,
        )


def _why(reply: Reply) -> str:
    if reply.outcome == "done":
        return "invalid: the text holds no answer"
    return f"{reply.outcome}: {reply.reason}" if reply.reason else reply.outcome


def open_chat_model(uri: str, task: Task) -> ChatModel:
    """Open `openai:/MODEL` or `azure:/DEPLOYMENT` (the opener of both extensions); nothing is asked yet.

    The cap is the task's `budget.money`, over all that is paid for the task. Raises UserError for a bad address
    or setting, or when no key or endpoint is set.
    """
    from veritrain_lib.llm.chat import open_chat

    def heard(request: ChatRequest, reply: Reply) -> None:
        if model.on_reply is not None:
            model.on_reply(request, reply)

    settings = ChatSettings.read(uri)
    chat = open_chat(settings.address, money=task.budget.money, account=task.name, on_reply=heard)
    model = ChatModel(chat, task, settings)
    return model


def identity(uri: str, task: Task) -> str:
    """The digest that names a chat model as it answers this task: address, service, settings and prompt."""
    from veritrain_lib.llm.keys import setting

    settings = ChatSettings.read(uri)
    service = setting(
        "OPENAI_BASE_URL" if settings.address.startswith("openai:") else "AZURE_OPENAI_ENDPOINT"
    )
    return digest.of_json([settings.uri, service, AnswerPrompt(task).digest])


def is_chat_address(uri: str) -> bool:
    """Whether an address is a chat model's."""
    return uri.partition(":")[0] in PROVIDERS
