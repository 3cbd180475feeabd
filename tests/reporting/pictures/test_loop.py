import pytest

from tests.reporting.pictures.looking import cut, overlaps, texts
from veritrain_lib.core.errors import UserError
from veritrain_lib.reporting.pictures import loop
from veritrain_lib.reporting.pictures.loop import BOX_HEIGHT, BOX_WIDTH, BOXES, STORES


def test_every_stage_and_store_is_in_the_picture_in_its_order() -> None:
    drawn = texts(loop())
    assert [text for text in drawn if text in BOXES] == list(BOXES)
    assert set(STORES) <= set(drawn)
    assert {"rejected", "better", "task.yaml"} <= set(drawn)


def test_the_numbers_of_a_round_replace_the_explanations() -> None:
    drawing = loop({"gate": "12 of 100 rejected", "champion": "version 3", "title": "Round 2"})
    drawn = [text.replace("\n", " ") for text in texts(drawing)]
    assert {"12 of 100 rejected", "version 3", "Round 2", "what can the model do?"} <= set(drawn)
    assert "gate: 12 of 100 rejected" in drawing.alt


@pytest.mark.parametrize(
    "text", ["refund_request_" * 30, "日本語の長い文章" * 40, "many short words " * 40, ""]
)
def test_a_text_of_any_length_stays_inside_its_box(text: str) -> None:
    drawing = loop(dict.fromkeys([*BOXES, *STORES, "title"], text))
    drawing.canvas.draw()
    assert cut(drawing) == []
    assert overlaps(drawing) == []
    axes = drawing.axes[0]
    box = axes.transData.transform([(0, 0), (BOX_WIDTH, BOX_HEIGHT)])
    width, height = box[1] - box[0]
    for written in axes.texts:
        if written.get_text().endswith("…") and written.get_fontsize() < 9:
            extent = written.get_window_extent()
            assert extent.width < width
            assert extent.height < height * 0.7


def test_an_unknown_key_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="has no box gates; allowed: probe, plan"):
        loop({"gates": "x"})
