import sys
from subprocess import run

import pytest

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.fonts import bundled as fonts


def test_the_typefaces_have_the_letters_they_are_there_for() -> None:
    from matplotlib.ft2font import FT2Font

    assert set(map(ord, "Aéя→✓✗■")) <= set(FT2Font(fonts.latin_font()).get_charmap())
    assert set(map(ord, "Aéя→✓✗■")) <= set(FT2Font(fonts.latin_font(bold=True)).get_charmap())
    japanese = FT2Font(fonts.japanese_font())
    assert set(map(ord, "請求書のカナ、。")) <= set(japanese.get_charmap())
    assert japanese.family_name == fonts.JAPANESE


def test_a_missing_typeface_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "find_spec", lambda _: None)
    with pytest.raises(Infrastructure, match="package matplotlib_fontja is missing"):
        fonts.japanese_font()


def test_importing_the_room_loads_nothing_heavy_and_drawing_leaves_pyplot_and_defaults_alone() -> None:
    code = """
import sys
import veritrain_lib.reporting, veritrain_lib.reporting.pictures as pictures
heavy = {"matplotlib", "pandas", "numpy", "fpdf", "PIL"} & set(sys.modules)
assert not heavy, heavy
import matplotlib
names = set(matplotlib.rcParams) - {"backend"}  # reading this one loads pyplot
before = {name: matplotlib.rcParams[name] for name in names}
from veritrain_lib.reporting.render import svg
svg(pictures.loop())
assert {name: matplotlib.rcParams[name] for name in names} == before
assert not {"matplotlib.pyplot", "matplotlib_fontja"} & set(sys.modules)
"""
    done = run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
