"""What the project is made of: suites, notebooks, the example, a kernel that runs, a browser for some tests."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError
from veritrain_lib.doctor.check import Check
from veritrain_lib.stages import NAMES

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

KERNEL_SECONDS = 60


def suites() -> Check:
    """Whether every gate suite can be loaded."""
    from veritrain_lib.quality.suite import load_suite

    files = sorted(project.gates().glob("*.json"))
    wrong = []
    for file in files:
        try:
            load_suite(str(file))
        except UserError as error:
            wrong.append(f"{file.name}: {error}")
    if wrong or not files:
        return Check(
            "gate suites",
            "fail",
            "; ".join(wrong) or f"no suite in {project.gates()}",
            "Mend the file as it says, or take it from the repository again: git checkout gates",
        )
    return Check("gate suites", "ok", f"{', '.join(file.stem for file in files)} load")


def notebooks() -> Check:
    """Whether the six stage notebooks are there with a parameters cell that can be read."""
    from veritrain_lib.execution.parameters import read_parameters
    from veritrain_lib.loop.stage_job import notebook_of

    wrong = []
    for stage in NAMES:
        try:
            if not read_parameters(notebook_of(stage)):
                wrong.append(f"{notebook_of(stage).name} has no cell tagged parameters")
        except (ValueError, OSError) as error:
            wrong.append(str(error))
    if wrong:
        return Check(
            "notebooks",
            "fail",
            "; ".join(wrong),
            "Take them from the repository again: git checkout notebooks",
        )
    return Check("notebooks", "ok", f"{len(NAMES)} stage notebooks can be read")


def example() -> Check:
    """Whether the built-in examples load."""
    from veritrain_lib.core.task import load_task

    try:
        names = [load_task(project.example_task(name)).name for name in project.EXAMPLES]
    except UserError as error:
        return Check(
            "example",
            "fail",
            str(error),
            "Take it from the repository again: git checkout veritrain_lib/examples",
        )
    return Check("example", "ok", f"tasks {' and '.join(names)} load")


def kernel() -> Check:
    """Whether a notebook runs: a kernel starts, answers and ends."""
    import nbformat

    from veritrain_lib.execution.notebook import execute_notebook

    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("assert 1 + 1 == 2")])  # type: ignore[no-untyped-call]
    with tempfile.TemporaryDirectory() as folder:
        notebook = Path(folder) / "check.ipynb"
        notebook.write_text(nbformat.writes(made), encoding="utf-8")  # type: ignore[no-untyped-call]
        outcome = execute_notebook(notebook, Path(folder) / "done.ipynb", cell_timeout_s=KERNEL_SECONDS)
    if outcome.ok:
        return Check("kernel", "ok", f"a notebook ran in {outcome.seconds:.1f} s")
    return Check(
        "kernel",
        "fail",
        f"a one-line notebook {outcome.status.replace('_', ' ')}: {outcome.error}",
        "Run: rm -f .venv/.ready && make setup. A firewall or sandbox may also forbid local sockets.",
    )


def browser() -> Check:
    """Whether there is a Chromium; only browser tests need one."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
        found = next((str(path) for path in sorted(cache.glob("chromium*"))), None)
    if found is None:
        return Check(
            "browser", "ok", "no Chromium; only browser tests need one (install: playwright install chromium)"
        )
    return Check("browser", "ok", f"Chromium at {found}")
