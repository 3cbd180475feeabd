"""What a translation must keep, and what it must not."""

from __future__ import annotations

import pytest

from veritrain_lib.quality.translation.translation_checks import translation_issue


@pytest.mark.parametrize(
    ("source", "target", "sign"),
    [
        ("彼は駅で待っている。", "彼は駅で待っている。", "source_in_target"),
        ("彼は駅で待っている。", "「彼は駅で待っている」", "source_in_target"),
        ("彼は駅で待っている。", "he is 駅で待っている", "source_in_target"),
        ("OK", "OK", ""),
        ("彼は駅で待っている。", "he waits at the station (駅)", ""),
        ("{name}さん、こんにちは", "hello {name}", ""),
        ("{name}さん、こんにちは", "hello {nane}", "placeholders"),
        ("<b>重要</b>", "important", "placeholders"),
        ("https://example.org を見て", "see https://example.org", ""),
        ("注文番号は4711です", "the order number is 4711", ""),
        ("注文番号は4711です", "the order number is 4117", "numbers"),
        ("会議は15時からです", "the meeting is at 3 p.m. in room 15", ""),
        ("会議は15時30分からです", "the meeting is at 3:30", ""),
        ("1万円です", "it costs 10,000 yen", ""),
        ("３０人が来た", "thirty people came", ""),
        ("二十五人が来た", "25 people came", ""),
        ("2024年3月15日", "March 15, 2024", ""),
        ("7時に起きる", "i get up at 8", "numbers"),
        ("7時に起きる", "i get up at 7", ""),
        ("3人で2つ買った", "the 3 of us bought 2", ""),
        ("3人で2つ買った", "the 3 of us bought 4", "numbers"),
        ("2月に1回", "1 time in february", ""),
        ("予算は１万５千円です", "the budget is 15,000 yen", ""),
        ("予算は１万５千円です", "the budget is 25,000 yen", "numbers"),
        ("1月2日", "january 2nd", ""),
        ("午後3時", "15:00", ""),
        ("12%下がった", "it fell by 21%", "numbers"),
    ],
)  # fmt: skip
def test_signs(source: str, target: str, sign: str):
    assert translation_issue(source, target, ("ja", "en")) == sign


def test_the_same_text_in_the_same_language_is_no_copy_of_the_source():
    assert translation_issue("please shorten this text", "please shorten this text", ("en", "en")) == ""
