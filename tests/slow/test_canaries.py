"""A thousand secrets in the environment of cells that show them in every form and fail: none is in the project after it."""

from __future__ import annotations

import base64
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from pypdf import PdfReader

from tests.stages.tiny_task import write_tiny

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

COUNT = 1_000
WORD = "canary"
"""In the middle of each secret; whatever form it is written in, this part of it can be looked for."""

FORMS = [WORD, WORD.encode().hex(), "Y2FuYXJ5", "NhbmFye", "jYW5hcn"]
"""Plain, hexadecimal, and the letters that base64 makes of it in each of its three positions."""

SHOW = """
import base64, html, json, logging, os, sys, urllib.parse, warnings
import IPython.display as shown
ALL = {name: value for name, value in os.environ.items() if name.startswith("CANARY_")}
assert len(ALL) == 1_000, len(ALL)
print(os.environ)
print(ALL, file=sys.stderr)
for value in ALL.values():
    print(value[:9], end="", flush=False); print(value[9:])
print(json.dumps(json.dumps(ALL)), urllib.parse.urlencode(ALL))
print([base64.b64encode(f"user:{value}".encode()) for value in ALL.values()])
print([value.encode().hex() for value in ALL.values()])
shown.display(shown.HTML("<p>" + html.escape(str(ALL)) + "</p>"), shown.JSON(ALL), shown.Markdown(str(ALL)))
shown.display({"text/plain": "x", "application/x-own+json": ALL}, raw=True, metadata=ALL)
logging.getLogger("own").error("all: %s", ALL)
warnings.warn(str(ALL))
"""


def _canaries() -> dict[str, str]:
    draw = random.Random(14)
    made = {}
    for number in range(COUNT):
        value = f"zq{draw.getrandbits(32):08x}{WORD}{draw.getrandbits(40):010x}"
        name = f"CANARY_{number:04d}_"
        kind = number % 4
        if kind == 0:
            made[name + "TOKEN"] = value
        elif kind == 1:
            made[name + "PASSWORD"] = value
        elif kind == 2:
            made[name + "ADDRESS"] = f"postgresql://me:{value}@db{number}/x"
        else:
            made[name + "SETTINGS_KEY"] = json.dumps({"user": "me", "secret": value})
    return made


def _project(folder: Path) -> Path:
    """A project of its own whose gate and report notebooks show all of it; that of the gate then fails."""
    from veritrain_lib.core import project

    (folder / "notebooks").mkdir(parents=True)
    for notebook in project.notebooks().glob("0*.ipynb"):
        node = nbformat.read(notebook, 4)
        if notebook.stem in ("01_probe", "06_report"):
            node.cells.append(nbformat.v4.new_code_cell(SHOW))
        if notebook.stem == "01_probe":
            node.cells.append(nbformat.v4.new_code_cell("raise RuntimeError(str(ALL))"))
        nbformat.write(node, folder / "notebooks" / notebook.name)
    return write_tiny(folder / "task")


def _found(folder: Path) -> dict[str, int]:
    """Files of the project by kind in which any form of a canary is, PDFs by their text too."""
    found: dict[str, int] = {}
    pattern = re.compile("|".join(FORMS).encode())
    for file in folder.rglob("*"):
        if not file.is_file():
            continue
        content = file.read_bytes()
        if file.suffix == ".pdf":
            content += "".join(page.extract_text() for page in PdfReader(file).pages).encode()
        place = file.suffix or file.name
        found[place] = found.get(place, 0) + bool(pattern.search(content))
    return found


def test_of_a_thousand_secrets_none_is_left_in_the_project_nor_on_the_terminal(tmp_path: Path) -> None:
    canaries = _canaries()
    assert any(
        re.search("|".join(FORMS), base64.b64encode(f"user:{value}".encode()).decode())
        for value in canaries.values()
    )
    folder = tmp_path / "project"
    task = _project(folder)
    temporary = folder / "tmp"
    temporary.mkdir()
    environment = {
        **os.environ, **canaries, "VERITRAIN_HOME": str(folder), "HOME": str(folder), "TMPDIR": str(temporary),
    }  # fmt: skip
    said: dict[str, tuple[int, str]] = {}
    # The first command executes five stages by warm kernels, the second its own by a cold one.
    for words in (("report", "--run-upstream"), ("probe",), ("status",)):
        ended = subprocess.run(
            [sys.executable, "-m", "veritrain_lib.cli.main", words[0], str(task), *words[1:]],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=900,
        )  # fmt: skip
        said[words[0]] = ended.returncode, ended.stdout + ended.stderr
    unreachable = {"MLFLOW_TRACKING_URI": canaries["CANARY_0002_ADDRESS"].replace("db2", "127.0.0.1:1")}
    ended = subprocess.run(
        [sys.executable, "-m", "veritrain_lib.cli.main", "status"],
        cwd=folder, env={**environment, **unreachable}, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    said["status of an unreachable store"] = ended.returncode, ended.stdout + ended.stderr

    codes = {name: code for name, (code, _) in said.items()}
    assert (codes["report"], codes["probe"]) == (0, 3), said
    assert codes["status of an unreachable store"] == 3
    found = _found(folder)
    found["terminal"] = sum(bool(re.search("|".join(FORMS), text)) for _, text in said.values())
    print(json.dumps(found, sort_keys=True))
    assert {".ipynb", ".html", ".pdf", ".db"} <= set(found)
    shown = [file.read_text(encoding="utf-8") for file in (folder / "mlruns").rglob("0*.ipynb")]
    assert sum("[hidden: CANARY_0000_TOKEN]" in text for text in shown) == 2, "the cells did show them"
    assert {place: count for place, count in found.items() if count} == {}
