"""An executed notebook as one HTML page that needs nothing else: no network, no scripts.

The page forbids both itself (Content-Security-Policy), so that text from data or a
model, shown by a cell, can't act in the reader's browser.
"""

from __future__ import annotations

import os
from pathlib import Path

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "form-action 'none'; base-uri 'none'"
)
"""What the page may load: its own styles, and images inside it."""

ACTIVE = ["script", "iframe", "frame", "object", "embed", "applet", "link", "meta", "base", "form"]
"""Elements that load or do something; none belongs into the body of a page of results."""

# Code is folded away: the page is for reading results.
_TEMPLATE = """\
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}
<meta http-equiv="Content-Security-Policy" content="POLICY">
{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block html_head_css -%}
<style>
main { max-width: 72rem; margin: 0 auto; padding: 1rem; }
.jp-InputPrompt, .jp-OutputPrompt { display: none; }
details.code > summary { cursor: pointer; color: #767676; font-size: 0.75rem; }
details.code { margin: 0.2rem 0; }
</style>
{%- endblock -%}
{%- block input_group -%}
<details class="code"><summary>code</summary>{{ super() }}</details>
{%- endblock -%}
""".replace("POLICY", POLICY)


def export_html(executed: Path, html: Path) -> Path:
    """Write the executed notebook as a self-contained HTML page.

    Args:
        executed: A notebook, executed or not.
        html: Where the page goes; replaced in one step if there, folders are made.

    Returns:
        `html`.

    Raises:
        FileNotFoundError: There is no such notebook.
        ValueError: It is no notebook.
    """
    from nbconvert import HTMLExporter  # takes a while to import

    from veritrain_lib.execution.parameters import read_notebook

    executed, html = Path(executed), Path(html)
    notebook = read_notebook(executed)
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        raw_template=_TEMPLATE, embed_images=True, exclude_anchor_links=True
    )
    resources = {"metadata": {"path": str(executed.absolute().parent), "name": executed.stem}}
    page, _ = exporter.from_notebook_node(notebook, resources=resources)
    html.parent.mkdir(parents=True, exist_ok=True)
    beside = html.with_name(f".{html.name}.part")
    beside.write_text(without_activity(page), encoding="utf-8")
    os.replace(beside, html)
    return html


def without_activity(page: str) -> str:
    """The page without elements, event handlers and links in its body that do something.

    The browser obeys the page's policy anyway; mail programs and artifact viewers may not.
    """
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(page, features="html.parser")
    body = soup.body
    if body is not None:
        for element in body.find_all(ACTIVE):
            element.decompose()
        for element in body.find_all(True):
            for name, value in list(element.attrs.items()):
                if name.startswith("on") or str(value).strip().lower().startswith("javascript:"):
                    del element.attrs[name]
    return str(soup)
