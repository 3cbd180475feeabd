"""What every committed notebook looks like, read from its file and its syntax tree; nothing is run."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks.strip import strip
from veritrain_lib.execution.parameters import read_parameters
from veritrain_lib.stages import NAMES
from veritrain_lib.stages.base import spec_of
from veritrain_lib.stages.record.stage_work import COMMON_PARAMETERS

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
FILES = sorted(NOTEBOOKS.glob("*.ipynb"))
STAGES = [NOTEBOOKS / f"{at:02d}_{name}.ipynb" for at, name in enumerate(NAMES, start=1)]
KEPT = "nbval-check-output"

SECTIONS = ["Data", "Function", "Result", "Record"]
"""Headings of every stage notebook, in this order, so that it can be changed between data and function."""

each_notebook = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
each_stage = pytest.mark.parametrize("path", STAGES, ids=lambda path: path.stem)


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def cells(path: Path, kind: str = "code") -> list[dict[str, Any]]:
    return [cell for cell in read(path)["cells"] if cell["cell_type"] == kind]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def test_there_is_a_notebook_for_each_stage_and_four_beside_them() -> None:
    assert {path.stem for path in FILES} == {path.stem for path in STAGES} | {
        "00_overview",
        "compare",
        "label",
        "sweep",
    }


@each_notebook
def test_code_defines_nothing_and_loops_over_nothing(path: Path) -> None:
    forbidden = (
        ast.FunctionDef,
        ast.AsyncFunctionDef,
        ast.ClassDef,
        ast.Lambda,
        ast.For,
        ast.AsyncFor,
        ast.While,
        ast.Try,
    )
    for cell in cells(path):
        found = [
            node
            for node in ast.walk(ast.parse(source(cell)))
            if isinstance(node, (*forbidden, ast.comprehension))
        ]
        assert not found, f"line {source(cell)!r} belongs in the library"


@each_notebook
def test_it_begins_with_a_title_and_its_purpose(path: Path) -> None:
    first = read(path)["cells"][0]
    assert first["cell_type"] == "markdown"
    title, _, purpose = source(first).partition("\n\n")
    assert re.fullmatch(r"# \w.*", title)
    assert purpose.strip().endswith((".", "?"))


@each_notebook
def test_parameters_come_first_among_the_code_typed_and_commented(path: Path) -> None:
    tagged = [at for at, cell in enumerate(cells(path)) if "parameters" in cell["metadata"].get("tags", [])]
    assert tagged == [0]
    lines = [line for line in source(cells(path)[0]).splitlines() if line.strip()]
    for line in lines:
        assert re.fullmatch(r"[a-z_]+: (str|int|float|bool) = .+  # \S.*", line), line


@each_notebook
def test_cells_are_few_and_short(path: Path) -> None:
    assert 3 <= len(cells(path)) <= 10
    assert max(len(source(cell).splitlines()) for cell in cells(path)[1:]) <= 6


@each_notebook
def test_outputs_are_kept_only_where_they_are_compared(path: Path) -> None:
    for cell in cells(path):
        tags = cell["metadata"].get("tags", [])
        # nbval compares an output only when its cell has a count.
        assert cell["execution_count"] == (1 if KEPT in tags else None)
        assert bool(cell["outputs"]) == (KEPT in tags), source(cell)
        # Without the second tag nbstripout would take the output away at the next commit.
        assert (KEPT in tags) == ("keep_output" in tags)


def test_what_the_commit_hook_does_changes_a_run_notebook_back(tmp_path: Path) -> None:
    committed = NOTEBOOKS / "01_probe.ipynb"
    run = read(committed)
    for count, cell in enumerate(cell for cell in run["cells"] if cell["cell_type"] == "code"):
        cell["execution_count"] = count + 3
        cell["metadata"]["execution"] = {"iopub.status.busy": "now"}
        if not cell["outputs"]:
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["noise"]}]
    run["metadata"]["papermill"] = {"parameters": {}}
    copy = tmp_path / committed.name
    copy.write_text(json.dumps(run), encoding="utf-8")
    assert strip(copy)
    assert copy.read_bytes() == committed.read_bytes()
    assert not strip(copy)


def test_some_outputs_are_compared() -> None:
    kept = [path.stem for path in FILES for cell in cells(path) if cell["outputs"]]
    assert len(kept) >= 4


@each_notebook
def test_any_machine_can_open_it(path: Path) -> None:
    metadata = read(path)["metadata"]
    assert metadata["kernelspec"]["name"] == "python3"
    assert set(metadata) <= {"kernelspec", "language_info"}
    assert set(metadata["language_info"]) == {"name"}
    assert read(path)["nbformat"] == 4
    ids = [cell["id"] for cell in read(path)["cells"]]
    assert len(set(ids)) == len(ids)


def test_no_committed_notebook_needs_the_warm_kernel() -> None:
    root = NOTEBOOKS.parent
    folders = (NOTEBOOKS, root / "benchmarks", root / "tests", root / "veritrain_lib")
    found = [
        path
        for folder in folders
        for path in folder.rglob("*.ipynb")
        if ".ipynb_checkpoints" not in str(path)
    ]
    assert len(found) > len(FILES)
    for path in found:
        assert read(path)["metadata"].get("kernelspec", {}).get("name", "python3") == "python3", path


@each_notebook
def test_it_holds_no_secret_and_no_path_of_a_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for pattern in (
        r"/(home|root|Users|work|tmp|private)/",
        r"[A-Z]:\\\\",
        r"\bsk-[A-Za-z0-9]{8}",
        r"\bAKIA[0-9A-Z]{8}",
        r"(?i)(api[_-]?key|password|token|secret)\w*\s*[:=]\s*['\"]?\w",
        r"[\w.]+@[\w-]+\.[a-z]{2,}",
        r"https?://",
    ):
        assert not re.search(pattern, text), pattern


@each_stage
def test_parameters_agree_with_what_the_stage_takes(path: Path) -> None:
    declared = {one.name: (one.annotation, one.default) for one in read_parameters(path)}
    taken = {**COMMON_PARAMETERS, **spec_of(path.stem[3:]).PARAMETERS}
    assert declared == {name: (type(default).__name__, default) for name, default in taken.items()}
    assert list(declared) == list(taken)


@each_stage
def test_a_stage_notebook_begins_runs_and_closes_its_own_stage(path: Path) -> None:
    code = [source(cell) for cell in cells(path)]
    assert f'start_stage("{path.stem[3:]}", globals())' in code[1]
    runs = [number for number, cell in enumerate(code) if "stage.run(" in cell]
    assert len(runs) == 1
    assert runs[0] >= 4, "what goes in is shown before it"
    assert code[-1] == "stage.finish()"


@each_stage
def test_a_stage_notebook_goes_from_data_to_function_to_record(path: Path) -> None:
    found = read(path)["cells"]
    headings = re.findall(r"^## (\w+)", "\n".join(map(source, found)), re.MULTILINE)
    assert [heading for heading in headings if heading in SECTIONS] == SECTIONS
    assert any(line.startswith("# ") for cell in cells(path)[1:] for line in source(cell).splitlines())
    assert found[-1]["cell_type"] == "markdown"
    assert re.fullmatch(r"Try next: [^.]+(\.\w[^.]*)*\.", source(found[-1])), "one sentence"


@pytest.mark.parametrize("name", ["00_overview", "compare", "label", "sweep"])
def test_the_others_pass_each_parameter_on(name: str) -> None:
    path = NOTEBOOKS / f"{name}.ipynb"
    call = source(cells(path)[1])
    given = ", ".join(one.name for one in read_parameters(path))
    assert f"({given})" in call


@each_notebook
def test_links_between_notebooks_lead_somewhere(path: Path) -> None:
    for cell in cells(path, "markdown"):
        for target in re.findall(r"\]\(([^)]+)\)", source(cell)):
            assert (path.parent / target).is_file(), target
