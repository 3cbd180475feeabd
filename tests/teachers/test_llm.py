"""The teacher that asks a chat model: what it asks, what it keeps, and where every row it asked for went."""

from __future__ import annotations

import inspect
import json
import random
import re
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest

from tests.teachers.chat_of_tests import ADDRESS, PRICE, slice_of, teacher
from tests.teachers.conftest import FILLER, WORDS
from veritrain_lib.core.errors import BudgetExceeded, Infrastructure, UserError
from veritrain_lib.llm.ledger import Spending
from veritrain_lib.llm.records import ChatRequest, Choice, Reply
from veritrain_lib.teachers.base import PaidTeacher, TeacherResult
from veritrain_lib.teachers.llm import Llm
from veritrain_lib.teachers.synthesis.requests import NAMES
from veritrain_lib.trainers.tfidf_svc import TfidfSvc

SHARES = {"refund": 0.5, "login": 0.3, "export": 0.2, "invite": 0.0}


def examples(request: ChatRequest, at: int, number: int = 5) -> list[dict[str, str]]:
    """Texts of the label asked for; the request's own seed makes them different from all others."""
    rng = random.Random(f"{request.seed}/{request.sample}")
    words = WORDS[slice_of(request)].split()
    return [
        {"text": " ".join(rng.choices(words, k=3) + rng.choices(FILLER, k=4) + [f"n{rng.randrange(10**9)}"])}
        for _ in range(number)
    ]


def notes(written: TeacherResult) -> list[dict[str, Any]]:
    return [json.loads(text) for text in written.rows["provenance"]]


def ended(written: TeacherResult, outcome: str, reason: str = "") -> int:
    table = written.endings
    assert table is not None
    fits = (table["outcome"] == outcome) & table["reason"].str.contains(reason, regex=False)
    return int(table.loc[fits, "rows"].sum())


def test_each_slice_gets_its_share_and_is_asked_for_twice_as_much(bench: Any) -> None:
    llm = teacher(examples)
    written = llm.write(bench.request(20, shares=SHARES, money=9.0, account="a"))
    assert written.rows["label"].value_counts().to_dict() == {"refund": 10, "login": 6, "export": 4}
    asked = pd.Series([slice_of(request) for request in llm.chat.asked]).value_counts().to_dict()
    # Twice the share in requests of five, rounded up: 20 / 5, 12 / 5, 8 / 5.
    assert asked == {"refund": 4, "login": 3, "export": 2}
    assert list(written.rows.columns) == ["id", "text", "label", "source", "provenance"]
    assert set(written.rows["source"]) == {"synthetic"}
    assert written.rows["id"].is_unique


def test_of_what_came_it_keeps_the_rows_with_the_smallest_margin_of_each_slice(bench: Any) -> None:
    came: dict[str, list[str]] = {}

    def answer(request: ChatRequest, at: int) -> list[dict[str, str]]:
        rows = examples(request, at)
        came.setdefault(slice_of(request), []).extend(row["text"] for row in rows)
        return rows

    written = teacher(answer, over=3).write(bench.request(12, shares=SHARES, money=9.0))
    student = TfidfSvc().train(bench.task, bench.human, seed=0).model.served
    for label, number in {"refund": 6, "login": 4, "export": 2}.items():
        decided = np.sort(
            student._classifier.decision_function(student._features.transform(pd.Series(came[label]))),
            axis=1,
        )
        gaps = decided[:, -1] - decided[:, -2]
        wanted = {came[label][at] for at in np.argsort(gaps)[:number]}
        assert set(written.rows.loc[written.rows["label"] == label, "text"]) == wanted
    assert {note["kept_by"] for note in notes(written)} == {"smallest margin"}
    ranks = [note["rank"] for note in notes(written)]
    assert ranks == sorted(ranks)


def test_a_prompt_shows_only_human_rows_of_the_slice_and_of_the_one_it_is_confused_with(bench: Any) -> None:
    strangers = bench.human.assign(source="pool", text=[f"pool {at}" for at in range(len(bench.human))])
    accepted_rows = pd.concat(
        [bench.human, strangers.assign(id=[f"p{at}" for at in range(20)])], ignore_index=True
    )
    llm = teacher(examples, confused_with={"refund": "export"}, few_shot=4)
    written = llm.write(bench.request(12, shares=SHARES, money=9.0, accepted_rows=accepted_rows))
    by_id = bench.human.set_index("id")
    for note, label in zip(notes(written), written.rows["label"], strict=True):
        assert set(by_id.loc[note["seed_rows"], "label"]) == {label}
        assert len(note["seed_rows"]) == 4
        assert note["told_apart_from"] == ("export" if label == "refund" else "")
        assert len(note["neighbour_rows"]) == (2 if label == "refund" else 0)
        assert set(by_id.loc[note["neighbour_rows"], "label"]) <= {"export"}
    for request in llm.chat.asked:
        text = request.messages[-1].content
        assert "pool " not in text
        shown = [row for row in by_id["text"] if json.dumps(row) in text]
        assert len(shown) == (6 if slice_of(request) == "refund" else 4)


