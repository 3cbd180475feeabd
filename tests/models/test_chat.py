"""A chat model answers like any other model, and nothing that came back is lost on the way."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from tests.models.chat_of_tests import ChatOfTests
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.records import Candidate
from veritrain_lib.core.task import Task
from veritrain_lib.llm.records import Choice, Reply, Usage
from veritrain_lib.metrics.contract_rate import ContractRate
from veritrain_lib.models import chat as chat_room
from veritrain_lib.models.chat import ChatModel, ChatResponse, identity
from veritrain_lib.models.chat_settings import ChatSettings

GOOD = {
    "label": "refund",
    "candidates": [{"label": "refund", "score": 0.8}, {"label": "login", "score": 0.2}],
    "explanation": "it asks for money",
}


def model_of(task: Task, say: object, address: str = "openai:/m") -> tuple[ChatModel, ChatOfTests]:
    chat = ChatOfTests(say if callable(say) else lambda request: say)  # type: ignore[arg-type,return-value]
    return ChatModel(chat, task, ChatSettings.read(address)), chat


def answer_to(task: Task, say: object, address: str = "openai:/m") -> ChatResponse:
    model, _ = model_of(task, say, address)
    (response,) = model.answer(pd.DataFrame({"text": ["my money"]}))
    assert isinstance(response, ChatResponse)
    return response


def test_candidates_explanation_cost_and_raw_text_come_back(task: Task) -> None:
    text = " " + json.dumps(GOOD)
    response = answer_to(task, text)
    assert response.candidates == (Candidate("refund", 0.8), Candidate("login", 0.2))
    assert (response.explanation, response.raw) == ("it asks for money", text)
    assert (response.input_tokens, response.output_tokens, response.seconds) == (100, 20, 0.5)
    assert (response.outcome, response.cost, response.error) == ("done", 0.001, None)
    assert ContractRate(task).value(["refund"], [response]) == 1.0


def test_the_row_is_the_user_turn_and_the_contract_is_asked_for(task: Task, rows: pd.DataFrame) -> None:
    model, chat = model_of(task, json.dumps(GOOD), "openai:/m?temperature=0.5&candidates=2&max_tokens=99")
    model.answer(rows.head(2))
    model.answer_again(rows.head(1), sample=3)
    first, second, again = chat.asked
    assert [one.role for one in first.messages] == ["system", "user"]
    assert json.loads(first.messages[1].content) == {"text": rows["text"][0]}
    assert json.loads(second.messages[1].content) == {"text": rows["text"][1]}
    assert (first.schema, first.temperature, first.n, first.max_tokens) == (task.contract, 0.5, 2, 99)
    assert (first.sample, again.sample) == (0, 3)
    assert first.messages == again.messages
    assert model.uri == "openai:/m?temperature=0.5&candidates=2&max_tokens=99"


def test_a_right_answer_in_a_broken_form_is_right_and_breaks_the_contract(task: Task) -> None:
    text = json.dumps({"label": "refund"})
    broken = Reply("d", "invalid", "no candidates", (Choice(text, "invalid", "no candidates"),), cost=0.002)
    response = answer_to(task, broken)
    assert (response.best, response.raw, response.error, response.outcome) == (
        "refund",
        text,
        None,
        "invalid",
    )
    assert ContractRate(task).value(["refund"], [response]) == 0.0


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply("d", "refused", "I can't.", (Choice("", "refused", "I can't."),)), "refused: I can't."),
        (Reply("d", "filtered", "prompt"), "filtered: prompt"),
        (Reply("d", "failed"), "failed"),
        (Reply("d", "invalid", "cut off", (Choice('{"label": "ref', "invalid"),)), "invalid: cut off"),
        (Reply("d", "done", "", (Choice("{}"),)), "invalid: the text contains no answer"),
    ],
)
def test_no_answer_is_an_error_with_its_reason(task: Task, reply: Reply, error: str) -> None:
    response = answer_to(task, reply)
    assert (response.candidates, response.error, response.outcome) == ((), error, reply.outcome)


def test_a_refused_text_is_not_read_as_an_answer(task: Task) -> None:
    refused = Choice(json.dumps(GOOD), "refused", "no")
    other = Choice(json.dumps({**GOOD, "label": "login", "candidates": []}))
    response = answer_to(task, Reply("d", "done", "", (refused, other), Usage(1, 1)))
    assert [one.text for one in response.candidates] == ["login"]
    assert response.raw == other.text


def test_several_texts_become_candidates_of_one_response(task: Task) -> None:
    texts = [json.dumps({"label": name, "explanation": name}) for name in ("login", "refund", "login")]
    response = answer_to(task, Reply("d", "done", "", tuple(map(Choice, texts))))
    assert [one.text for one in response.candidates] == ["login", "refund"]
    assert (response.explanation, response.raw) == ("login", texts[0])


def test_a_missing_input_column_is_named_before_anything_is_asked(task: Task) -> None:
    model, chat = model_of(task, "")
    with pytest.raises(UserError, match=r"lack the input column\(s\) text; they have: message"):
        model.answer(pd.DataFrame({"message": ["hello"]}))
    assert not chat.asked


def test_who_it_is_changes_with_address_settings_service_and_prompt(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    first = identity("openai:/m", task)
    assert first == identity("openai:/m", task) == identity("openai:/m?max_tokens=2048", task)
    others = {
        identity("openai:/n", task),
        identity("openai:/m?temperature=0", task),
        identity("openai:/m", task.model_copy(update={"description": "Something else."})),
        identity("openai:/m", task.model_copy(update={"prompts": {"answer": "{{ row | json }}"}})),
    }
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:2/v1")
    others.add(identity("openai:/m", task))
    assert len(others | {first}) == 6


def test_it_spends_the_tasks_money_from_the_tasks_account(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    from veritrain_lib.llm import chat as llm

    opened: dict[str, object] = {}

    def open_chat(address: str, **terms: object) -> ChatOfTests:
        opened.update(terms, address=address)
        return ChatOfTests(lambda request: "{}")

    monkeypatch.setattr(llm, "open_chat", open_chat)
    budget = task.budget.model_copy(update={"money": 1.5})
    chat_room.open_chat_model("azure:/d?temperature=0", task.model_copy(update={"budget": budget}))
    assert (opened["address"], opened["money"], opened["account"]) == ("azure:/d", 1.5, "help")


def test_a_row_without_a_text_is_not_asked_and_not_paid(task: Task) -> None:
    model, chat = model_of(task, json.dumps(GOOD))
    responses = model.answer(pd.DataFrame({"text": ["my money", None, "  ", "log in"]}))
    assert [bool(one.error) for one in responses] == [False, True, True, False]
    assert [one.best for one in responses] == ["refund", None, None, "refund"]
    assert len(chat.asked) == 2
    assert model.estimate(pd.DataFrame({"text": ["", "a"]})).requests == 1
