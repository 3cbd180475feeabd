"""Export of an executed notebook as one HTML page that works without network and scripts.

The page's Content-Security-Policy forbids both, so text that a cell shows from data or a model can't run anything in
the reader's browser.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from veritrain_lib.execution.sanitizer import sanitize_html

if TYPE_CHECKING:
    from nbconvert import HTMLExporter

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "form-action 'none'; base-uri 'none'"
)
"""Content-Security-Policy of the page: it may load only its own styles, and images and fonts inside it."""

# Code is folded: the page is for reading results. nbconvert would sanitize the code that Pygments has just
# escaped; the whole body is sanitized below.
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
{%- block input -%}
<div class="jp-CodeMirrorEditor jp-Editor jp-InputArea-editor" data-type="inline">
<div class="cm-editor cm-s-jupyter">{{ cell.source | highlight_code(metadata=cell.metadata) }}</div>
</div>
{%- endblock -%}
""".replace("POLICY", POLICY)

_LOCK = Lock()
"""Lock held during an export, because nbconvert's exporter stores the state of one notebook in itself."""


def export_html(executed: Path, html: Path) -> Path:
    """Write a notebook as a self-contained HTML page; this may be called from several threads.

    Args:
        executed: The notebook, executed or not.
        html: File to write; it is replaced in one step if it exists, and missing folders are created.

    Returns:
        `html`.

    Raises:
        FileNotFoundError: There is no such notebook.
        ValueError: The file is not a notebook.
    """
    from veritrain_lib.execution.parameters import read_notebook

    executed, html = Path(executed), Path(html)
    notebook = read_notebook(executed)
    resources = {"metadata": {"path": str(executed.absolute().parent), "name": executed.stem}}
    with _LOCK:
        page, _ = _exporter().from_notebook_node(notebook, resources=resources)
    html.parent.mkdir(parents=True, exist_ok=True)
    temporary = html.with_name(f".{html.name}.part")
    temporary.write_text(sanitize_html(page), encoding="utf-8")
    os.replace(temporary, html)
    return html


def warm_up() -> None:
    """Export a sample notebook before kernels are forked, so that forked processes need not load and compile anything.

    Loading nbconvert and compiling its templates takes 0.4 s. The sample has every usual kind of cell and output; its
    page is discarded. No thread is started and nothing stays open.
    """
    import nbformat.v4

    v4: Any = nbformat.v4
    outputs = [
        v4.new_output("stream", text="text\n"),
        v4.new_output("execute_result", {"text/html": "<p>table</p>", "text/plain": "table"}),
        v4.new_output("display_data", {"image/png": "", "text/plain": "picture"}),
    ]
    cells = [v4.new_markdown_cell("# Title\n\nA *word*."), v4.new_code_cell("x = 1  # why", outputs=outputs)]
    with _LOCK:
        page, _ = _exporter().from_notebook_node(v4.new_notebook(cells=cells))
    sanitize_html(page)


@cache
def _exporter() -> HTMLExporter:
    """Return nbconvert's HTML exporter, made once in each process because compiling its templates takes long."""
    from nbconvert import HTMLExporter  # takes a while to import

    return HTMLExporter(  # type: ignore[no-untyped-call]
        raw_template=_TEMPLATE, embed_images=True, exclude_anchor_links=True, optimistic_validation=True
    )
