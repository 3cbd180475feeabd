"""A first look at words and characters lets no text pass that a pattern would find."""

from __future__ import annotations

import random
import re

import pytest
from gate_rows import make_context, make_rows
from pattern_samples import sample

from veritrain_lib.quality.checks import personal_data, refusal, toxic
from veritrain_lib.quality.personal_data import phone_numbers
from veritrain_lib.quality.secrets import KNOWN_KEY, NAMED_KEY, PASSWORD

BEFORE = ["", "hello ", "hi support ", "good day, ", "x'", "so ", "...", "thanks "]
BEHIND = ["", "'m", " thanks", " ok?", " so much", "_", "s now", " thank you very much"]
EACH = 400


def texts_of(pattern: re.Pattern[str], seed: int) -> list[str]:
    rng = random.Random(seed)
    made = [rng.choice(BEFORE) + sample(pattern, rng) + rng.choice(BEHIND) for _ in range(EACH)]
    return [text for text in made if pattern.search(text)]


@pytest.mark.parametrize(
    "pattern", [refusal.SELF, refusal.REFUSES, refusal.PREAMBLE], ids=["self", "refuses", "preamble"]
)
def test_all_that_is_a_models_talk_is_found(pattern: re.Pattern[str]):
    texts = texts_of(pattern, 1)
    assert len(texts) > EACH // 5
    found = refusal.check(make_rows(texts), make_context())
    assert [text for text, said in zip(texts, found, strict=True) if not said] == []


@pytest.mark.parametrize(
    "pattern",
    [
        personal_data.EMAIL,
        phone_numbers.GROUPED,
        phone_numbers.NAMED,
        personal_data.IBAN,
        personal_data.CARD,
        KNOWN_KEY,
        NAMED_KEY,
        PASSWORD,
    ],
    ids=["email", "phone", "named phone", "iban", "card", "key", "named", "password"],
)
def test_personal_data_is_what_the_patterns_say_of_each_text(pattern: re.Pattern[str]):
    texts = [
        *texts_of(pattern, 2),
        "a responsibility, honestly",
        "keep SG.abcdefghijkl safe",
        "AKIAABCDEFGHIJKLMN",
    ]
    wanted = [personal_data.kinds_in(text) if personal_data.MAY_HOLD.search(text) else [] for text in texts]
    found = personal_data.check(make_rows(texts), make_context()).tolist()
    assert found == [f"personal_data:{'+'.join(kinds)}" if kinds else "" for kinds in wanted]
    assert any(found)


def test_all_that_the_list_of_insults_holds_is_found():
    texts = texts_of(toxic.ENGLISH, 3)
    assert len(texts) > EACH // 5
    found = toxic.check(make_rows(texts), make_context()).tolist()
    assert found == ["toxic:words" if toxic.toxic(text) else "" for text in texts]
