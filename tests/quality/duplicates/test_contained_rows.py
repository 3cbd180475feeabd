"""A held-out row inside a longer row is found; the beginning of another message, and phrases of everyday talk, are not."""

from __future__ import annotations

import random

import pandas as pd
import pytest
from gate_rows import make_context, make_rows, make_task, traffic

from veritrain_lib.core import registry
from veritrain_lib.quality.duplicates.contained_rows import ContainedRowFinder

FORMS = [
    "hello, {}", "hi there {} thanks a lot", "Good morning, I hope you are well. {} Best regards, Anna Berg", 'a customer wrote: "{}"',
    "Re: {}", "{} - sent from my phone", "> {}\nsee above", "To whom it may concern, {} Yours, Tom Ford", "Hallo Team, {} Mit freundlichen Grüßen, Eva",
    "hey quick question {} can you help me with that",
]  # fmt: skip
JAPANESE = [
    "お世話になっております。{}よろしくお願いいたします。", "こんにちは、{}", "「{}」と言われました。", "件名：{}", "{} 以上、山田",
]  # fmt: skip


def found(held: list[str], texts: list[str]) -> list[int]:
    return ContainedRowFinder(make_rows(held, ""), ["text"]).find(make_rows(texts)).tolist()


@pytest.mark.parametrize("form", FORMS)
def test_a_row_with_something_around_it_is_found(form: str):
    held = [
        "what is the current time",
        "we cannot log in since monday, please look into it today",
        "Where's my invoice of March?",
    ]
    assert found(held, [form.format(text) for text in held]) == [0, 1, 2]


@pytest.mark.parametrize("form", JAPANESE)
def test_a_row_of_a_script_without_spaces_is_found(form: str):
    held = [
        "会議は三時に始まります。",
        "请问发票什么时候寄出",
        "新しい経理担当なので先月の請求書をもう一度送っていただけますか。",
    ]
    assert found(held, [form.format(text) for text in held]) == [0, 1, 2]


def test_the_beginning_of_another_message_is_not_found():
    held = ["what is the current time", "set a timer now", "thanks", "何という曲なの", "thank you"]
    texts = [
        "what is the current time in tokyo",
        "set a timer nowhere else",
        "thanks, that was it",
        "何という曲なのか知らない人が多い",
        "thank you. bye",
    ]
    assert found(held, texts) == [-1] * 5


def test_a_phrase_that_several_held_out_rows_hold_is_no_leak():
    phrase = "the train was late"
    held = [phrase, "Lunch at noon. The train was late!", "Monday? The train was late."]
    assert found([phrase], ["Tuesday then. The train was late."]) == [0]
    assert found(held, ["Tuesday then. The train was late."]) == [-1]


def test_every_input_field_must_be_there():
    def rows(pairs: list[tuple[str, str]]) -> pd.DataFrame:
        return pd.DataFrame(
            [{"id": str(at), "text": text, "place": place} for at, (text, place) in enumerate(pairs)]
        )

    held = rows([("please cancel our yearly contract with you", "by mail from the owner")])
    judged = rows(
        [
            ("hi, please cancel our yearly contract with you", "by mail from the owner"),
            ("hi, please cancel our yearly contract with you", "on the phone"),
        ]
    )
    assert ContainedRowFinder(held, ["text", "place"]).find(judged).tolist() == [0, -1]


def test_a_needle_is_found_among_many_rows():
    rows = traffic(3000)
    texts = rows["text"].tolist()
    held = random.Random(0).sample(traffic(60, start=9000)["text"].tolist(), 40)
    places = random.Random(1).sample(range(3000), 40)
    for place, text in zip(places, held, strict=True):
        texts[place] = f"Hi all, {text}. Kind regards, Eva"
    got = found(held, texts)
    assert [got[place] for place in places] == list(range(40))
    assert sum(one >= 0 for one in got) == 40


def test_the_leakage_check_tells_of_test_and_development_rows():
    check = registry.get("checks", "leakage")
    test, development = (
        make_rows(["please cancel our yearly contract"], ""),
        make_rows(["the export of our report broke"], "bug"),
    )
    context = make_context(make_task("en"), test_inputs=test, development=development)
    texts = [
        "Good morning team. Please cancel our yearly contract! Thanks in advance, Tom from Kessler Bau",
        "My colleague says: the export of our report broke. What now, is there any other way for us?",
    ]
    assert check(make_rows(texts), context).tolist() == [
        f"leakage:contained_test={test['id'][0]}",
        f"leakage:contained_development={development['id'][0]}",
    ]
    assert check(make_rows(texts), context, near=False, contained=False, swapped="none").tolist() == ["", ""]
