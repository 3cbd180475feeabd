from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from veritrain_lib.reporting.png_file import PngImage, decode, encode, read_description


def picture(mode: str, **how: object) -> bytes:
    buffer = BytesIO()
    Image.new(mode, (5, 3)).save(buffer, "PNG", **how)
    return buffer.getvalue()


@pytest.mark.parametrize("size", [(1, 1), (3, 7), (200, 300)])
def test_another_reader_finds_the_pixels_that_were_written(size: tuple[int, int]) -> None:
    rgba = np.random.default_rng(0).integers(0, 256, (*size, 4), dtype=np.uint8)
    image = Image.open(BytesIO(encode(rgba, 200)))
    image.load()  # checks the sums, too
    assert (image.mode, round(image.info["dpi"][0])) == ("RGB", 200)
    assert (np.asarray(image) == rgba[:, :, :3]).all()


def test_what_it_shows_is_kept_in_the_file_and_another_reader_finds_it() -> None:
    words = "「返金」 rose by 3 %"
    content = encode(np.zeros((3, 5, 4), np.uint8), 100, words)
    image = Image.open(BytesIO(content))
    image.load()
    assert image.info["Description"] == words == read_description(content)
    assert decode(content) == decode(encode(np.zeros((3, 5, 4), np.uint8), 100))
    assert read_description(picture("RGB")) == read_description(b"") == ""


def test_the_same_pixels_give_the_same_bytes() -> None:
    rgba = np.zeros((4, 4, 4), np.uint8)
    assert encode(rgba, 200) == encode(rgba.copy(), 200)


def test_the_lines_of_a_plain_file_are_found_in_however_many_pieces() -> None:
    content = encode(np.zeros((3, 5, 4), np.uint8), 100)
    found = decode(content)
    assert found is not None
    assert (found.width, found.height) == (5, 3)
    assert found.deflated is not None
    assert found.deflated in content
    noise = BytesIO()
    Image.effect_noise((900, 900), 90).convert("RGB").save(noise, "PNG", compress_level=0)
    assert noise.getvalue().count(b"IDAT") > 1
    many = decode(noise.getvalue())
    assert many is not None
    assert many.deflated is not None
    import zlib

    assert len(zlib.decompress(many.deflated)) == 900 * (1 + 3 * 900)


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "1", "LA"])
def test_of_other_kinds_only_the_size_is_told(mode: str) -> None:
    assert decode(picture(mode)) == PngImage(5, 3, None)
    assert decode(picture("RGB", transparency=(0, 0, 0))) == PngImage(5, 3, None)


def test_bytes_that_are_no_png_are_none() -> None:
    assert decode(b"") is None
    assert decode(b"GIF89a") is None
    assert decode(b"\x89PNG\r\n\x1a\n") is None
