"""Prices, the worst case, the cap and the estimate."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.llm.conftest import Open, Serve
from tests.llm.questions import LABEL, question, questions
from tests.llm.server import Answer, Fault, prompt_tokens
from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.llm import worst_cost
from veritrain_lib.llm.prices import find_price, price_of
from veritrain_lib.llm.records import Endpoint, Usage

M = Endpoint("openai", "m")
PRICE_IN, PRICE_OUT = 10 / 1e6, 20 / 1e6


def test_a_price_is_for_a_million_tokens_and_cached_ones_have_their_own() -> None:
    price = price_of(M)
    assert price.of(Usage(1_000_000, 0)) == pytest.approx(10)
    assert price.of(Usage(1_000_000, 500_000, 200_000)) == pytest.approx(8 + 1 + 10)
    assert price.date == "2026-01-01"


def test_an_unknown_price_refuses_and_says_where_to_write_it(serve: Serve, chat: Open) -> None:
    server = serve()
    for ask in (chat("openai:/unheard-of").estimate, chat("openai:/unheard-of").ask):
        with pytest.raises(UserError, match="VERITRAIN_PRICES"):
            ask([question()])
    assert server.requests == []


def test_the_built_in_list_answers_for_what_the_own_one_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    own = price_of(M)
    built_in = find_price("openai:/gpt-4o-mini", "gpt-4o-mini")
    assert own.name == "m"
    assert built_in.output > built_in.input > built_in.cached > 0
    monkeypatch.delenv("VERITRAIN_PRICES")
    with pytest.raises(UserError):
        price_of(M)


def test_deployments_and_fine_tuned_models_are_found_by_their_names(folder: Path) -> None:
    file = folder / "prices.yaml"
    file.write_text(
        "date: 2026-02-02\nmodels:\n  azure:/my-place: {same_as: gpt-4.1-mini}\n"
        "  ft:base-1: {input: 3, output: 4}\n",
        encoding="utf-8",
    )
    assert price_of(Endpoint("azure", "my-place", "https://x")).name == "gpt-4.1-mini"
    assert price_of(Endpoint("openai", "ft:base-1:org:task:abc")).output == 4
    with pytest.raises(UserError):
        price_of(Endpoint("openai", "my-place"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models: {}", "date"),
        ("date: 2026-01-01\nmodels: {m: {input: -1, output: 2}}", "has to be a number from 0"),
        ("date: 2026-01-01\nmodels: {m: {input: .nan, output: 2}}", "is no finite number"),
        ("date: 2026-01-01\nmodels: {m: {inptu: 1, output: 2}}", "keys of"),
        ("date: 2026-01-01\nmodels: {m: {output: 2}}", "needs input and output"),
        ("date: 2026-01-01\nmodels: {m: {same_as: m}}", "no entry of its own"),
        ("{", "is not valid YAML: line "),
    ],
)
def test_a_broken_price_file_is_refused_with_the_reason(text: str, said: str, folder: Path) -> None:
    (folder / "prices.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=said):
        price_of(M)


def test_no_prompt_has_more_tokens_than_the_worst_case() -> None:
    rng = random.Random(1)
    letters = "abc ,.é日本語🙂\n\t"
    for _ in range(200):
        text = "".join(rng.choice(letters) for _ in range(rng.randint(0, 80)))
        asked = question(text, schema=rng.choice([None, LABEL]))
        body = {"messages": [{"content": text}]}
        assert worst_cost.max_input_tokens(asked) >= prompt_tokens(body)
        # No byte-level tokenizer can do worse than a token a byte.
        assert worst_cost.max_input_tokens(asked) >= len(text.encode()) + 7


def test_the_worst_cost_counts_every_candidate_to_its_end() -> None:
    price = price_of(M)
    one, four = (worst_cost.worst_cost(question(n=n, max_tokens=30), price) for n in (1, 4))
    assert four - one == pytest.approx(3 * 30 * PRICE_OUT)
    assert worst_cost.max_output_tokens(question(max_tokens=None), price) == 50
    with pytest.raises(UserError, match="max_output"):
        worst_cost.worst_cost(question(max_tokens=None), price_of(Endpoint("openai", "endless")))


def test_a_cap_of_nothing_asks_nothing_but_free_models(serve: Serve, chat: Open) -> None:
    server = serve()
    with pytest.raises(Refused, match="cap of"):
        chat(money=0.0).ask([question()])
    assert server.requests == []
    assert chat("openai:/free", money=0.0).ask([question()])[0].cost == 0.0


class Bill:
    """A service with random usage that adds up what it bills."""

    def __init__(self, seed: int) -> None:
        self.random, self.lock, self.total = random.Random(seed), threading.Lock(), 0.0

    def __call__(self, body: dict[str, Any]) -> Answer:
        with self.lock:
            made = self.random.randint(1, 20)
            given = prompt_tokens(body)
            self.total += given * PRICE_IN + made * PRICE_OUT
            return Answer(output_tokens=made, input_tokens=given)


@pytest.mark.parametrize("seed", range(6))
def test_the_cap_is_never_passed_however_many_ask_and_the_rest_can_be_asked_later(
    seed: int, serve: Serve, chat: Open
) -> None:
    bill = Bill(seed)
    rng = random.Random(seed)

    def fault(body: dict[str, Any], attempt: int) -> Fault | None:
        # Each of these is billed although the answer is lost.
        return Fault(rng.choice(["reset_late", "garbage", "truncated"])) if rng.random() < 0.1 else None

    server = serve(bill, faults=fault)
    asked = questions(120)
    cap = rng.uniform(0.005, 0.03)
    stopped: list[Refused] = []

    def ask(part: list[Any]) -> None:
        try:
            chat(money=cap, account="shared", at_once=8).ask(part)
        except Refused as error:
            stopped.append(error)

    threads = [threading.Thread(target=ask, args=[asked[part::2]]) for part in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The script is not asked for a lost answer: it is billed at what it would have needed at most.
    lost = server.total("paid") - server.total("delivered")
    least_lost = lost * prompt_tokens(server.requests[0].body) * PRICE_IN
    assert 0 < bill.total + least_lost <= cap
    assert stopped
    assert "are in the ledger" in str(stopped[0])
    spent = chat(account="shared").spent
    assert spent.paid == pytest.approx(bill.total)
    assert spent.total <= cap + 1e-9
    server.faults = iter(())
    replies = chat(money=1.0, account="shared").ask(asked)
    assert {reply.outcome for reply in replies} == {"done"}
    assert server.again() == []


def test_an_answer_that_does_not_say_what_it_cost_is_taken_at_its_worst(
    serve: Serve, chat: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tests.llm.server as module

    whole = module.completion
    monkeypatch.setattr(module, "completion", lambda body, answer: whole(body, answer) | {"usage": None})
    serve()
    [reply] = chat().ask([question()])
    assert reply.cost == pytest.approx(worst_cost.worst_cost(question(), price_of(M)))


ABOUT = "a question of some length, about row"


def test_an_estimate_sends_nothing_and_knows_what_is_stored(serve: Serve, chat: Open) -> None:
    server = serve()
    rough = chat().estimate(questions(40, ABOUT))
    assert server.requests == []
    assert "rule of thumb" in rough.basis
    chat().ask(questions(20, ABOUT))
    found = chat().estimate(questions(40, ABOUT))
    assert (found.requests, found.stored) == (40, 20)
    assert "measured on 20" in found.basis
    assert found.range is not None
    assert found.range[0] <= found.money[0] <= found.range[1] <= found.money[1]
    asked_before = len(server.requests)
    real = sum(reply.cost for reply in chat().ask(questions(40, ABOUT)) if not reply.stored)
    assert len(server.requests) == asked_before + 20
    assert found.money[0] == pytest.approx(real, rel=0.05)


@pytest.mark.parametrize("seed", range(4))
def test_a_pilot_foresees_the_cost_of_all_and_asks_nothing_twice(seed: int, serve: Serve, chat: Open) -> None:
    rng = random.Random(seed)
    lock = threading.Lock()

    def script(body: dict[str, Any]) -> Answer:
        with lock:
            return Answer(output_tokens=min(500, round(rng.lognormvariate(3.5, 0.8))))

    server = serve(script)
    asked = questions(250, max_tokens=500)
    opened = chat(account="all", money=100.0)
    found = opened.pilot(asked)
    sample = len(server.requests)
    assert 30 <= sample < 250
    opened.ask(asked)
    assert len(server.requests) == 250
    real = opened.spent.paid
    assert found.money == pytest.approx(real, rel=0.15)
