"""README's table of claims is what the benchmarks printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import figures


def test_readme_shows_the_figures_that_were_kept() -> None:
    readme = figures.README.read_text(encoding="utf-8")
    shown = readme.partition(figures.BEGIN)[2].partition(figures.END)[0].strip()
    assert shown == figures.table(), "write it anew: python -m benchmarks.figures"


def test_a_translated_table_gets_the_numbers_of_the_original_in_their_order() -> None:
    original = "| claim | measured |\n| gain on 720 rows | 0.70 to 0.85 (+0.15) |"
    translated = "| 主张 | 测量 |\n| 720 行上的提升 | 从 0.661 升至 0.800（+0.139） |"
    written = "| 主张 | 测量 |\n| 720 行上的提升 | 从 0.70 升至 0.85（+0.15） |"
    assert figures.with_numbers(translated, original) == written


@pytest.mark.parametrize("translated", ["| 主张 | 720 |", "| 主张 |\n| 720 行 |"])
def test_a_translated_table_with_other_rows_or_numbers_is_refused(translated: str) -> None:
    with pytest.raises(ValueError, match="translate"):
        figures.with_numbers(translated, "| claim |\n| 720 rows, gain 0.1 |")


def test_what_was_not_measured_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "__init__.py").touch()
    (tmp_path / "benchmarks" / "half.py").write_text('print(\'{"one": 1, "two": null}\')', encoding="utf-8")
    (tmp_path / "benchmarks" / "full.py").write_text(
        "print('a table')\nprint('{\"one\": 1}')", encoding="utf-8"
    )
    monkeypatch.setattr(figures, "HERE", tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="half measured no two"):
        figures.keep("half", [])
    assert not (tmp_path / "figures").exists()
    figures.keep("full", [])
    assert json.loads((tmp_path / "figures" / "full.json").read_text(encoding="utf-8")) == {"one": 1}