def test_the_neighbour_is_the_label_that_a_student_takes_the_slice_for(bench: Any) -> None:
    # In two halves the same messages are answered in two ways: nothing can tell these two labels apart.
    twins = pd.concat(
        [bench.human, *[bench.human[bench.human["label"] == "refund"].assign(label="invite")] * 3],
        ignore_index=True,
    )
    llm = teacher(examples)
    written = llm.write(bench.request(8, shares={"refund": 1.0}, money=9.0, accepted_rows=twins))
    assert {note["told_apart_from"] for note in notes(written)} == {"invite"}
    assert 'confuses it with the label "invite"' in llm.chat.asked[0].messages[-1].content
    alone = teacher(examples, confused_with=False)
    alone.write(bench.request(8, shares={"refund": 1.0}, money=9.0, accepted_rows=twins))
    assert "confuses" not in alone.chat.asked[0].messages[-1].content


def test_every_row_says_what_made_it_and_what_it_cost(bench: Any) -> None:
    llm = teacher(examples)
    written = llm.write(bench.request(20, shares=SHARES, money=9.0))
    digests = set(llm.chat.stored)
    for note in notes(written):
        assert (note["teacher"], note["model"], note["prompt"]) == ("llm", ADDRESS, "write")
        assert note["prompt_digest"] == llm.prompt(bench.task).digest
        assert note["request"] in digests
        assert note["cost"] == pytest.approx(PRICE / 5)
        # The gate spares rows `chosen_by` uncertainty, whose answers are people's; these it must judge.
        assert "chosen_by" not in note
    assert written.cost == written.paid == pytest.approx(PRICE * len(llm.chat.asked))


def test_every_row_asked_for_ends_once_and_the_reason_is_told(bench: Any) -> None:
    replies: dict[int, Any] = {
        0: Reply("", "refused", "the model refused"),
        1: Reply("", "filtered", "content filter: violence"),
        2: Reply("", "invalid", "cut off at max_tokens", cost=PRICE),
        3: Reply("", "failed", "no answer after 6 tries"),
        4: '{"rows": []}',
        5: "no json",
        6: [{"text": "  "}, {"body": "x"}, "y", {"text": 7}, {"text": "money back for the wrong charge"}],
        7: [{"text": "only one came, and it is about a refund"}],
    }

    def answer(request: ChatRequest, at: int) -> Any:
        return replies.get(at) or examples(request, at)

    written = teacher(answer).write(bench.request(25, shares={"refund": 1.0}, money=9.0))
    table = written.endings
    assert table is not None
    assert table["rows"].sum() == 50
    assert [ended(written, kind) for kind in ("refused", "filtered", "failed")] == [5, 5, 5]
    assert ended(written, "invalid", "cut off") == 5
    assert ended(written, "invalid", "no list of examples") == 10
    assert ended(written, "invalid", "missing or blank field") == 4
    assert ended(written, "invalid", "fewer examples") == 4
    assert ended(written, "done", "kept") == len(written.rows) == 12
    assert ended(written, "refused", "the model refused") == 5


def test_copies_are_dropped_and_so_is_what_a_rule_turns_down(bench: Any) -> None:
    at_hand = bench.human["text"].iloc[0]
    used_text = "please refund the charge that i paid twice"
    from veritrain_lib.core.digest import of_example

    same = [
        {"text": text}
        for text in (at_hand.upper() + "!", used_text, "my money back now", "My money, back now.", "bad one")
    ]
    request = bench.request(
        5,
        shares={"refund": 1.0},
        money=9.0,
        used=frozenset({of_example({"text": used_text})}),
        screen=lambda rows: ~rows["text"].str.startswith("bad"),
    )
    written = teacher(lambda request, at: same, over=1).write(request)
    assert written.rows["text"].tolist() == ["my money back now"]
    assert ended(written, "done", "a copy") == 3
    assert ended(written, "done", "by a rule") == 1


