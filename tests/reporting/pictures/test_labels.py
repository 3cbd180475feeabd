import pytest

from veritrain_lib.reporting.pictures.labels import (
    count_phrase,
    display_width,
    percent,
    percent_tick,
    shorten,
    wrap,
)


def test_shares_are_written_as_percent() -> None:
    assert percent(0.0825) == "8.2 %"
    assert percent(1, 0) == "100 %"
    assert [percent_tick(share) for share in (0, 0.025, 0.1, 1)] == ["0 %", "2.5 %", "10 %", "100 %"]


def test_one_and_many_are_told_apart() -> None:
    assert [count_phrase(n, "row", "rows") for n in (0, 1, 1200)] == ["", "1 row", "1,200 rows"]


def test_a_long_label_keeps_both_ends() -> None:
    label = shorten("label=" + "x" * 80 + "_17")
    assert label.startswith("label=")
    assert label.endswith("_17")
    assert display_width(label) <= 40
    assert shorten("short") == "short"


def test_full_width_letters_count_twice() -> None:
    assert display_width("日本a") == 5
    assert display_width(shorten("請求書の金額が間違っています" * 4, 20)) <= 20


@pytest.mark.parametrize("text", ["a bb ccc dddd", "日本語の長い文章です", "W" * 70, "", "one  two\nthree"])
def test_folded_lines_keep_to_their_width_and_number(text: str) -> None:
    lines = wrap(text, 7, 3).split("\n")
    assert len(lines) <= 3
    assert all(display_width(line) <= 7 for line in lines)


def test_folding_cuts_only_what_does_not_fit_and_says_so() -> None:
    assert wrap("a bb ccc dddd", 7, 3) == "a bb\nccc\ndddd"
    assert wrap("aaaa bbbb cccc", 5, 2) == "aaaa\nbbbb…"
    assert wrap("W" * 70, 7, 2) == "WWWWWWW\nWWWWWW…"
