from veritrain_lib.reporting.document import Picture
from veritrain_lib.reporting.pictures import loop
from veritrain_lib.reporting.stored_picture import StoredPicture


def test_a_stored_drawing_shows_itself_and_speaks_as_the_drawing_did() -> None:
    drawing = loop({"title": "Runde 3 「返金」"})
    stored = StoredPicture(drawing.png())

    assert stored._repr_png_() == drawing._repr_png_()
    assert Picture(stored).alt_text == Picture(drawing).alt_text == drawing.alt
    assert Picture(stored).png == Picture(drawing).png


def test_a_file_of_another_kind_is_shown_as_it_is() -> None:
    assert StoredPicture(b"GIF89a")._repr_png_() == (b"GIF89a", {"alt": ""})
