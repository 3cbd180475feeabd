"""What is asked is answered in order, paid once, and found again."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from typing import Any

import pytest

from tests.llm.conftest import Open, Serve
from tests.llm.questions import LABEL, question, questions
from tests.llm.server import Answer, Fault, Server
from veritrain_lib.core.errors import Infrastructure, Refused, UserError
from veritrain_lib.llm.base import Chat
from veritrain_lib.llm.records import ChatProgress

KINDS = ["429", "500", "503", "reset", "reset_late", "truncated", "garbage", "empty"]


def echo(body: dict[str, Any]) -> str:
    return f"echo {body['messages'][-1]['content']}"


def test_replies_come_in_the_order_of_the_requests(serve: Serve, chat: Open) -> None:
    serve(lambda body: Answer(texts=[echo(body)], seconds=random.random() / 50))
    opened: Chat = chat()
    replies = opened.ask(questions(60))
    assert [reply.texts for reply in replies] == [[f"echo row {number}"] for number in range(60)]
    assert not any(reply.stored for reply in replies)


def test_what_is_stored_is_never_requested_again(serve: Serve, chat: Open) -> None:
    server = serve(echo)
    first = chat().ask(questions(20))
    second = chat().ask(questions(30))
    assert len(server.requests) == 30
    assert [reply.stored for reply in second] == [True] * 20 + [False] * 10
    assert [reply.texts for reply in second[:20]] == [reply.texts for reply in first]
    assert second[3].cost == first[3].cost > 0


def test_the_same_question_is_asked_once_and_another_sample_anew(serve: Serve, chat: Open) -> None:
    server = serve(echo)
    one, other = question("a"), question("a", sample=1)
    replies = chat().ask([one, other, one])
    assert len(server.requests) == 2
    assert replies[0].digest == replies[2].digest != replies[1].digest


def test_every_row_survives_mixed_faults_and_none_is_paid_twice_for_a_stored_answer(
    serve: Serve, chat: Open
) -> None:
    def fault(body: dict[str, Any], attempt: int) -> Fault | None:
        draw = random.Random(f"{body['messages']}{attempt}")
        return Fault(draw.choice(KINDS), headers={"Retry-After": "0.02"}) if draw.random() < 0.2 else None

    server = serve(echo, faults=fault)
    opened = chat()
    replies = opened.ask(questions(200))
    assert {reply.outcome for reply in replies} == {"done"}
    assert server.again() == []
    lost = server.total("paid") - server.total("delivered")
    # What was paid for without an answer is counted, and nothing is counted too low.
    assert 0 < lost <= opened.stats.possibly_paid_again
    assert opened.stats.sent == len(server.requests)


def test_a_filtered_prompt_is_kept_and_not_asked_again(serve: Serve, chat: Open) -> None:
    server = serve(lambda body: Fault("filter"))
    replies = chat("azure:/m").ask([question()]) + chat("azure:/m").ask([question()])
    assert [reply.outcome for reply in replies] == ["filtered", "filtered"]
    assert len(server.requests) == 1


def test_a_malformed_request_fails_alone(serve: Serve, chat: Open) -> None:
    serve(lambda body: Fault("400", message="too long") if "row 1" in str(body) else "yes")
    replies = chat().ask(questions(3))
    assert [reply.outcome for reply in replies] == ["done", "failed", "done"]
    assert "too long" in replies[1].reason
    assert [reply.stored for reply in chat().ask(questions(3))] == [True, False, True]


@pytest.mark.parametrize(("kind", "said"), [("401", "check OPENAI_API_KEY"), ("404", "check the model")])
def test_what_no_repetition_mends_ends_the_batch_at_once(
    kind: str, said: str, serve: Serve, chat: Open
) -> None:
    server = serve(lambda body: Fault(kind))
    with pytest.raises(UserError, match=said):
        chat(at_once=4).ask(questions(50))
    assert len(server.requests) <= 4


def test_an_account_without_money_is_said(serve: Serve, chat: Open) -> None:
    serve(lambda body: Fault("429", code="insufficient_quota"))
    with pytest.raises(Infrastructure, match="has no money left"):
        chat().ask([question()])


def test_a_service_that_is_not_there_is_said(chat: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "some-key")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    with pytest.raises(Infrastructure, match="does not answer"):
        chat(attempts=2).ask(questions(3))


def test_a_row_that_never_gets_an_answer_fails_with_the_last_reason(serve: Serve, chat: Open) -> None:
    serve(lambda body: Fault("500", message="out of order") if "row 1" in str(body) else "yes")
    replies = chat(attempts=2).ask(questions(3))
    assert [reply.outcome for reply in replies] == ["done", "failed", "done"]
    assert "2 attempts" in replies[1].reason
    assert "out of order" in replies[1].reason


def test_a_hanging_request_is_given_up_and_tried_again(serve: Serve, chat: Open) -> None:
    serve(echo, faults=[Fault("hang", seconds=60)])
    start = time.monotonic()
    assert chat(timeout=0.3).ask([question("a")])[0].texts == ["echo a"]
    assert time.monotonic() - start < 50


def test_it_can_be_called_where_a_loop_runs_already(serve: Serve, chat: Open) -> None:
    serve(echo)

    async def cell() -> list[str]:
        return chat().ask([question("a")])[0].texts

    assert asyncio.run(cell()) == ["echo a"]


def test_progress_tells_how_far_and_what_it_cost(serve: Serve, chat: Open) -> None:
    serve(lambda body: Answer(seconds=0.01))
    seen: list[tuple[ChatProgress, str]] = []
    chat().ask(questions(10))
    replies = chat(at_once=4).ask(
        questions(60), on_progress=lambda now: seen.append((now, threading.current_thread().name))
    )
    last = seen[-1][0]
    assert (last.done, last.total, last.seconds_left) == (60, 60, 0.0)
    assert last.cost == pytest.approx(sum(reply.cost for reply in replies if not reply.stored))
    assert {thread for _, thread in seen} == {threading.current_thread().name}
    assert [now.done for now, _ in seen] == sorted(now.done for now, _ in seen)
    assert len(seen) > 1


def test_the_hook_sees_every_fresh_reply_and_no_stored_one(serve: Serve, chat: Open) -> None:
    serve(echo)
    chat().ask(questions(5))
    seen: list[str] = []
    chat(on_reply=lambda request, reply: seen.append(request.messages[0].content)).ask(questions(8))
    assert sorted(seen) == ["row 5", "row 6", "row 7"]


def test_two_chats_at_once_ask_each_question_once(serve: Serve, chat: Open) -> None:
    server = serve(lambda body: Answer(texts=[echo(body)], seconds=0.02))
    found: list[list[str]] = []
    threads = [
        threading.Thread(
            target=lambda: found.append([reply.texts[0] for reply in chat(at_once=5).ask(questions(40))])
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[f"echo row {number}" for number in range(40)]] * 2
    assert max(book.requests for book in server.books.values()) == 1


def test_an_error_in_a_callback_stops_the_batch_and_keeps_what_is_paid(serve: Serve, chat: Open) -> None:
    server = serve(lambda body: Answer(seconds=0.02))

    def interrupt(now: ChatProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        chat(at_once=4).ask(questions(400), on_progress=interrupt)
    sent = len(server.requests)
    assert sent < 200
    replies = chat().ask(questions(400))
    assert len(server.requests) == 400
    assert sum(reply.stored for reply in replies) == sent
    assert server.again() == []


def test_without_a_cap_somebody_has_to_confirm(serve: Serve, chat: Open) -> None:
    server = serve()
    with pytest.raises(Refused, match="nobody has allowed it"):
        chat(money=None).ask([question()])
    seen = []
    with pytest.raises(Refused):
        chat(money=None, confirm=lambda found: seen.append(found)).ask([question()])  # type: ignore[func-returns-value]
    assert server.requests == []
    assert seen[0].money[1] > 0
    assert chat(money=None, confirm=lambda found: True).ask([question()])[0].outcome == "done"
    assert chat("openai:/free", money=None).ask([question()])[0].outcome == "done"


@pytest.mark.parametrize("bad", [{"n": 0}, {"max_tokens": 0}, {"schema": {"type": "lable"}}])
def test_a_request_that_makes_no_sense_is_refused_before_anything_is_sent(
    bad: dict[str, Any], serve: Serve, chat: Open
) -> None:
    server = serve()
    with pytest.raises(UserError):
        chat().ask([question(), question("b", **bad)])
    assert server.requests == []


def test_everything_asked_for_is_in_the_request(serve: Serve, chat: Open) -> None:
    server: Server = serve(lambda body: ['{"label": "yes"}', '{"label": "no"}'])
    asked = question(n=2, temperature=0.5, seed=7, schema=LABEL, log_probabilities=True)
    [reply] = chat().ask([asked])
    body = server.requests[0].body
    assert {name: body[name] for name in ("n", "temperature", "seed", "logprobs", "max_completion_tokens")} == {
        "n": 2, "temperature": 0.5, "seed": 7, "logprobs": True, "max_completion_tokens": 20,
    }  # fmt: skip
    assert body["response_format"]["json_schema"]["schema"] == LABEL
    assert len(reply.texts) == 2
    assert all(choice.log_probability is not None for choice in reply.choices)
