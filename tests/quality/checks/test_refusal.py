"""A chat model's talk about itself is no row; people's own words are."""

from __future__ import annotations

import pytest
from gate_rows import make_context, make_rows, make_task
from pair_rows import pair_context, pair_rows

from veritrain_lib.quality.checks.refusal import check, kind_of

MODELS_SAY = [
    ("As an AI language model, I cannot help with that.", "model"),
    ("i'm just a language model so i can't do this", "model"),
    ("I'm sorry, but I can't assist with that request.", "refuses"),
    ("I am unable to fulfill this request.", "refuses"),
    ("I'm not able to translate this sentence.", "refuses"),
    ("I won’t be able to help with this.", "refuses"),
    ("I must respectfully decline to answer.", "refuses"),
    ("Here are 5 examples of customer messages:", "preamble"),
    ("Sure! Here is the translation you asked for:", "preamble"),
    ("Translation: he went home", "preamble"),
    ("申し訳ありませんが、そのご要望にはお応えできません。", "japanese"),
    ("AI言語モデルとして、個人的な意見はありません。", "japanese"),
]
PEOPLE_SAY = [
    "google shows no entry for your service, so i'm not able to provide that code", "i can't answer that call",
    "i can't log in to my account", "sorry, i can't find the invoice", "are you an ai", "i cannot open the file you sent",
    "is there a language model in your product", "can you help me with this request", "here is my order number: 4711",
    "we are unable to pay by card", "how were you trained", "i don't have access to the shared folder", "note the new address",
    "can you give me more information about my insurance", "申し訳ありませんが、まだ届いていません。", "私は会社員です。",
    "i am sorry to hear that", "who programmed you", "i won't be able to come", "お手伝いできることはありますか。",
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind"), MODELS_SAY)
def test_what_models_say_is_told(text: str, kind: str):
    assert kind_of(text) == kind


@pytest.mark.parametrize("text", PEOPLE_SAY)
def test_what_people_say_stays(text: str):
    assert kind_of(text) == ""


def test_inputs_and_a_target_of_text_are_looked_at():
    rows = make_rows(["As an AI, I have no body.", "hello"])
    assert check(rows, make_context(make_task("en"))).tolist() == ["refusal:model", ""]
    rows = pair_rows([("本を買いました。", "Here is the translation: i bought a book.")])
    assert check(rows, pair_context()).tolist() == ["refusal:preamble"]


def test_a_pool_without_answers_can_be_screened():
    rows = pair_rows([("本を買いました。", "")]).drop(columns="en")
    assert check(rows, pair_context()).tolist() == [""]
