"""Short titles of a notebook's cells for progress lines and error messages."""

from __future__ import annotations

from nbformat import NotebookNode

MAX_TITLE_CHARACTERS = 60
"""Maximum characters of a title."""


def cell_titles(notebook: NotebookNode) -> list[str]:
    """Return one title for each cell: the last Markdown heading in or above the cell, else the cell's first line."""
    titles: list[str] = []
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            headings = [line for line in cell.source.splitlines() if line.startswith("#")]
            heading = headings[-1].lstrip("#").strip() if headings else heading
        lines = cell.source.strip().splitlines()
        titles.append((heading or (lines[0] if lines else ""))[:MAX_TITLE_CHARACTERS])
    return titles
