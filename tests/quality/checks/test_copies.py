"""Copies: exact, near, of held-out rows. Near copies of templated requests that ask for other things must pass."""

from __future__ import annotations

import json

import pytest
from gate_rows import make_context, make_rows, make_task

from veritrain_lib.core import registry

BASE = "Past due since 4 days, card was over limit, please charge today not tomorrow"
NEAR = [
    "Past due since 4 days, card was over limit, plaese charge today not tomorrow",
    "Past due since 4 days, my card was over limit, please charge today not tomorrow",
    "Hi there! Past due since 4 days, card was over limit, please charge today not tomorrow",
    "past due since 4 days card was over limitt please charge today not tomorrow!!",
    "Hi Marta, past due since 4 days, card was over limit, please charge today not tomorrow",
    "Past due since 4 days, card was over limit, please charge today not tomorrow. Thanks in advance, regards",
]
OTHER = [
    "Past due since 5 days, card was over limit, please charge today not tomorrow",
    "Past due since 4 days, card was over limit, please charge tomorrow not today",
    "Past due since 4 days, account was over limit, please charge today not tomorrow",
    "Past due since 4 days, card was over limit, please do not charge today",
]


def find(check: str, rows, **parts) -> list[str]:
    return registry.get("checks", check)(rows, make_context(make_task("en"), **parts)).tolist()


@pytest.mark.parametrize("text", NEAR)
def test_a_near_copy_is_found_and_points_to_the_first(text: str):
    rows = make_rows([BASE, text])
    assert find("near_duplicate", rows) == ["", f"near_duplicate:of={rows['id'][0]}"]


@pytest.mark.parametrize("text", OTHER)
def test_another_number_word_or_order_is_another_message(text: str):
    assert find("near_duplicate", make_rows([BASE, text])) == ["", ""]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("book a flight from boston to denver", "book a flight from denver to boston"),
        ("what is the weather in boston today", "what is the weather in austin today"),
        ("set an alarm for 7 am tomorrow please", "set an alarm for 8 am tomorrow please"),
        ("how do i log in to the portal", "how do i log out of the portal"),
        ("the export worked before the update", "the export worked after the update"),
    ],
)
def test_templated_requests_that_differ_in_a_slot_pass(one: str, other: str):
    assert find("near_duplicate", make_rows([one, other])) == ["", ""]


@pytest.mark.parametrize(
    "text",
    [
        "and we can not close our books, the invoice for march is missing",
        "books our close not can we and missing is march for invoice the",
    ],
)
def test_the_same_words_in_another_order_are_a_copy(text: str):
    rows = make_rows(["The invoice for march is missing and we can not close our books.", text])
    assert find("near_duplicate", rows) == ["", f"near_duplicate:of={rows['id'][0]}"]


def test_distinct_requests_of_a_template_are_no_copies():
    cities, days = ["paris", "berlin", "new york", "oslo", "rome"], ["monday", "friday", "may 3", "next week"]
    frames = ["book a flight from {a} to {b} on {d}", "i need to get from {a} to {b} {d} please",
              "what is the weather in {a} and in {b} on {d}"]  # fmt: skip
    texts = [
        frame.format(a=a, b=b, d=d)
        for frame in frames
        for a in cities
        for b in cities
        if a != b
        for d in days
    ]
    found = find("near_duplicate", make_rows(texts))
    assert sum(map(bool, found)) <= 0.02 * len(texts)


def test_two_common_words_are_two_words_but_a_rare_one_is_a_slip():
    texts = [
        "the new form for the office is lost",
        "the new farm for the office is lost",
        "the form is here",
        "the farm is here",
    ]
    assert find("near_duplicate", make_rows(texts))[:2] == ["", ""]
    assert find("near_duplicate", make_rows(texts[:2]))[1].startswith("near_duplicate:of=")


def test_japanese_is_compared_by_characters():
    texts = [
        "先月の請求書がまだ届いていません",
        "先月の請求書はまだ届いていません",
        "先月の領収書がまだ届いていません",
    ]
    rows = make_rows(texts)
    found = registry.get("checks", "near_duplicate")(rows, make_context(make_task("ja"))).tolist()
    assert found == ["", f"near_duplicate:of={rows['id'][0]}", ""]


