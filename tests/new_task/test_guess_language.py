"""A language is claimed when most texts are in it, and not otherwise."""

from __future__ import annotations

import pytest

from veritrain_lib.new_task.language import guess_language
from veritrain_lib.quality.language.detector import LanguageDetector

ENGLISH = [
    "The invoice has not arrived yet",
    "Could you please send it again?",
    "I would like to cancel my subscription",
]
GERMAN = [
    "Die Rechnung ist noch nicht angekommen",
    "Könnten Sie sie bitte noch einmal schicken?",
    "Ich möchte mein Abo kündigen",
]
JAPANESE = [
    "請求書がまだ届いていません。確認してください",
    "もう一度送っていただけますか、お願いします",
    "サブスクリプションを解約したいです。",
]


@pytest.mark.parametrize(("texts", "code"), [(ENGLISH, "en"), (GERMAN, "de"), (JAPANESE, "ja")])
def test_one_language_is_recognized(texts: list[str], code: str) -> None:
    assert guess_language(texts * 5) == code


def test_a_few_foreign_rows_do_not_matter_but_half_do() -> None:
    assert guess_language(ENGLISH * 10 + GERMAN) == "en"
    assert guess_language(ENGLISH * 10 + GERMAN * 10) is None


def test_nothing_is_claimed_without_text() -> None:
    assert guess_language(["", "  "]) is None


UKRAINIAN = [
    "Рахунок ще не надійшов, перевірте, будь ласка",
    "Чи не могли б ви надіслати його ще раз?",
    "Я хочу скасувати свою підписку",
]
BULGARIAN = [
    "Фактурата още не е пристигнала, моля проверете",
    "Бихте ли я изпратили още веднъж?",
    "Искам да прекратя абонамента си",
]
MIXED = [
    "お問い合わせ：I can't find the refund looks strange since update",
    "Please 確認してください my order",
]


@pytest.mark.parametrize(("texts", "code"), [(UKRAINIAN, "uk"), (BULGARIAN, "bg")])
def test_a_language_is_not_taken_for_its_neighbour(texts: list[str], code: str) -> None:
    assert guess_language(texts * 5) == code


@pytest.mark.parametrize("texts", [MIXED, [*JAPANESE, *MIXED], [*JAPANESE, *ENGLISH]])
def test_nothing_is_claimed_that_the_gates_rule_would_turn_rows_down_for(texts: list[str]) -> None:
    code = guess_language(texts * 10)
    assert code is None or _turned_down(code, texts * 10) <= 0.1


def _turned_down(code: str, texts: list[str]) -> float:
    others, _ = LanguageDetector(code, 8, 0.5, 0.05)(texts)
    return sum(other != "" for other in others) / len(texts)