def test_rules_see_rows_without_their_answer(bench: Any) -> None:
    seen: list[set[str]] = []

    def screen(rows: pd.DataFrame) -> pd.Series:
        seen.append(set(rows["label"]))
        return pd.Series(True, index=rows.index)

    written = teacher(examples).write(bench.request(8, shares=SHARES, money=9.0, screen=screen))
    assert seen == [{""}]
    assert set(written.rows["label"]) == {"refund", "login", "export"}


def test_the_same_seed_asks_the_same_and_a_few_rows_more_ask_only_for_those(bench: Any) -> None:
    first = teacher(examples)
    one = first.write(bench.request(20, shares=SHARES, money=9.0, seed=4))
    again = teacher(examples)
    again.chat.stored = first.chat.stored
    two = again.write(bench.request(20, shares=SHARES, money=0.0, seed=4))
    assert again.chat.asked == []
    pd.testing.assert_frame_equal(one.rows, two.rows)
    assert (two.cost, two.paid) == (pytest.approx(one.cost), 0.0)
    more = teacher(examples)
    more.chat.stored = dict(first.chat.stored)
    more.write(bench.request(30, shares=SHARES, money=9.0, seed=4))
    assert len(more.chat.asked) == 6 + 4 + 3 - 9
    other = teacher(examples)
    other.chat.stored = dict(first.chat.stored)
    other.write(bench.request(20, shares=SHARES, money=9.0, seed=5))
    assert len(other.chat.asked) == 9


@pytest.mark.parametrize("money", [0.0, 0.05])
def test_what_may_not_be_spent_is_not_asked_and_the_key_to_set_is_named(bench: Any, money: float) -> None:
    llm = teacher(examples)
    with pytest.raises(BudgetExceeded) as caught:
        llm.write(bench.request(20, shares=SHARES, money=money))
    said = str(caught.value)
    assert llm.chat.asked == []
    for part in (
        "9 times",
        "about 0.0900 US dollars, at most 0.2700",
        f"{money:.4f} may be spent",
        "budget.money",
    ):
        assert part in said


def test_what_was_spent_before_under_the_same_account_counts(bench: Any) -> None:
    llm = teacher(examples)
    llm.chat.spent = Spending(paid=0.2, lost=0.01)
    with pytest.raises(
        BudgetExceeded, match=r"0.2500 may be spent, and 0.2100 of it is spent already.*to 0.4800"
    ):
        llm.write(bench.request(20, shares=SHARES, money=0.25))
    llm.write(bench.request(20, shares=SHARES, money=0.31))
    assert len(llm.chat.asked) == 9


def test_a_preview_tells_prompt_first_request_and_cost_and_asks_nothing(bench: Any) -> None:
    llm = teacher(examples)
    found = llm.preview(bench.request(20, shares=SHARES))
    assert llm.chat.asked == []
    assert (found.model, found.estimate.requests) == (ADDRESS, 9)
    llm.write(bench.request(20, shares=SHARES, money=9.0))
    assert llm.chat.asked[0].messages == found.messages
    assert found.prompt.text == llm.prompt(bench.task).text
    assert isinstance(llm, PaidTeacher)


def test_a_prompt_given_here_is_what_is_asked(bench: Any) -> None:
    own = "Give {{ number }} of {{ slice.name }}, not {{ neighbour.name }}, like {{ examples[0].text }}."
    llm = teacher(lambda request, at: [{"text": f"refund {at} {n}"} for n in range(5)])
    written = llm.write(bench.request(5, shares={"refund": 1.0}, money=9.0, prompt=own + "\n"))
    (message,) = llm.chat.asked[0].messages
    assert message.content.startswith("Give 5 of refund, not ")
    assert {note["prompt_digest"] for note in notes(written)} == {llm.prompt(bench.task, own + "\n").digest}
    with pytest.raises(UserError, match="'nobody' is undefined"):
        llm.preview(bench.request(5, money=9.0, prompt="{{ nobody }}"))


def test_an_answer_is_asked_for_by_a_schema_that_fits_it(bench: Any) -> None:
    llm = teacher(examples)
    llm.write(bench.request(5, shares={"refund": 1.0}, money=9.0))
    schema = llm.chat.asked[0].schema
    assert schema is not None
    check = jsonschema.Draft202012Validator(dict(schema))
    assert check.is_valid({"examples": [{"text": "a"}, {"text": "b"}]})
    for wrong in ({"examples": [{"text": "a", "label": "refund"}]}, {"examples": [{}]}, {}, []):
        assert not check.is_valid(wrong)


