"""Health checks of the project's own files: gate suites, stage notebooks, examples; also of a kernel and a browser."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError
from veritrain_lib.doctor.check import HealthCheck
from veritrain_lib.stages import NAMES

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

KERNEL_SECONDS = 60


def suites() -> HealthCheck:
    """Check that every gate suite in `gates/` can be loaded; one of the checks of `veritrain doctor`.

    Returns:
        The result: `ok`, or `fail` with the message of each broken suite.
    """
    from veritrain_lib.quality.suite import load_suite

    files = sorted(project.gates().glob("*.json"))
    errors = []
    for file in files:
        try:
            load_suite(str(file))
        except UserError as error:
            errors.append(f"{file.name}: {error}")
    if errors or not files:
        return HealthCheck(
            "gate suites",
            "fail",
            "; ".join(errors) or f"no suite in {project.gates()}",
            "Fix the file as the message says, or restore it from the repository: git checkout gates",
        )
    return HealthCheck("gate suites", "ok", f"{', '.join(file.stem for file in files)} load")


def notebooks() -> HealthCheck:
    """Check that every stage has a notebook with a readable parameters cell; a check of `veritrain doctor`.

    Returns:
        The result: `ok`, or `fail` with the notebooks that can't be read.
    """
    from veritrain_lib.execution.parameters import read_parameters
    from veritrain_lib.loop.stage_job import notebook_of

    errors = []
    for stage in NAMES:
        try:
            if not read_parameters(notebook_of(stage)):
                errors.append(f"{notebook_of(stage).name} has no cell tagged parameters")
        except (ValueError, OSError) as error:
            errors.append(str(error))
    if errors:
        return HealthCheck(
            "notebooks",
            "fail",
            "; ".join(errors),
            "Restore them from the repository: git checkout notebooks",
        )
    return HealthCheck("notebooks", "ok", f"{len(NAMES)} stage notebooks can be read")


def example() -> HealthCheck:
    """Check that the tasks of the built-in examples can be loaded; one of the checks of `veritrain doctor`.

    Returns:
        The result: `ok`, or `fail` with the error of the first broken task.
    """
    from veritrain_lib.core.task import load_task

    try:
        names = [load_task(project.example_task(name)).name for name in project.EXAMPLES]
    except UserError as error:
        return HealthCheck(
            "example",
            "fail",
            str(error),
            "Restore it from the repository: git checkout veritrain_lib/examples",
        )
    return HealthCheck("example", "ok", f"tasks {' and '.join(names)} load")


def kernel() -> HealthCheck:
    """Check that a one-line notebook can be executed in a kernel; one of the checks of `veritrain doctor`.

    Returns:
        The result: `ok` with the seconds it took, or `fail` with the error.
    """
    import nbformat

    from veritrain_lib.execution.notebook import execute_notebook

    content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("assert 1 + 1 == 2")])  # type: ignore[no-untyped-call]
    with tempfile.TemporaryDirectory() as folder:
        notebook = Path(folder) / "check.ipynb"
        notebook.write_text(nbformat.writes(content), encoding="utf-8")  # type: ignore[no-untyped-call]
        outcome = execute_notebook(notebook, Path(folder) / "done.ipynb", cell_timeout_s=KERNEL_SECONDS)
    if outcome.ok:
        return HealthCheck("kernel", "ok", f"a notebook ran in {outcome.seconds:.1f} s")
    return HealthCheck(
        "kernel",
        "fail",
        f"a one-line notebook {outcome.status.replace('_', ' ')}: {outcome.error}",
        "Run: rm -f .venv/.ready && make setup. A firewall or sandbox may also forbid local sockets.",
    )


def browser() -> HealthCheck:
    """Report whether a Chromium is installed; one of the checks of `veritrain doctor`.

    Returns:
        The result, which is always `ok`, since only browser tests need Chromium; with its path, or a note
        that there is none.
    """
    executable = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if executable is None:
        cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
        executable = next((str(path) for path in sorted(cache.glob("chromium*"))), None)
    if executable is None:
        return HealthCheck(
            "browser", "ok", "no Chromium; only browser tests need one (install: playwright install chromium)"
        )
    return HealthCheck("browser", "ok", f"Chromium at {executable}")
