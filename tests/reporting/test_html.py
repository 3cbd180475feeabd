import base64

import pandas as pd

from tests.reporting.markup import Page
from veritrain_lib.reporting import table_html
from veritrain_lib.reporting.html import picture_markup
from veritrain_lib.reporting.pictures import confusion, loop

BAD = "<script>alert(1)</script>\"'&"


def test_texts_names_and_captions_are_escaped() -> None:
    page = Page(table_html(pd.DataFrame({BAD: [BAD]}, index=pd.Index([BAD], name=BAD)), BAD))
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.cells == [BAD, BAD, BAD, BAD]
    assert BAD in page.text
    assert page.named("div")[0]["aria-label"] == BAD


def test_the_same_frame_gives_the_same_text() -> None:
    frame = pd.DataFrame({"a": [1.5, None], "b": ["x", {"k": 1}]})
    assert table_html(frame) == table_html(frame.copy())


def test_numbers_stand_right_and_texts_left() -> None:
    page = Page(table_html(pd.DataFrame({"name": ["x"], "value": [0.5]})))
    assert [cell["style"] for cell in page.named("td")] == ["text-align:left", "text-align:right"]


def test_rows_left_out_are_counted_in_the_last_line() -> None:
    page = Page(table_html(pd.DataFrame({"a": range(1200)}), max_rows=10))
    assert page.cells[-1] == "1,190 more rows not shown"
    assert len(page.named("tr")) == 1 + 10 + 1


def test_a_table_without_rows_says_so() -> None:
    assert Page(table_html(pd.DataFrame({"a": []}))).cells == ["a", "– no rows"]
    assert Page(table_html(pd.DataFrame())).cells == ["– no rows"]


def test_a_picture_is_inside_the_page_at_half_its_pixels_and_says_what_it_shows() -> None:
    content = loop().png()
    image = Page(picture_markup(content, BAD)).named("img")[0]
    kind, data = image["src"].split(",", 1)
    assert kind == "data:image/png;base64"
    assert base64.b64decode(data) == content
    assert (image["width"], image["height"], image["alt"]) == ("1000", "420", BAD)


def test_a_picture_of_many_cells_stays_small_enough_for_a_page() -> None:
    labels = [f"intent_{at}" for at in range(150)]
    matrix = pd.DataFrame([[at % 3 for at in range(150)]] * 150, index=labels, columns=labels)
    assert len(picture_markup(confusion(matrix).png(), "")) < 400_000
