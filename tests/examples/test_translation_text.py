"""Hand-written sentences are filled alike on both sides, and a slip of the writer is told by file and line."""

import random
from datetime import datetime
from pathlib import Path

import pytest

from benchmarks.translation_slots import draw, on_day
from benchmarks.translation_text import Pair, pairs_of, read_situations

HEAD = "== progress | meeting | spoken | 開発,営業 | 進捗会議。 / {city}支社との会議。\n"


def filled(tmp_path: Path, *sentences: str, head: str = HEAD, times: int = 40, seed: int = 0) -> list[Pair]:
    (tmp_path / "one.txt").write_text(head + "\n\n".join(sentences) + "\n", encoding="utf-8")
    return pairs_of(read_situations(tmp_path), times, random.Random(seed))


def test_a_slot_has_one_value_on_both_sides(tmp_path: Path) -> None:
    for pair in filled(tmp_path, "{c}へ{n:3-90}個送る。\nSend {n:3-90} pieces to {c}."):
        number = "".join(letter for letter in pair.text if letter.isdigit())
        assert pair.translation == f"Send {number} pieces to {pair.values['c'].english}."
        assert pair.text.startswith(pair.values["c"].japanese)


def test_a_wording_is_chosen_alike_on_both_sides(tmp_path: Path) -> None:
    pairs = filled(tmp_path, "[明日|来週]送る。\nI'll send it [tomorrow|next week].")
    assert {(pair.text, pair.translation) for pair in pairs} == {
        ("明日送る。", "I'll send it tomorrow."),
        ("来週送る。", "I'll send it next week."),
    }


def test_a_second_date_is_later_and_a_second_name_another(tmp_path: Path) -> None:
    for pair in filled(tmp_path, "{p}と{p2}は{d}から{d2}まで休む。\n{p} and {p2} are away from {d} to {d2}."):
        first, last = (datetime.strptime(pair.values[key].english, "%B %d") for key in ("d", "d2"))
        assert (last - first).days % 365 in range(3, 22)
        assert pair.values["p"] != pair.values["p2"]


def test_the_same_sentence_comes_back_only_with_other_values(tmp_path: Path) -> None:
    assert len(filled(tmp_path, "順調です。\nIt's going well.")) == 1
    assert len(filled(tmp_path, "{n:2-4}件です。\nThere are {n:2-4}.")) == 3


def test_contexts_take_the_values_of_their_sentence(tmp_path: Path) -> None:
    for pair in filled(tmp_path, "{city}支社に{n:2-90}個送る。\nSend {n:2-90} to the {city} branch."):
        assert pair.context in ("進捗会議。", f"{pair.values['city'].japanese}支社との会議。")


@pytest.mark.parametrize(
    ("kind", "argument", "spoken", "japanese", "english"),
    [
        ("yen", "1200000-1200000", True, "120万円", "1,200,000 yen"),
        ("yen", "1200000-1200000", False, "1,200,000円", "1,200,000 yen"),
        ("yen", "9000-9000", True, "9,000円", "9,000 yen"),
        ("nth", "21-21", False, "21", "21st"),
        ("nth", "12-12", False, "12", "12th"),
    ],
)
def test_values_are_written_as_each_language_writes_them(
    kind: str, argument: str, spoken: bool, japanese: str, english: str
) -> None:
    value = draw(kind, argument, random.Random(0), spoken=spoken)
    assert (value.japanese, value.english) == (japanese, english)


def test_days_of_the_year_are_dates() -> None:
    assert (on_day(1).japanese, on_day(1).english) == ("1月1日", "January 1")
    assert (on_day(365).japanese, on_day(365).english) == ("12月31日", "December 31")


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("{n}個。\nThree pieces.", "one.txt: slots or wordings differ"),
        ("[甲|乙]。\nOne.", "one.txt: slots or wordings differ"),
        ("英語がない。", "one.txt: .* must have 5 parts and pairs of lines; 5, 1"),
        ("{nobody}です。\nIt is {nobody}.", "no slot 'nobody'; allowed: c, city"),
    ],
)
def test_a_slip_of_the_writer_is_told(tmp_path: Path, sentence: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        filled(tmp_path, sentence)


def test_the_same_seed_fills_the_same(tmp_path: Path) -> None:
    sentence = "{p}が{d}に{yen}払う。\n{p} pays {yen} on {d}."
    assert filled(tmp_path, sentence, seed=3) == filled(tmp_path, sentence, seed=3)
    assert filled(tmp_path, sentence, seed=3) != filled(tmp_path, sentence, seed=4)