def test_exact_copies_differ_only_in_case_space_punctuation_and_width():
    rows = make_rows(
        ["Where is  my order?", "where is my order", "ＷＨＥＲＥ is my order!", "where is our order"]
    )
    first = f"exact_duplicate:of={rows['id'][0]}"
    assert find("exact_duplicate", rows) == ["", first, first, ""]


def test_rows_of_symbols_alone_are_not_copies_of_each_other():
    assert find("exact_duplicate", make_rows(["???", "!!!", "👍"])) == ["", "", ""]


def test_peoples_rows_keep_their_place_and_trusted_rows_come_first():
    rows = make_rows(["where is my order", "where is my order"])
    rows["source"] = ["pool", "human"]
    assert find("exact_duplicate", rows) == [f"exact_duplicate:of={rows['id'][1]}", ""]
    trusted = make_rows(["Where is my order?"], source="human")
    assert (
        find("exact_duplicate", rows, accepted_rows=trusted) == [f"exact_duplicate:of={trusted['id'][0]}"] * 2
    )


def test_a_copy_of_a_copy_is_compared_with_what_is_kept():
    texts = [
        "we need two more seats on monday",
        "we need two more seatss on monday",
        "we ned two more seatss on monday",
    ]
    assert find("near_duplicate", make_rows(texts))[1].startswith("near_duplicate")


def test_leaks_say_which_set_and_how():
    test, development = (
        make_rows([BASE], ""),
        make_rows(["cancel our contract at the end of may"], "bug", "human"),
    )
    rows = make_rows([BASE.upper(), NEAR[0], "Hello, cancel our contract at the end of may", OTHER[2]])
    found = find("leakage", rows, test_inputs=test, development=development)
    ids = (test["id"][0], test["id"][0], development["id"][0])
    kinds = ("exact_test", "near_test", "near_development")
    assert found == [*(f"leakage:{kind}={one}" for kind, one in zip(kinds, ids, strict=True)), ""]


def test_near_leaks_can_be_left_out():
    rows = make_rows([NEAR[0]])
    context = make_context(make_task("en"), test_inputs=make_rows([BASE], ""))
    assert registry.get("checks", "leakage")(rows, context, near=False).tolist() == [""]


def test_a_declared_variation_may_be_like_its_origin_and_its_siblings_but_like_nothing_else():
    rows = make_rows([BASE, NEAR[0], NEAR[1], NEAR[3]])
    origin = rows["id"][0]
    varied = json.dumps({"teacher": "augment", "operations": ["slips"], "seed_rows": [origin]})
    stranger = json.dumps({"teacher": "augment", "operations": ["slips"], "seed_rows": ["another"]})
    rows["provenance"] = ["{}", varied, varied, stranger]
    assert find("near_duplicate", rows) == ["", "", "", f"near_duplicate:of={origin}"]
    found = registry.get("checks", "near_duplicate")(
        rows, make_context(make_task("en")), spare_variations=False
    )
    assert found.tolist()[1] == f"near_duplicate:of={origin}"


def test_a_test_row_with_other_slot_values_is_a_leak_and_a_development_row_only_when_asked():
    held_out = make_rows(["book me a table in berlin for 5 people on friday"], "")
    rows = make_rows(["book me a table in paris for 3 people on monday"])
    assert find("leakage", rows, test_inputs=held_out) == [f"leakage:swapped_test={held_out['id'][0]}"]
    assert find("leakage", rows, development=held_out) == [""]
    context = make_context(make_task("en"), development=held_out)
    found = registry.get("checks", "leakage")(rows, context, swapped="all").tolist()
    assert found == [f"leakage:swapped_development={held_out['id'][0]}"]
    context = make_context(make_task("en"), test_inputs=held_out)
    assert registry.get("checks", "leakage")(rows, context, swapped="none").tolist() == [""]


def test_a_translation_of_a_test_row_turned_round_is_a_leak():
    held_out = make_rows(["先月の請求書がまだ届いていません"], "")
    rows = make_rows(
        ["last month's invoice has not come yet", "hello"], ["先月の請求書がまだ届いていません。", "やあ"]
    )
    task = make_task("ja", labels=None)
    context = make_context(task, test_inputs=held_out)
    found = registry.get("checks", "leakage")(rows, context).tolist()
    assert found == [f"leakage:crossed_test={held_out['id'][0]}", ""]
