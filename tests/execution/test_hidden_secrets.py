"""Secrets of the environment are in no executed notebook, whichever program ran it and however a cell shows them."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from veritrain_lib.execution.html import export_html

SECRET = "sk-canary-\"9f27\\'b3äx-%/+55c04d2e"
"""With signs that every way of writing changes."""

PRELUDE = (
    "import os, json, sys, base64, urllib.parse, IPython.display as d\nS = os.environ['SERVICE_TOKEN']\n"
)
SHOWN = {
    "print": "print('it is', S)",
    "repr": "print(repr(S), [S], {'a': S})",
    "environ": "print(os.environ)\nprint(dict(os.environ))",
    "stderr": "print(S, file=sys.stderr)",
    "pieces": "for c in S: sys.stdout.write(c); sys.stdout.flush()",
    "two streams": "h = len(S) // 2\nprint(S[:h], end='', flush=True); print('x', file=sys.stderr, flush=True); print(S[h:], flush=True)",
    "child": "import subprocess; subprocess.run(['sh', '-c', 'echo $SERVICE_TOKEN'])",
    "json": "print(json.dumps({'t': S}), json.dumps(json.dumps(S)))",
    "address": "print(urllib.parse.quote(S, safe=''), urllib.parse.urlencode({'q': S}))",
    "base64": "print(base64.b64encode(b'user:' + S.encode()).decode(), base64.urlsafe_b64encode(b'me:' + S.encode()))",
    "hexadecimal": "print(S.encode().hex())",
    "bytes": "print(S.encode())",
    "last value": "S",
    "last bytes": "S.encode()",
    "html": "d.HTML('<b>' + __import__('html').escape(S) + '</b>')",
    "table": "__import__('pandas').DataFrame({'v': [S], S: [1]})",
    "many types": "d.display({'text/plain': S, 'text/html': S, 'text/latex': S, 'application/json': {S: [S]}, "
    "'image/svg+xml': '<svg>' + S + '</svg>', 'application/vnd.own+json': {'a': {'b': S}}}, raw=True, metadata={'m': S})",
    "picture": "d.display({'image/png': base64.b64encode(b'PNG tEXt ' + S.encode()).decode()}, raw=True)",
    "updated": "h = d.display('wait', display_id=True); h.update(S)",
    "coloured": "print('\\x1b[31m' + S[:9] + '\\x1b[0m' + S[9:])",
    "markdown": "d.Markdown('# ' + S)",
    "warning": "import warnings; warnings.warn(S)",
    "log": "import logging; logging.getLogger('x').error('failed %s', S)",
    "address with password": "print('postgresql://me:' + os.environ['DB_PASSWORD'] + '@db/x')",
    "own variable": "os.environ['OTHER_TOKEN'] = 'zz-set-in-a-cell-77'; print(os.environ['OTHER_TOKEN'])",
    "error": "raise RuntimeError(S)",
}
FORMS = [
    SECRET, repr(SECRET)[1:-1], json.dumps(SECRET)[1:-1], json.dumps(SECRET, ensure_ascii=False)[1:-1], "sk-canary",
    base64.b64encode(b"user:" + SECRET.encode()).decode()[8:-4], SECRET.encode().hex(), "55c04d2e", "nobody-guesses-4",
]  # fmt: skip
ENVIRONMENT = {"SERVICE_TOKEN": SECRET, "DB_PASSWORD": "nobody-guesses-4"}


def _notebook(place: Path) -> Path:
    node = nbformat.v4.new_notebook()
    node.cells = [nbformat.v4.new_code_cell(PRELUDE)]
    for code in SHOWN.values():
        node.cells.append(nbformat.v4.new_code_cell(code))
    node.metadata["kernelspec"] = {"name": "veritrain", "display_name": "veritrain", "language": "python"}
    nbformat.write(node, place)
    return place


def _unmark(executed: Path) -> None:
    """Take out the cells that papermill adds to a notebook that failed."""
    node = nbformat.read(executed, 4)
    node.cells = [cell for cell in node.cells if cell.cell_type == "code"]
    nbformat.write(node, executed)


def _leaks(executed: Path) -> list[str]:
    text = executed.read_text(encoding="utf-8")
    cells = nbformat.read(executed, 4).cells
    names = ["prelude", *SHOWN]
    found = []
    for name, cell in zip(names, cells, strict=True):
        shown = json.dumps(cell.outputs, ensure_ascii=False) + json.dumps(cell.outputs)
        found += [f"{name}: {form}" for form in FORMS if form in shown]
    found += [f"somewhere: {form}" for form in FORMS if form in text]
    page = export_html(executed, executed.with_suffix(".html")).read_text(encoding="utf-8")
    return found + [f"page: {form}" for form in FORMS if form in page]


@pytest.mark.parametrize("warm", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_the_executed_notebook_and_its_page_hold_no_secret_of_the_environment(
    run, tmp_path: Path, warm: bool
) -> None:
    from veritrain_lib.execution.notebook import execute_notebook

    done = tmp_path / "done.ipynb"
    outcome = execute_notebook(_notebook(tmp_path / "n.ipynb"), done, environment=ENVIRONMENT, warm=warm)

    assert outcome.status == "failed"
    assert (outcome.failed_cell, outcome.cells_run) == (len(SHOWN), len(SHOWN))
    assert outcome.error == "RuntimeError: [hidden: SERVICE_TOKEN]"
    assert _leaks(done) == []
    if warm:  # a kernel of ours knows what a cell put into its environment
        assert "zz-set-in-a-cell-77" not in str(nbformat.read(done, 4).cells[-2].outputs)


@pytest.mark.slow
def test_plain_papermill_on_a_warm_kernel_holds_none_either(tmp_path: Path) -> None:
    done = tmp_path / "done.ipynb"
    words = [sys.executable, "-m", "papermill", str(_notebook(tmp_path / "n.ipynb")), str(done)]
    # Under pytest's variable ipykernel leaves what child processes print alone.
    environment = {**os.environ, **ENVIRONMENT}
    del environment["PYTEST_CURRENT_TEST"]
    ended = subprocess.run(
        [*words, "-k", "veritrain", "--no-progress-bar", "--log-output"],
        env=environment, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert ended.returncode != 0
    assert done.exists(), ended.stderr
    _unmark(done)
    assert _leaks(done) == []
    said = (ended.stdout + ended.stderr).splitlines()
    assert [
        said[at - 2 : at + 3] for at, line in enumerate(said) if any(form in line for form in FORMS)
    ] == []


def test_honest_output_keeps_its_words(run, tmp_path: Path) -> None:
    """What is short, common or shown by other variables too is no secret wherever it stands."""
    from veritrain_lib.execution.notebook import execute_notebook

    node = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("print('1 admin of postgres keeps 4096 keys')")]
    )
    nbformat.write(node, tmp_path / "n.ipynb")
    given = {
        "FLAG_KEY": "1",
        "USER": "admin",
        "ADMIN_PASSWORD": "admin",
        "POSTGRES_PASSWORD": "postgres",
        "MAX_TOKENS": "4096",
    }
    execute_notebook(tmp_path / "n.ipynb", tmp_path / "done.ipynb", environment=given)
    assert (
        nbformat.read(tmp_path / "done.ipynb", 4).cells[0].outputs[0].text
        == "1 admin of postgres keeps 4096 keys\n"
    )
