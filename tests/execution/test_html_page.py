"""The HTML page: whole, offline, inert."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from tests.execution.zoo_of_notebooks import ZOO
from veritrain_lib.execution import export_html

pytestmark = pytest.mark.timeout(400)

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


def shown(html: str, folder: Path, name: str = "hostile") -> str:
    """The page of a notebook whose one cell shows this HTML, then the text `last`."""
    outputs = [
        nbformat.v4.new_output("display_data", data={"text/html": html}),
        nbformat.v4.new_output("stream", name="stdout", text="last"),
    ]
    cell = nbformat.v4.new_code_cell("1", outputs=outputs)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / f"{name}.ipynb")
    return export_html(folder / f"{name}.ipynb", folder / f"{name}.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "html",
    [
        "</body><script>alert(1)</script>",
        "</div></div></main></body></html><img src=x onerror=alert(1)>",
        "</head><body><script>alert(1)</script>",
        "<b><p <img src=x onerror=alert(1)>",
        "<!-- --!><script>alert(1)</script> -->",
        "<!--><script>alert(1)</script>-->",
        "<![CDATA[><script>alert(1)</script>]]>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        '<textarea><b title="</textarea><img src=x onerror=alert(1)>">',
        "<a href=' java\nscript:alert(1)'>a</a>",
        "<svg><animate values='x;javascript:alert(1)'/></svg>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<form action=x><input autofocus onfocus=alert(1)>",
        "<SCRIPT>alert(1)</SCRIPT><ScRiPt>alert(1)</sCrIpT>",
    ],
)
def test_nothing_in_the_body_acts_however_odd_its_tags_are(html: str, tmp_path: Path) -> None:
    page = shown(html, tmp_path)

    head, _, body = page.partition("</head>")
    assert "default-src 'none'" in head
    assert "<script" not in body.lower()
    assert not re.search(r"<(img|input)[^>]*\son\w+=", body)
    assert not re.search(r"java\s*script:", body)
    assert "srcdoc" not in body
    assert "<!--" not in body


def test_what_a_cell_shows_after_an_odd_tag_is_still_there(tmp_path: Path) -> None:
    assert "last" in shown("</div></body></html><b>unclosed", tmp_path)
    assert "a &gt; b" in shown("<style>a > b {}</style>a &gt; b", tmp_path)
    assert "<style>a > b {}</style>" in shown("<style>a > b {}</style>", tmp_path)


def test_a_metadata_that_says_more_than_a_number_sets_no_handler(tmp_path: Path) -> None:
    pixel = {"image/png": base64.b64encode(PIXEL).decode()}
    told = {"image/png": {"width": "9 onload=alert(1)"}}
    output = nbformat.v4.new_output("display_data", data=pixel, metadata=told)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=[output])])
    nbformat.write(notebook, tmp_path / "wide.ipynb")
    page = export_html(tmp_path / "wide.ipynb", tmp_path / "wide.html").read_text(encoding="utf-8")
    assert "onload" not in page.partition("</head>")[2]


def test_pages_made_side_by_side_are_those_made_one_after_the_other(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    alone = [shown(f"<i>number {at}</i>", tmp_path, f"page{at}") for at in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda at: shown(f"<i>number {at}</i>", tmp_path, f"page{at}"), range(8)))
    # The id of a cell is drawn anew for each notebook.
    cell = re.compile(r"cell-id=\w+")
    assert [cell.sub("", page) for page in together] == [cell.sub("", page) for page in alone]


def test_pictures_have_words_and_what_scrolls_can_be_reached(page: str) -> None:
    found = Elements(page).found
    assert all(attrs.get("alt") for tag, attrs in found if tag == "img")
    outputs = [attrs for tag, attrs in found if "jp-OutputArea-output" in (attrs.get("class") or "").split()]
    assert outputs
    assert all(attrs["tabindex"] == "0" for attrs in outputs)


def test_a_file_that_is_no_notebook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="There is no notebook"):
        export_html(tmp_path / "nosuch.ipynb", tmp_path / "page.html")
    assert (ZOO / "page.ipynb").is_file()


@pytest.mark.slow
def test_after_the_warm_up_a_page_is_the_same_and_loads_nothing_more(run, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from veritrain_lib.execution import html; "
        "sys.argv[3] == 'warm' and html.warm_up(); before = set(sys.modules); "
        "html.export_html(Path(sys.argv[1]), Path(sys.argv[2])); "
        "print([name for name in set(sys.modules) - before if name.split('.')[0] in ('nbconvert', 'jinja2', 'bs4')])"
    )
    executed = run("page").executed
    loaded, pages = {}, {}
    for how in ("cold", "warm"):
        page = tmp_path / f"{how}.html"
        done = subprocess.run(
            [sys.executable, "-c", program, str(executed), str(page), how],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        loaded[how], pages[how] = done.stdout.strip(), page.read_text(encoding="utf-8")
    assert loaded["cold"] != "[]"
    assert loaded["warm"] == "[]"
    assert pages["warm"] == pages["cold"].replace("<title>cold</title>", "<title>warm</title>")
