"""Every notebook runs as it stands, in the order of the loop, on a store that holds the seed model and nothing else.

The fast tests run the same cells on a small task without kernels (`test_cells_run.py`).
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
ORDER = (
    "00_overview",
    "01_probe",
    "02_generate",
    "03_gate",
    "04_train",
    "05_evaluate",
    "06_report",
    "compare",
    "label",
    "sweep",
)


@pytest.mark.slow
def test_every_notebook_passes_nbval_from_the_seed_model_on(home: Any) -> None:
    from veritrain_lib.stages.inputs.tasks import find_task
    from veritrain_lib.stages.record.upstream import run_upstream

    run_upstream(find_task(), "train")
    files = [f"{name}.ipynb" for name in ORDER]
    assert {NOTEBOOKS / file for file in files} == set(NOTEBOOKS.glob("*.ipynb"))
    before = {path: path.read_bytes() for path in NOTEBOOKS.glob("*")}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--nbval-lax",
            # Warm kernels: the plain one's two minutes of imports are seen by tests/notebooks/test_run_again.py.
            "--nbval-kernel-name",
            "veritrain",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            *files,
        ],
        cwd=NOTEBOOKS,
        env=home.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert re.search(r"^\d+ passed", done.stdout.splitlines()[-1])
    assert home.runs("probe") == home.runs("report") == ["FINISHED"]
    assert set(home.runs()) == {"FINISHED"}
    assert {path: path.read_bytes() for path in NOTEBOOKS.glob("*")} == before
