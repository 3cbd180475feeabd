import re
import sys
from subprocess import run

import pytest

from tests.reporting.pictures import examples
from veritrain_lib.reporting.pictures import loop, rates
from veritrain_lib.reporting.render import png, svg


def test_the_same_picture_gives_the_same_bytes() -> None:
    assert svg(loop()) == svg(loop())
    assert png(loop()) == png(loop())


@pytest.mark.slow
def test_bytes_do_not_depend_on_the_process() -> None:
    code = "import sys; from veritrain_lib.reporting import pictures, render;"
    code += "sys.stdout.buffer.write(render.svg(pictures.loop()))"
    done = run([sys.executable, "-c", code], capture_output=True, check=True, env={"PYTHONHASHSEED": "7"})
    assert done.stdout == svg(loop())


def test_an_svg_has_no_date_no_version_and_loads_nothing() -> None:
    text = svg(loop()).decode()
    assert "<metadata>" not in text
    assert "<image" not in text
    assert all(target.startswith("#") for target in re.findall(r'href="([^"]*)"', text))


def test_a_png_is_as_sharp_as_asked() -> None:
    from io import BytesIO

    from PIL import Image

    assert Image.open(BytesIO(png(loop(), 100))).size == (1000, 420)
    assert Image.open(BytesIO(png(loop()))).size == (2000, 840)


def test_the_pixels_are_those_of_savefig_and_the_figure_stays_as_it_was() -> None:
    from io import BytesIO

    import numpy as np
    from PIL import Image

    for draw in (loop, lambda: rates(examples.rates())):
        buffer = BytesIO()
        draw().savefig(buffer, format="png", dpi=200)
        drawing = draw()
        engine, canvas = drawing.get_layout_engine(), drawing.canvas
        ours, theirs = Image.open(BytesIO(png(drawing))), Image.open(buffer)
        assert (ours.mode, round(ours.info["dpi"][0])) == ("RGB", 200)
        assert (np.asarray(ours) == np.asarray(theirs.convert("RGB"))).all()
        assert drawing.get_layout_engine() is engine
        assert drawing.canvas is canvas
        assert drawing.dpi == 100


def test_a_drawing_is_drawn_again_only_when_it_was_changed() -> None:
    drawing = loop()
    first = drawing.png()
    assert drawing.png() is first
    drawing.suptitle("another title")
    assert drawing.png() != first
