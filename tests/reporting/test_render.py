import re
import sys
from subprocess import run

from veritrain_lib.reporting.pictures import loop
from veritrain_lib.reporting.render import png, svg


def test_the_same_picture_gives_the_same_bytes() -> None:
    assert svg(loop()) == svg(loop())
    assert png(loop()) == png(loop())


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
