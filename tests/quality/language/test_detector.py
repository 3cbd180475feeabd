"""Scripts decide where they can; words of neighbours help where a text is short."""

from __future__ import annotations

from pathlib import Path

import pytest

from veritrain_lib.quality.language.detector import LanguageDetector, script_switch

SOURCE = Path(__file__).resolve().parents[3] / "benchmarks" / "example_source"


@pytest.mark.parametrize(
    ("declared", "text", "code"),
    [
        ("en", "we cannot play baseball here はできま", "mixed_ja"),
        ("en", "we cannot はできません", "ja"),
        ("en", "what does 猫 mean", ""),
        ("en", "нельзя играть в школе", "ru"),
        ("ja", "全身全霊", ""),
        ("ja", "我们明天去学校", "zh"),
        ("ja", "IBM社のパソコン", ""),
        ("ja", "please send the invoice", "en"),
        ("de", "Größe und Übung", ""),
    ],
)
def test_another_script_is_told_without_a_detector(declared: str, text: str, code: str):
    assert script_switch(text, declared) == code


def test_words_of_neighbours_decide_where_the_detector_hesitates(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("veritrain_lib.quality.language.detector.MINIMUM_VOCABULARY", 200)
    files = sorted(path for path in SOURCE.glob("*.txt") if path.stem != "garbage")
    english = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()][::6]
    hesitant = ["merci de nous", "carta nel mercato"]
    # The detector alone leaves the declared language more than the share from which it is sure.
    assert LanguageDetector("en", 8, 1.0, 0.0)(hesitant)[0] == ["", ""]
    others, own = LanguageDetector("en", 8, 1.0, 0.0)([*english, *hesitant])
    assert others[-2:] == ["fr", "it"]
    assert sum(bool(code) for code in others[:-2]) <= 0.01 * len(english)
    assert sum(own[:-2]) >= 0.95 * len(english)
