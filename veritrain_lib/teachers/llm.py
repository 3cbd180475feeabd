"""The teacher `llm`: a chat model writes new rows for the slices of a plan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import BudgetExceeded, Infrastructure, UserError
from veritrain_lib.llm.providers import FORMS, PROVIDERS
from veritrain_lib.prompts.lookup import find_prompt
from veritrain_lib.teachers import selection_strategies
from veritrain_lib.teachers.base import Preview, TeacherRequest, TeacherResult
from veritrain_lib.teachers.synthesis.answers import GeneratedExample, RowOutcomes, candidates
from veritrain_lib.teachers.synthesis.confusion import neighbours
from veritrain_lib.teachers.synthesis.requests import SynthesisRequest, SynthesisSettings, build_requests
from veritrain_lib.teachers.synthesis.selection import (
    as_rows,
    drop_copies,
    drop_rejected,
    select_least_certain,
)
from veritrain_lib.teachers.synthesis.slices import ALL_ROWS, slice_column

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.llm.chat import LedgerChat
    from veritrain_lib.llm.records import Endpoint, Estimate, Reply
    from veritrain_lib.prompts.prompt import Prompt

PROMPT = "write"
"""Name of the teacher's prompt template; a task's setting `prompts.write` replaces the built-in template."""

INTEGER_RANGES = {"few_shot": (0, 50), "batch": (1, 50), "at_once": (1, 1024)}
"""Lowest and highest allowed value of each integer parameter."""

MAX_FAILED_SHARE = 0.2
"""Largest share of requests that may stay without an answer; with more, the new rows would not match the plan."""


class Llm:
    """Teacher that asks a chat model to write rows and keeps those about which the student model is least certain.

    The student model is a small classifier that trains in seconds. The teacher's parameters in the task file:

    - `model`: the chat model's address, `openai:/MODEL` or `azure:/DEPLOYMENT`
    - `temperature`: sampling temperature, 0 to 2; None for the provider's default
    - `over`: number of rows requested for each row that is kept, 1 to 10
    - `few_shot`: number of human rows of the slice that a request shows as examples, 0 to 50
    - `confused_with`: whether a request also shows the slice that the student model confuses most with the
      requested one, so that the chat model keeps them apart; or a mapping from each slice to that other slice
    - `batch`: number of rows that one request asks for, 1 to 50
    - `at_once`: maximum number of requests in flight at the same time, 1 to 1024
    - `max_tokens`: token limit of an answer, from 1; None for a limit computed from `batch` and the longest
      human row

    Raises:
        UserError: for an unknown parameter or a value out of range.
    """

    name = "llm"

    def __init__(
        self,
        model: str = "",
        temperature: float | None = 1.0,
        over: float = 2.0,
        few_shot: int = 6,
        confused_with: bool | dict[str, str] = True,
        batch: int = 5,
        at_once: int = 32,
        max_tokens: int | None = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            raise UserError(
                f"teacher llm has no parameter {', '.join(sorted(unknown))}; allowed: model, temperature, "
                "over, few_shot, confused_with, batch, at_once, max_tokens"
            )
        if not isinstance(model, str) or not model.startswith(tuple(f"{name}:/" for name in PROVIDERS)):
            raise UserError(f"teacher llm: model is {model!r}; set teacher.parameters.model to {FORMS}")
        for name, value in (("few_shot", few_shot), ("batch", batch), ("at_once", at_once)):
            low, high = INTEGER_RANGES[name]
            if type(value) is not int or not low <= value <= high:
                raise UserError(
                    f"teacher llm: {name} must be a whole number from {low} to {high}, not {value!r}"
                )
        if max_tokens is not None and (type(max_tokens) is not int or max_tokens < 1):
            raise UserError(f"teacher llm: max_tokens must be a whole number from 1, not {max_tokens!r}")
        if temperature is not None:
            temperature = _number("temperature", temperature, 0, 2)
        if not isinstance(confused_with, bool | dict):
            raise UserError(
                f"teacher llm: confused_with must be true, false or slice: slice, not {confused_with!r}"
            )
        self.model = model
        self.confused_with = confused_with
        self.at_once = at_once
        self.settings = SynthesisSettings(
            batch, few_shot, _number("over", over, 1, 10), temperature, max_tokens
        )

    def endpoint(self) -> Endpoint:
        """Return the endpoint (provider, model, URL) of the chat model that writes the rows.

        Raises:
            UserError: when no key or URL is set.
        """
        from veritrain_lib.llm.endpoint import open_endpoint

        return open_endpoint(self.model)

    def prompt(self, task: Task, template: str = "") -> Prompt:
        """Return the prompt that asks the chat model for new rows.

        Args:
            task: The task, which may set a template of its own.
            template: A template that replaces the task's; empty: the task's or else the built-in one.
        """
        return find_prompt(task, PROMPT, template)

    def preview(self, request: TeacherRequest) -> Preview:
        """Return the prompt, the first request and the estimated cost of all requests, without sending any.

        Raises:
            UserError: for a prompt that can't be filled in, a model whose price is unknown, or a plan without
                rows.
        """
        planned_requests = self._plan_requests(request)
        if not planned_requests:
            raise UserError("the plan asks for no rows; set budget.rows_per_round to 1 or more")
        chat = self._open(request)
        return Preview(
            self.model,
            self.prompt(request.task, request.prompt),
            planned_requests[0].request.messages,
            chat.estimate([planned.request for planned in planned_requests]),
            chat.spent.total,
        )

    def write(self, request: TeacherRequest) -> TeacherResult:
        """Return up to `request.rows` rows that the chat model wrote, with source `synthetic` and their provenance.

        The provenance of a row holds the model, the prompt and its digest, the slice, the ids of the human
        rows that the request showed, the slice that it was to be kept apart from with the ids of its rows,
        the request's digest in the ledger, the row's share of the cost in US dollars, the criterion by which
        it was kept, and its value of this criterion.

        Raises:
            BudgetExceeded: when the likely cost, or later the next request, would exceed `request.money`.
                Answers that came before are stored in the ledger and are not paid for again.
            UserError: when the model has no key, URL or price.
            Infrastructure: when more than a fifth of the requests got no answer after all retries.
        """
        prompt = self.prompt(request.task, request.prompt)
        planned_requests = self._plan_requests(request)
        quotas = self._quotas(request)
        replies = self._ask(request, planned_requests)
        _check_failures(self.model, replies)
        endings = RowOutcomes()
        generated = candidates(request.task, planned_requests, replies, endings)
        screened = drop_rejected(request, drop_copies(request, generated, endings), endings)
        kept, kept_by = select_least_certain(request, screened, quotas, endings)
        rows = as_rows(request.task, [example for example, _ in kept])
        rows["provenance"] = [
            json.dumps(self._provenance(example, prompt, kept_by, rank), ensure_ascii=False)
            for example, rank in kept
        ]
        return TeacherResult(
            rows,
            rows.iloc[:0],
            endings=endings.table(),
            cost=sum(reply.cost for reply in replies),
            paid=sum(reply.cost for reply in replies if not reply.stored),
        )

    def _quotas(self, request: TeacherRequest) -> dict[str, int]:
        """Return the number of rows for each slice: by the plan's shares, or equal numbers without a plan."""
        names = request.task.labels if slice_column(request.task) and request.task.labels else [ALL_ROWS]
        return selection_strategies.in_proportion(request.shares or dict.fromkeys(names, 1.0), request.rows)

    def _plan_requests(self, request: TeacherRequest) -> list[SynthesisRequest]:
        quotas = self._quotas(request)
        neighbour_of = self._neighbours(request, [*quotas, *request.task.labels])
        return build_requests(
            request, self.prompt(request.task, request.prompt), self.settings, quotas, neighbour_of
        )

    def _neighbours(self, request: TeacherRequest, slices: list[str]) -> dict[str, str]:
        if not isinstance(self.confused_with, dict):
            return neighbours(request) if self.confused_with else {}
        wrong = [name for pair in self.confused_with.items() for name in pair if name not in slices]
        if wrong:
            raise UserError(
                f"teacher llm: confused_with names {', '.join(map(repr, wrong))}; slices: "
                f"{', '.join(dict.fromkeys(slices))}"
            )
        return self.confused_with

    def _ask(self, request: TeacherRequest, planned_requests: list[SynthesisRequest]) -> list[Reply]:
        chat = self._open(request)
        requests = [planned.request for planned in planned_requests]
        estimate = chat.estimate(requests)
        spent = chat.spent.total
        likely, highest = estimate.money
        if highest > 0 and (request.money <= 0 or spent + likely > request.money):
            raise BudgetExceeded(_budget_message(request, self.model, estimate, spent))
        return chat.ask(requests, on_progress=request.on_progress)

    def _open(self, request: TeacherRequest) -> LedgerChat:
        from veritrain_lib.llm.chat import open_chat

        return open_chat(
            self.model,
            money=request.money,
            account=request.account or None,
            at_once=self.at_once,
            on_reply=request.on_reply,
        )

    def _provenance(
        self, example: GeneratedExample, prompt: Prompt, kept_by: str, rank: float
    ) -> dict[str, Any]:
        # Not `chosen_by`: the gate exempts rows from some rules that were chosen from a pool for being uncertain, whose
        # answers are from people. These answers are from a model, and no rule exempts them.
        return {
            "teacher": self.name,
            "model": self.model,
            "prompt": prompt.name,
            "prompt_digest": prompt.digest,
            "slice": example.request.slice,
            "seed_rows": list(example.request.seed_rows),
            "told_apart_from": example.request.neighbour,
            "neighbour_rows": list(example.request.neighbour_rows),
            "request": example.reply,
            "cost": round(example.cost, 10),
            "kept_by": kept_by,
            "rank": round(rank, 6),
        }


def _check_failures(model: str, replies: list[Reply]) -> None:
    failed = [reply for reply in replies if reply.outcome == "failed"]
    if len(failed) > MAX_FAILED_SHARE * len(replies):
        raise Infrastructure(
            f"{len(failed)} of {len(replies)} requests to {model} got no answer; the last: {failed[-1].reason}. "
            f"At most {MAX_FAILED_SHARE:.0%} may fail. The answers that came are kept and not paid again: once the "
            "service answers, the same command goes on where it stopped"
        )


def _number(name: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise UserError(f"teacher llm: {name} must be a number from {low} to {high}, not {value!r}")
    return float(value)


def _budget_message(request: TeacherRequest, model: str, estimate: Estimate, spent: float) -> str:
    likely, highest = estimate.money
    already = f", and {spent:.4f} of it is spent already" if spent else ""
    return (
        f"teacher llm would ask {model} {estimate.requests - estimate.stored} times: about {likely:.4f} US "
        f"dollars, at most {highest:.4f}; {request.money:.4f} may be spent{already}. Nothing was asked. Set "
        f"budget.money in {request.task.path.name or 'the task file'}, or `money` of this stage, to "
        f"{spent + highest:.4f} or more"
    )
