"""Short titles of cells for people."""

from __future__ import annotations

from nbformat import NotebookNode

MAX_TITLE_CHARACTERS = 60


def cell_titles(notebook: NotebookNode) -> list[str]:
    """Return for each cell the last Markdown heading at or above it, else the cell's first line."""
    titles: list[str] = []
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            headings = [line for line in cell.source.splitlines() if line.startswith("#")]
            heading = headings[-1].lstrip("#").strip() if headings else heading
        lines = cell.source.strip().splitlines()
        titles.append((heading or (lines[0] if lines else ""))[:MAX_TITLE_CHARACTERS])
    return titles
