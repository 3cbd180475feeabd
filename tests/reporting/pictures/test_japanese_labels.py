"""Pictures whose labels are all Japanese: every glyph is there, nothing is cut or lies over something else."""

import warnings
from collections.abc import Callable

import pandas as pd
import pytest

from tests.reporting.pictures import examples
from tests.reporting.pictures.looking import cut, overlaps, texts
from veritrain_lib.reporting import pictures
from veritrain_lib.reporting.pictures.drawing import Drawing
from veritrain_lib.reporting.pictures.labels import display_width

LABELS = [
    "話者=営業", "話者=司会", "場面=会議", "場面=書面", "請求書の金額が間違っています", "定例会の議事録",
    "ｶﾀｶﾅの半角", "「かぎ括弧」・中黒", "ガギグゲゴ", "①②③", "～ー―…", "障害報告書の提出期限について",
]  # fmt: skip
DRAWN: dict[str, Callable[[], Drawing]] = {
    "slice_changes": lambda: pictures.slice_changes(examples.slices(12)),
    "confused_pairs": lambda: pictures.confused_pairs(examples.pairs()),
    "confusion": lambda: pictures.confusion(examples.matrix()),
    "plan": lambda: pictures.plan(examples.plan()),
    "label_counts": lambda: pictures.label_counts(examples.counts()),
    "rates": lambda: pictures.rates(examples.rates().assign(name=LABELS[:4])),
    "removed": lambda: pictures.removed(examples.rules().assign(rule=LABELS[4:8])),
}


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_japanese_labels_are_drawn_whole(
    draw: Callable[[], Drawing], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "LABELS", LABELS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of a glyph that no typeface has
        drawing = draw()
        drawing.canvas.draw()
    assert cut(drawing) == []
    assert overlaps(drawing) == []
    assert any("話者" in text or "請求書" in text for text in texts(drawing))


def test_the_axis_and_the_words_for_the_blind_say_it_too() -> None:
    rounds = pd.DataFrame({"round": [0], "value": [0.5], "low": [0.4], "high": [0.6], "promoted": [True]})
    drawing = pictures.learning_curve(rounds, "訳文の一致")
    assert "訳文の一致" in drawing.alt
    assert "訳文の一致" in texts(drawing)


@pytest.mark.parametrize(
    ("text", "columns"), [("カ\u3099", 2), ("ガ", 2), ("ｶﾞ", 2), ("e\u0301", 1), ("第3会議室", 9), ("", 0)]
)
def test_a_mark_on_a_letter_takes_no_column_of_its_own(text: str, columns: int) -> None:
    assert display_width(text) == columns
