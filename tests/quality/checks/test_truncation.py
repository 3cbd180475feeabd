"""Texts that stop in the middle are found by how the others end."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from gate_rows import make_context, make_rows, make_task
from pair_rows import pair_context, pair_rows

from veritrain_lib.quality.checks import truncation
from veritrain_lib.quality.checks.truncation import check

SOURCE = Path(__file__).resolve().parents[3] / "benchmarks" / "example_source"


def messages() -> list[str]:
    files = sorted(path for path in SOURCE.glob("*.txt") if path.stem != "garbage")
    lines = [
        line for path in files for line in path.read_text(encoding="utf-8").splitlines() if len(line) > 20
    ]
    return random.Random(0).sample(lines, 1400)


def cut(text: str) -> str:
    inside = [at for at in range(8, len(text) - 3) if text[at - 2 : at + 2].isalpha()]
    return text[: inside[len(inside) // 2]]


def test_a_text_cut_inside_a_word_is_found_and_whole_ones_stay(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(truncation, "MINIMUM_TEXTS", 1000)
    texts = messages()
    rows = make_rows([*map(cut, texts[:50]), *texts[50:]])
    found = check(rows, make_context(make_task("en")))
    # Few and diverse texts; on ten thousand requests it finds four of five (`make bench-gate`).
    assert (found[:50] == "truncation:text").mean() >= 0.25
    assert (found[50:] != "").mean() <= 0.03


def test_it_says_nothing_of_few_texts():
    rows = make_rows([text[:12] for text in messages()])
    assert set(check(rows, make_context(make_task("en")))) == {""}


def test_a_target_of_text_is_looked_at_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(truncation, "MINIMUM_TEXTS", 1000)
    texts = messages()
    rows = pair_rows([("本です。", text) for text in [*map(cut, texts[:50]), *texts[50:]]])
    found = check(rows, pair_context())
    assert set(found[found != ""]) == {"truncation:en"}
    assert (found[:50] == "truncation:en").mean() >= 0.25
