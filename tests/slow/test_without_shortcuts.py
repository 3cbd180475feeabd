"""With every short cut off (`VERITRAIN_FAST=0`: cold kernels too) the loop comes to the same data, models, verdicts and outputs."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from bs4 import BeautifulSoup, Tag
from PIL import Image

from tests.stages.tiny_task import write_tiny

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


PICTURE = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]+)")


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
                data["text/html"] = PICTURE.sub(
                    lambda found: size_of(found[1]), without_durations(data["text/html"])
                )
            for kind, value in data.items():
                if kind == "image/png":
                    value = size_of(value)
                text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
                for run_id in run_ids:
                    text = text.replace(run_id, "RUN").replace(run_id[:8], "RUN")
                shown.append((f"{output.output_type} {kind}", _without_chance(text)))
    return shown


def size_of(picture: str) -> str:
    """A picture's width and height: the short cut's canvas places letters by other fractions of a pixel."""
    with Image.open(io.BytesIO(base64.b64decode(picture))) as opened:
        return str(opened.size)


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


def _loop(file: Path, switch: str, fetched: Path) -> dict[str, Any]:
    """Run the loop by its command, and return all that has to be the same the next time."""
    from veritrain_lib.core.task import load_task
    from veritrain_lib.tracking import datasets, models, runs

    loop = [sys.executable, "-m", "veritrain_lib.cli.main", "loop", str(file)]
    done = subprocess.run(loop, env={**os.environ, "VERITRAIN_FAST": switch}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    task = load_task(file)
    run_ids = [run.info.run_id for run in runs.search(task)]
    stages: dict[str, Any] = {}
    for run in runs.search(task, "tags.`veritrain.kind` = 'stage'"):
        name = run.data.tags["mlflow.runName"] + " " + run.data.tags.get("veritrain.input.dataset", "")
        folder = fetched / run.info.run_id
        folder.mkdir(parents=True)
        [executed] = runs.fetch(run.info.run_id, "notebook", folder).glob("*.ipynb")
        stages[name] = {
            "metrics": {key: value for key, value in run.data.metrics.items() if "seconds" not in key},
            "headline": run.data.tags.get("mlflow.note.content"),
            "status": run.info.status,
            # A report is about a run, whose id is another one each time.
            "digest": ""
            if run.data.tags["veritrain.stage"] == "report"
            else run.data.tags["veritrain.digest"],
            "outputs": outputs(executed, run_ids),
        }
    champion = models.by_alias(task, "champion")
    return {
        "datasets": sorted((one.status, one.digest) for one in datasets.listing(task)),
        "models": sorted(one.digest for one in models.listing(task)),
        "champion": champion.digest if champion else None,
        "stages": stages,
    }


def test_a_loop_comes_to_the_same_with_all_short_cuts_and_with_none(
    tmp_path: Path, new_home: Callable[[Path], Path]
) -> None:
    results = {}
    for name, switch in {"warm": "1", "cold": "0"}.items():
        home = new_home(tmp_path / name)
        budget = {"rounds": 1, "rows_per_round": 15, "money": 0}
        file = write_tiny(home / "task", budget=budget, goal=None)
        results[name] = _loop(file, switch, tmp_path / f"fetched {name}")

    fast, plain = results["warm"], results["cold"]
    assert len(fast["datasets"]) >= 3
    assert len(fast["models"]) == 2
    assert {name.split("·")[-1].split()[0] for name in fast["stages"]} >= {
        "probe", "generate", "gate", "train", "evaluate", "report"
    }  # fmt: skip
    for part in ("datasets", "models", "champion"):
        assert plain[part] == fast[part], part
    assert plain["stages"].keys() == fast["stages"].keys()
    for name, stage in fast["stages"].items():
        other = plain["stages"][name]
        assert other["status"] == "FINISHED"
        for part in ("status", "headline", "metrics", "digest"):
            assert other[part] == stage[part], f"{part} of {name}"
        assert [kind for kind, _ in other["outputs"]] == [kind for kind, _ in stage["outputs"]], name
        for (kind, text), (_, expected) in zip(other["outputs"], stage["outputs"], strict=True):
            assert text == expected, f"{kind} of {name}"
