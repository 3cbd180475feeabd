"""Many notebooks leave nothing behind, and the same seed gives the same outputs, on warm kernels and on cold ones."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from bs4 import BeautifulSoup, Tag

from tests.execution.warm_owners import write_notebook
from tests.stages.tiny_task import write_tiny
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
for number in range(1, 201):
    began = time.monotonic()
    outcome = execute_notebook(folder / "one.ipynb", folder / "out.ipynb", {"number": number}, warm=True)
    seconds.append(time.monotonic() - began)
    assert outcome.ok, outcome.error
    if number in (40, 200):
        states[number] = state()
for again in range(5):
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


def test_two_hundred_in_a_row_and_eight_at_once_leave_nothing(
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
    early, late = states.pop("40"), states.pop("200")
    grown = [(b - a) / MEGABYTE for a, b in zip(early["memory"], late["memory"], strict=True)]
    with capsys.disabled():
        print(
            f"\n200 notebooks: median {sorted(seconds)[100]:.2f} s, longest {max(seconds[1:]):.2f} s after the "
            f"first ({seconds[0]:.1f} s); owner and zygote grew by {grown[0]:.1f} and {grown[1]:.1f} MB from "
            f"the 40th to the 200th; descriptors {early['descriptors']} and {late['descriptors']}, "
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
    assert sorted(seconds)[195] < 10 * sorted(seconds)[100], "a kernel waited for something in vain"


def outputs(executed: Path, run_ids: list[str]) -> list[tuple[str, str]]:
    """What the cells show, without what differs by nature: ids of runs, times, places, measured durations."""
    shown = []
    for cell in nbformat.read(executed, 4).cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                continue  # warnings come once a process, and say where the library is
            data = dict(output.get("data") or {output.get("name", ""): output.get("text", "")})
            if "text/html" in data:
                data.pop("text/plain", None)  # the same again, as `repr` has it
                data["text/html"] = without_durations(data["text/html"])
            for kind, value in data.items():
                text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
                for run_id in run_ids:
                    text = text.replace(run_id, "RUN").replace(run_id[:8], "RUN")
                shown.append((f"{output.output_type} {kind}", _without_chance(text)))
    return shown


def without_durations(markup: str) -> str:
    """A page whose tables have nothing in a column `seconds` and no row of that name."""
    page = BeautifulSoup(markup, "html.parser")
    for table in page.find_all("table"):
        head, *rows = table.find_all("tr")
        measured = [at for at, cell in enumerate(head.find_all(["th", "td"])) if is_duration(cell)]
        for row in rows:
            cells = row.find_all(["th", "td"])
            for at in measured:
                cells[at].string = "DURATION"
            if is_duration(cells[0]):
                row.decompose()
    return str(page)


def is_duration(cell: Tag) -> bool:
    return re.fullmatch(r"seconds(_\w+)?", cell.get_text(strip=True)) is not None


def _without_chance(text: str) -> str:
    text = re.sub(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00| UTC)?", "TIME", text)
    text = re.sub(r"/[^\s'\"<>]*/(warm|cold)\b", "HOME", text)
    text = re.sub(r"\b\d+(\.\d+)? ?(s|ms|seconds|min)\b", "DURATION", text)
    return re.sub(r"0x[0-9a-f]{8,}|id=\"[^\"]*\"", "ID", text)


def whole_loop(file: Path, folder: Path, *, warm: bool) -> dict[str, Any]:
    """Run the loop, and tell all that has to be the same the next time."""
    from veritrain_lib.core.task import load_task
    from veritrain_lib.execution import LocalRunner
    from veritrain_lib.loop.loop import run_loop
    from veritrain_lib.tracking import datasets, models, runs

    task = load_task(file)
    result = run_loop(task, runner=LocalRunner(warm=warm))
    run_ids = [run.info.run_id for run in runs.search(task)]
    stages: dict[str, Any] = {}
    for run in runs.search(task, "tags.`veritrain.kind` = 'stage'"):
        name = run.data.tags["mlflow.runName"] + " " + run.data.tags.get("veritrain.input.dataset", "")
        got = folder / run.info.run_id
        got.mkdir(parents=True)
        [executed] = runs.fetch(run.info.run_id, "notebook", got).glob("*.ipynb")
        metrics = {key: value for key, value in run.data.metrics.items() if "seconds" not in key}
        stages[name] = {
            "metrics": metrics,
            "headline": run.data.tags.get("mlflow.note.content"),
            "status": run.info.status,
        }
        stages[name]["outputs"] = outputs(executed, run_ids)
    return {
        "verdict": (result.stopped, result.rounds, result.verdict),
        "datasets": sorted((one.status, one.digest) for one in datasets.listing(task)),
        "models": sorted(one.digest for one in models.listing(task)),
        "stages": stages,
    }


def test_the_same_seed_gives_the_same_outputs_warm_and_cold(
    tmp_path: Path, new_home: Callable[[Path], Path]
) -> None:
    told = {}
    for name, warm in {"warm": True, "cold": False}.items():
        home = new_home(tmp_path / name)
        file = write_tiny(home / "task", budget={"rounds": 1, "rows_per_round": 15})
        told[name] = whole_loop(file, tmp_path / f"fetched {name}", warm=warm)

    first, again = told["warm"], told["cold"]
    assert len(first["datasets"]) >= 3
    assert len(first["models"]) == 2
    assert {name.split("·")[-1].split()[0] for name in first["stages"]} >= {
        "probe", "generate", "gate", "train", "evaluate", "report"
    }  # fmt: skip
    for part in ("verdict", "datasets", "models"):
        assert again[part] == first[part], part
    assert again["stages"].keys() == first["stages"].keys()
    for name, stage in first["stages"].items():
        other = again["stages"][name]
        for part in ("status", "headline", "metrics"):
            assert other[part] == stage[part], f"{part} of {name}"
        assert [kind for kind, _ in other["outputs"]] == [kind for kind, _ in stage["outputs"]], name
        for (kind, text), (_, expected) in zip(other["outputs"], stage["outputs"], strict=True):
            assert text == expected, f"{kind} of {name}"
