"""Export of an executed notebook as one HTML page that needs nothing else: no network, no scripts.

The page forbids both itself (Content-Security-Policy), so that text from data or a
model, shown by a cell, can't run anything in the reader's browser.
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
"""What the page may load: its own styles, and images inside it."""

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
"""Held while the exporter works, because it keeps the state of one notebook in itself."""


def export_html(executed: Path, html: Path) -> Path:
    """Write the executed notebook as a self-contained HTML page; safe to call from several threads.

    Args:
        executed: A notebook, executed or not.
        html: The file to write; replaced in one step if it exists, folders are made.

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
    """Export a notebook with every usual kind of cell and output, and discard the page.

    Loads nbconvert and compiles its templates (0.4 s) once, on behalf of the processes that are forked from this
    one. Starts no thread and opens nothing.
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
    """Return the exporter, made once a process: compiling its templates takes longer than an export."""
    from nbconvert import HTMLExporter  # takes a while to import

    return HTMLExporter(  # type: ignore[no-untyped-call]
        raw_template=_TEMPLATE, embed_images=True, exclude_anchor_links=True, optimistic_validation=True
    )
