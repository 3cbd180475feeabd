"""The page of a notebook keeps Japanese, whether a cell prints it, shows it as a table or as Markdown."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pandas as pd

from veritrain_lib.execution import export_html
from veritrain_lib.reporting import table_html

TEXT = "請求書の金額が間違っています。～①㈱「」"


def test_japanese_of_every_kind_of_output_stands_on_the_page(tmp_path: Path) -> None:
    outputs = [
        nbformat.v4.new_output("stream", name="stdout", text=f"{TEXT}1\n"),
        nbformat.v4.new_output("display_data", {"text/html": table_html(pd.DataFrame({"文": [f"{TEXT}2"]}))}),
        nbformat.v4.new_output("error", ename="UserError", evalue=f"{TEXT}3", traceback=[f"{TEXT}3"]),
    ]
    code = nbformat.v4.new_code_cell(f"print('{TEXT}4')", outputs=outputs)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(f"# {TEXT}5"), code])
    nbformat.write(notebook, tmp_path / "会議.ipynb")
    page = export_html(tmp_path / "会議.ipynb", tmp_path / "会議.html").read_bytes().decode("utf-8")
    assert all(f"{TEXT}{number}" in page for number in range(1, 6))
    assert '<meta charset="utf-8"' in page
    assert '<td lang="ja"' in page, "what says that a part is Japanese is not cleaned away"
    assert "<title>会議</title>" in page
