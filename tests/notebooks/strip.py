"""Strip notebooks for a commit: `python tests/notebooks/strip.py FILE ...` (the pre-commit hook's entry).

nbstripout keeps the outputs of cells tagged `keep_output`, but takes their execution count away, and nbval
refuses an output without one: it is put back as 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbstripout import strip_output

GONE = ["metadata.papermill", "metadata.veritrain", "cell.metadata.papermill", "cell.metadata.execution"]


def strip(path: Path) -> bool:
    """Strip one notebook in place; gives whether it changed."""
    before = path.read_text(encoding="utf-8")
    notebook = strip_output(
        nbformat.reads(before, 4), keep_output=False, keep_count=False, extra_keys=GONE, keep_id=True
    )
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.outputs:
            cell.execution_count = 1
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = 1
    after = nbformat.writes(notebook) + "\n"
    path.write_text(after, encoding="utf-8")
    return after != before


if __name__ == "__main__":
    changed = [path for path in map(Path, sys.argv[1:]) if strip(path)]
    print("\n".join(f"stripped {path}" for path in changed))
    sys.exit(bool(changed))
