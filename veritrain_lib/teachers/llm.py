"""Asks a chat model to write new examples for the planned slices."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import Infrastructure, OutOfMoney, UserError
from veritrain_lib.prompts.lookup import find_prompt
from veritrain_lib.teachers import selection_strategies
from veritrain_lib.teachers.base import Preview, Request, Written
from veritrain_lib.teachers.synthesis.answers import Candidate, Endings, candidates
from veritrain_lib.teachers.synthesis.confusion import neighbours
from veritrain_lib.teachers.synthesis.requests import Ask, Manner, asks
from veritrain_lib.teachers.synthesis.selection import allowed, as_rows, least_certain, without_copies
from veritrain_lib.teachers.synthesis.slices import ALL_ROWS, slice_column

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.llm.chat import LedgerChat
    from veritrain_lib.llm.records import Endpoint, Estimate, Reply
    from veritrain_lib.prompts.prompt import Prompt

PROMPT = "write"
"""The name of its prompt: `prompts.write` of the task file."""

WHOLE = {"few_shot": (0, 50), "batch": (1, 50), "at_once": (1, 1024)}
"""The range of each parameter that is a whole number."""

MOST_FAILED = 0.2
"""Share of requests without an answer, above which a round on what is left would be another round than planned."""


class Llm:
    """Writes rows with a chat model, shown human rows, and keeps those that the student is least certain of.

    `model` is an address: `openai:/MODEL` or `azure:/DEPLOYMENT`. `temperature` 0 to 2, None for the
    provider's own. `over` (1 to 10): how many rows are asked for, for each one kept. `few_shot` (0 to 50):
    human rows of the slice shown in a request. `confused_with`: whether a slice is told apart from the one
    that the student confuses it with most, or a mapping of slice to slice that says which. `batch` (1 to 50):
    rows asked for in one request. `at_once` (1 to 1024): requests in flight. `max_tokens`: the most tokens of
    one answer, from 1; None is a limit made from `batch` and the longest human row.

    Raises UserError for an unknown parameter or a value out of range.
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
        if not isinstance(model, str) or not model.startswith(("openai:/", "azure:/")):
            raise UserError(
                f"teacher llm: model is {model!r}; set teacher.parameters.model to openai:/MODEL or "
                "azure:/DEPLOYMENT"
            )
        for name, value in (("few_shot", few_shot), ("batch", batch), ("at_once", at_once)):
            low, high = WHOLE[name]
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
        self.manner = Manner(batch, few_shot, _number("over", over, 1, 10), temperature, max_tokens)

    def endpoint(self) -> Endpoint:
        """Where its model is reached. Raises UserError when no key or endpoint is set."""
        from veritrain_lib.llm.endpoint import open_endpoint

        return open_endpoint(self.model)

    def prompt(self, task: Task, given: str = "") -> Prompt:
        """Its prompt: given here (a text, or a file beside the task file), the task's own, or the built-in one."""
        return find_prompt(task, PROMPT, given)

    def preview(self, request: Request) -> Preview:
        """The prompt, the first request and what all of them would cost. Asks nothing and pays nothing.

        Raises UserError for a prompt that can't be filled in, or a model whose price is unknown.
        """
        asked = self._asks(request)
        if not asked:
            raise UserError("the plan asks for no rows; set budget.rows_per_round to 1 or more")
        chat = self._open(request)
        return Preview(
            self.model,
            self.prompt(request.task, request.prompt),
            asked[0].request.messages,
            chat.estimate([ask.request for ask in asked]),
            chat.spent.total,
        )

    def write(self, request: Request) -> Written:
        """Up to `request.rows` rows of source `synthetic`, each with what made it as provenance.

        Provenance: model, prompt and its digest, ids of the human rows shown, the slice it was told apart
        from with the rows shown of it, the request's digest in the ledger, its share of the cost (US dollars),
        by what it was kept and the number that ranked it.

        Raises OutOfMoney when it would cost more than `request.money`; what was answered by then is in the
        ledger, and costs nothing again. UserError for a model without key, endpoint or price. Infrastructure
        when more than a fifth of the requests got no answer in spite of every retry.
        """
        prompt = self.prompt(request.task, request.prompt)
        asked = self._asks(request)
        quotas = self._quotas(request)
        replies = self._ask(request, asked)
        _refuse_many_failed(self.model, replies)
        endings = Endings()
        came = candidates(request.task, asked, replies, endings)
        fresh = allowed(request, without_copies(request, came, endings), endings)
        kept, kept_by = least_certain(request, fresh, quotas, endings)
        rows = as_rows(request.task, [one for one, _ in kept])
        rows["provenance"] = [
            json.dumps(self._provenance(one, prompt, kept_by, rank), ensure_ascii=False) for one, rank in kept
        ]
        return Written(
            rows,
            rows.iloc[:0],
            endings=endings.table(),
            cost=sum(reply.cost for reply in replies),
            paid=sum(reply.cost for reply in replies if not reply.stored),
        )

    def _quotas(self, request: Request) -> dict[str, int]:
        """Rows a slice: the plan's; without one, the same number of every label."""
        names = request.task.labels if slice_column(request.task) and request.task.labels else [ALL_ROWS]
        return selection_strategies.in_proportion(request.shares or dict.fromkeys(names, 1.0), request.rows)

    def _asks(self, request: Request) -> list[Ask]:
        quotas = self._quotas(request)
        near = self._neighbours(request, [*quotas, *request.task.labels])
        return asks(request, self.prompt(request.task, request.prompt), self.manner, quotas, near)

    def _neighbours(self, request: Request, slices: list[str]) -> dict[str, str]:
        if not isinstance(self.confused_with, dict):
            return neighbours(request) if self.confused_with else {}
        wrong = [name for pair in self.confused_with.items() for name in pair if name not in slices]
        if wrong:
            raise UserError(
                f"teacher llm: confused_with names {', '.join(map(repr, wrong))}; slices: "
                f"{', '.join(dict.fromkeys(slices))}"
            )
        return self.confused_with

    def _ask(self, request: Request, asked: list[Ask]) -> list[Reply]:
        chat = self._open(request)
        requests = [ask.request for ask in asked]
        estimate = chat.estimate(requests)
        spent = chat.spent.total
        likely, most = estimate.money
        if most > 0 and (request.money <= 0 or spent + likely > request.money):
            raise OutOfMoney(_too_dear(request, self.model, estimate, spent))
        return chat.ask(requests, on_progress=request.on_progress)

    def _open(self, request: Request) -> LedgerChat:
        from veritrain_lib.llm.chat import open_chat

        return open_chat(
            self.model,
            money=request.money,
            account=request.account or None,
            at_once=self.at_once,
            on_reply=request.on_reply,
        )

    def _provenance(self, one: Candidate, prompt: Prompt, kept_by: str, rank: float) -> dict[str, Any]:
        # Not `chosen_by`: the gate spares rows that were chosen out of a pool for being uncertain, whose
        # answers are people's. These are a model's, and no rule spares them.
        return {
            "teacher": self.name,
            "model": self.model,
            "prompt": prompt.name,
            "prompt_digest": prompt.digest,
            "slice": one.ask.slice,
            "seed_rows": list(one.ask.seed_rows),
            "told_apart_from": one.ask.neighbour,
            "neighbour_rows": list(one.ask.neighbour_rows),
            "request": one.reply,
            "cost": round(one.cost, 10),
            "kept_by": kept_by,
            "rank": round(rank, 6),
        }


def _refuse_many_failed(model: str, replies: list[Reply]) -> None:
    failed = [reply for reply in replies if reply.outcome == "failed"]
    if len(failed) > MOST_FAILED * len(replies):
        raise Infrastructure(
            f"{len(failed)} of {len(replies)} requests to {model} got no answer; the last: {failed[-1].reason}. "
            f"At most {MOST_FAILED:.0%} may fail. The answers that came are kept and not paid again: once the "
            "service answers, the same command goes on where it stopped"
        )


def _number(name: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise UserError(f"teacher llm: {name} must be a number from {low} to {high}, not {value!r}")
    return float(value)


def _too_dear(request: Request, model: str, estimate: Estimate, spent: float) -> str:
    likely, most = estimate.money
    already = f", and {spent:.4f} of it is spent already" if spent else ""
    return (
        f"teacher llm would ask {model} {estimate.requests - estimate.stored} times: about {likely:.4f} US "
        f"dollars, at most {most:.4f}; {request.money:.4f} may be spent{already}. Nothing was asked. Set "
        f"budget.money in {request.task.path.name or 'the task file'}, or `money` of this stage, to "
        f"{spent + most:.4f} or more"
    )