def test_parameters_reach_the_request(bench: Any) -> None:
    llm = teacher(
        lambda request, at: [{"text": f"refund {at} {n}"} for n in range(3)],
        temperature=None, over=1, few_shot=0, batch=3, max_tokens=77,
    )  # fmt: skip
    llm.write(bench.request(6, shares={"refund": 1.0}, money=2.5, account="mine"))
    first = llm.chat.asked[0]
    assert (first.temperature, first.max_tokens, first.purpose, first.n) == (None, 77, "teacher", 1)
    assert [request.sample for request in llm.chat.asked] == [0, 1]
    assert "<examples>" not in first.messages[-1].content
    assert set(llm.chat.opened) == {(2.5, "mine")}


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({}, "model is ''; set teacher.parameters.model to openai:/MODEL or azure:/DEPLOYMENT"),
        ({"model": "gpt"}, "model is 'gpt'"),
        ({"model": ADDRESS, "overr": 2}, "no parameter overr; allowed: model, temperature, over"),
        ({"model": ADDRESS, "over": 0.5}, "over must be a number from 1 to 10, not 0.5"),
        ({"model": ADDRESS, "temperature": 3}, "temperature must be a number from 0 to 2"),
        ({"model": ADDRESS, "few_shot": True}, "few_shot must be a whole number from 0 to 50"),
        ({"model": ADDRESS, "batch": 0}, "batch must be a whole number from 1 to 50"),
        ({"model": ADDRESS, "at_once": 5000}, "at_once must be a whole number from 1 to 1024"),
        ({"model": ADDRESS, "max_tokens": "9"}, "max_tokens must be a whole number from 1"),
        ({"model": ADDRESS, "confused_with": "x"}, "confused_with must be true, false or slice: slice"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said.replace("(", r"\(")):
        Llm(**parameters)


@pytest.mark.parametrize(("failed", "ends_well"), [(1, True), (2, False)])
def test_more_than_a_fifth_of_failed_requests_is_no_round_and_what_came_is_kept(
    bench: Any, failed: int, ends_well: bool
) -> None:
    def answer(request: ChatRequest, at: int) -> Reply | list[dict[str, str]]:
        return Reply("", "failed", "HTTP 500 down") if at < failed else examples(request, at)

    llm = teacher(answer)
    request = bench.request(20, shares=SHARES, money=9.0)
    if ends_well:
        written = llm.write(request)
        assert ended(written, "failed", "HTTP 500 down") == 5 * failed
        assert written.endings is not None
        assert written.endings["rows"].sum() == 9 * 5
        return
    with pytest.raises(Infrastructure, match=r"2 of 9 requests .* HTTP 500 down.* the same command goes on"):
        llm.write(request)
    # The room keeps no failed reply.
    llm.chat.stored = {name: reply for name, reply in llm.chat.stored.items() if reply.outcome != "failed"}
    llm.chat.asked.clear()
    llm.chat.answer = examples
    assert len(llm.write(request).rows) == 20
    assert len(llm.chat.asked) == failed


def test_a_choice_without_text_is_no_crash(bench: Any) -> None:
    blank = Reply("", "done", choices=(Choice("", "refused", "no"), Choice('{"examples": []}')), cost=PRICE)
    written = teacher(lambda request, at: blank).write(bench.request(5, shares={"refund": 1.0}, money=1.0))
    assert len(written.rows) == 0
    assert ended(written, "invalid", "fewer examples") == 10
    assert written.cost == pytest.approx(2 * PRICE)


def test_a_slice_that_is_none_is_refused_by_name(bench: Any) -> None:
    with pytest.raises(UserError, match=r"confused_with names 'exprot'; slices: .*export"):
        teacher(examples, confused_with={"refund": "exprot"}).write(bench.request(4, money=1.0))


def test_a_prompt_may_use_the_names_that_the_page_lists_and_every_parameter_is_on_it(bench: Any) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "teacher.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (`.*?) \|", page, re.MULTILINE))))
    parameters = set(inspect.signature(Llm.__init__).parameters) - {"self", "unknown"}
    assert listed == parameters | set(NAMES)
    every = " ".join(f"{{{{ {name} }}}}" for name in NAMES)
    found = teacher(examples).preview(bench.request(5, shares={"refund": 1.0}, prompt=every))
    assert "refund" in found.messages[0].content
