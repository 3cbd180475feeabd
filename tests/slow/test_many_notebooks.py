"""Many notebooks on warm kernels, one after another and eight at once, leave nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from tests.execution.warm_owners import write_notebook
from veritrain_lib.fast.warm.zygote_main import SPARES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

ROOT = Path(__file__).resolve().parents[2]
MEGABYTE = 2**20

MANY = """
import json, os, sys, tempfile, time
from pathlib import Path
import psutil
from veritrain_lib.execution import Job, LocalRunner, execute_notebook
from veritrain_lib.fast.warm import stack
from veritrain_lib.fast.warm.zygote_main import SPARES
stack.code_state = lambda: "as it was"  # whoever edits the library meanwhile

folder = Path(sys.argv[1])
owner = psutil.Process()

def state():
    for _ in range(60):  # new spares are being forked, one at a time
        time.sleep(0.5)
        below = owner.children(recursive=True)
        if len(below) == 1 + SPARES:
            break
    time.sleep(2)  # the last of them gets ready
    [zygote] = owner.children()
    return {
        "processes": sorted(process.name() for process in below if process != zygote),
        "zygote": zygote.pid,
        "descriptors": [process.num_fds() for process in (owner, zygote)],
        "memory": [process.memory_full_info().uss for process in (owner, zygote)],
        "proportional": [process.memory_full_info().pss for process in (owner, zygote)],
        "threads": [process.num_threads() for process in (owner, zygote)],
        "connections": [len(process.net_connections("all")) for process in (owner, zygote)],
        "files": sorted(str(path) for path in Path(tempfile.gettempdir()).rglob("*") if path.is_file()),
        "sockets": sorted(str(path) for path in Path(tempfile.gettempdir()).rglob("*") if path.is_socket()),
    }

states, seconds = {}, []
for number in range(1, 41):
    began = time.monotonic()
    outcome = execute_notebook(folder / "one.ipynb", folder / "out.ipynb", {"number": number}, warm=True)
    seconds.append(time.monotonic() - began)
    assert outcome.ok, outcome.error
    if number in (10, 40):
        states[number] = state()
for again in range(3):
    jobs = [Job(f"{n}", folder / "one.ipynb", folder / f"out{n}.ipynb", {"number": n}) for n in range(8)]
    runner = LocalRunner(warm=True, at_once=8)
    outcomes = runner.run(jobs)
    runner.finish()
    assert all(outcome.ok for outcome in outcomes), outcomes
    states[f"8 at once, {again + 1}"] = state()
print(json.dumps({"states": states, "seconds": seconds}))
"""


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose name leaves room for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="vt-many-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


def test_forty_in_a_row_and_eight_at_once_leave_nothing(
    tmp_path: Path, short_folder: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = write_notebook(
        tmp_path / "one.ipynb",
        "number: int = 0  # any",
        "import pandas as pd\nframe = pd.DataFrame({'n': range(number)})\nframe.describe()",
        "import matplotlib.pyplot as plt\nplt.plot(range(number)); print(number, 'done')",
    )
    content = nbformat.read(notebook, 4)
    content.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(content, notebook)

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MANY, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(short_folder)},
        capture_output=True,
        text=True,
        timeout=1200,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    seconds, states = told["seconds"], told["states"]
    early, late = states.pop("10"), states.pop("40")
    grown = [(b - a) / MEGABYTE for a, b in zip(early["memory"], late["memory"], strict=True)]
    with capsys.disabled():
        print(
            f"\n40 notebooks: median {sorted(seconds)[20]:.2f} s, longest {max(seconds[1:]):.2f} s after the "
            f"first ({seconds[0]:.1f} s); owner and zygote grew by {grown[0]:.1f} and {grown[1]:.1f} MB from "
            f"the 10th to the 40th; descriptors {early['descriptors']} and {late['descriptors']}, "
            f"after 8 at once {[one['descriptors'] for one in states.values()]}"
        )
    assert early["zygote"] == late["zygote"]
    for state in (early, late, *states.values()):
        assert state["processes"] == ["vt-spare"] * SPARES
        assert state["descriptors"][1] == early["descriptors"][1]
        assert state["threads"] == early["threads"]
        assert state["files"] == early["files"]
        assert state["sockets"] == [], "those of the spares lie elsewhere"
    assert late["descriptors"] == early["descriptors"]
    assert late["connections"] == early["connections"]
    assert max(grown) < 4
    eights = list(states.values())
    assert eights[-1]["descriptors"] == eights[1]["descriptors"]
    assert (eights[-1]["memory"][0] - eights[1]["memory"][0]) / MEGABYTE < 4
    assert list(short_folder.rglob("*")) == [], "the owner has ended, and its kernels with it"
    assert sorted(seconds)[38] < 10 * sorted(seconds)[20], "a kernel waited for something in vain"
