"""A language is claimed when most texts are in it, and not otherwise."""

from __future__ import annotations

import pytest

from veritrain_lib.new_task.language import guess_language

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
