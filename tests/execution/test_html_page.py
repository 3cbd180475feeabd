"""The HTML page: whole, offline, inert."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from tests.execution.zoo_of_notebooks import ZOO
from veritrain_lib.execution import export_html

pytestmark = pytest.mark.timeout(60)

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def page(run, tmp_path: Path) -> str:
    """The page of a notebook that shows pictures, HTML, scripts and an error."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "dot.png").write_bytes(PIXEL)
    return export_html(run("page").executed, tmp_path / "pages" / "page.html").read_text(encoding="utf-8")


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_it_loads_nothing_and_runs_nothing(page: str) -> None:
    elements = Elements(page).found

    assert {tag for tag, _ in elements}.isdisjoint({"script", "link", "iframe", "form", "object"})
    sources = [attrs["src"] or "" for _, attrs in elements if "src" in attrs]
    assert sources
    assert all(source.startswith("data:") for source in sources)
    assert not [name for _, attrs in elements for name in attrs if name.startswith("on")]
    assert not [attrs for tag, attrs in elements if tag == "meta" and attrs.get("http-equiv") == "refresh"]
    styles = re.sub(r"/\*.*?\*/", "", page, flags=re.DOTALL)
    assert not re.search(r"url\(['\"]?(https?:)?//|@import", styles)
    assert "default-src 'none'" in page
    assert page.index("Content-Security-Policy") < page.index("<style")


def test_it_shows_results_and_folds_code(page: str) -> None:
    assert "<b>bold</b>" in page
    assert page.count('<details class="code">') == 1
    assert "data:image/png;base64," in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page  # printed text is text


def test_japanese_and_errors_are_shown(run, tmp_path: Path) -> None:
    page = export_html(run("unicode").executed, tmp_path / "unicode.html").read_text(encoding="utf-8")

    assert "日本語の見出し" in page
    assert "こんにちは、世界" in page
    assert "失敗しました" in page


def test_terminal_colours_do_not_become_markup(tmp_path: Path) -> None:
    output = nbformat.v4.new_output("stream", name="stdout", text="\x1b[31m<i>red</i>\x1b[0m")
    cell = nbformat.v4.new_code_cell("1", outputs=[output])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "colour.ipynb")

    page = export_html(tmp_path / "colour.ipynb", tmp_path / "colour.html").read_text()

    assert "&lt;i&gt;red&lt;/i&gt;" in page


def test_a_file_that_is_no_notebook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="There is no notebook"):
        export_html(tmp_path / "nosuch.ipynb", tmp_path / "page.html")
    assert (ZOO / "page.ipynb").is_file()
