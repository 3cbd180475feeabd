"""In a real JupyterLab, seen by a real browser: a notebook is run from its menu, rows are labelled by keys."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.execution.zoo_of_notebooks import kernels_of
from tests.small_task import write_task

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
TOKEN = "for-this-test-only"
WARM = "Python 3 (Veri-Train, warm)"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (apt-get install chromium)"),
]

# Cells out of sight are not drawn by default, and a fresh JupyterLab asks about news.
SETTINGS: dict[str, dict[str, Any]] = {
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


@pytest.fixture(scope="module")
def lab(home: Any) -> Iterator[str]:
    """The address of a JupyterLab on copies of the notebooks; it stops with the module."""
    shutil.copytree(NOTEBOOKS, home.path / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    for name, content in SETTINGS.items():
        file = home.path / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={home.path}",
    ]  # fmt: skip
    own = {
        "JUPYTERLAB_SETTINGS_DIR": str(home.path / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home.path / "workspaces"),
        "JUPYTER_RUNTIME_DIR": str(home.path / "runtime"),
    }
    log = (home.path / "lab.log").open("wb")
    process = subprocess.Popen(
        command, env={**home.environment, **own}, stdout=log, stderr=log, cwd=home.path
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(f"{address}/api/status?token={TOKEN}", process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=300)
        log.close()


def _wait_until_up(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail("JupyterLab did not come up within 120 s")


@pytest.fixture(scope="module")
def page(lab: str) -> Iterator[Any]:
    """A browser window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        window = browser.new_page(viewport={"width": 1300, "height": 1000})
        window.set_default_timeout(120_000)
        yield window
        browser.close()


def on_kernel(notebook: Path, kernel: str, seed: int) -> str:
    """A copy that names this kernel, has the first model made, and has a seed of its own so that its work is not found done."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    content["metadata"]["kernelspec"]["name"] = kernel
    [cell] = [one for one in content["cells"] if "parameters" in one["metadata"].get("tags", [])]
    source = re.sub(r"(?m)^seed: int = \d+", f"seed: int = {seed}", "".join(cell["source"]))
    cell["source"] = source.replace("run_upstream: bool = False", "run_upstream: bool = True")
    copy = notebook.with_name(f"{notebook.stem}_{kernel}.ipynb")
    copy.write_text(json.dumps(content), encoding="utf-8")
    return copy.name


def run_all(page: Any, lab: str, notebook: str, kernel: str = "Python 3") -> None:
    """Open a notebook and choose Run, Run All Cells."""
    page.goto(f"{lab}/lab/tree/notebooks/{notebook}?token={TOKEN}&reset")
    page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell")
    page.wait_for_selector('.jp-NotebookPanel-toolbar :text("' + kernel + '")')
    page.wait_for_selector('[data-status="idle"]')
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()


def picture(page: Any, name: str) -> Path:
    """Take a screenshot, into VERITRAIN_SCREENSHOTS when somebody wants to look at it."""
    folder = Path(os.environ.get("VERITRAIN_SCREENSHOTS") or os.environ["VERITRAIN_HOME"])
    page.screenshot(path=folder / f"{name}.png")
    return folder / f"{name}.png"


def test_a_notebook_runs_from_the_menu_and_shows_tables_and_pictures(lab: str, page: Any, home: Any) -> None:
    before = home.runs("probe")
    name = on_kernel(home.path / "notebooks" / "01_probe.ipynb", "veritrain", seed=len(before))
    run_all(page, lab, name, WARM)
    panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    panel.locator(".jp-OutputArea-output", has_text="probe: filed, run").wait_for(timeout=300_000)
    assert panel.locator(".jp-RenderedHTMLCommon table").count() >= 3
    drawn = panel.locator(".jp-OutputArea-output img").first
    assert drawn.evaluate("image => image.naturalWidth") > 500
    assert panel.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0
    assert home.runs("probe") == [*before, "FINISHED"]
    forked = [process for process in kernels_of(psutil.Process()) if process.name() == "vt-kernel"]
    assert len(forked) == 1
    assert picture(page, "probe_top").stat().st_size > 20_000
    drawn.scroll_into_view_if_needed()
    picture(page, "probe_picture")


def test_rows_are_labelled_with_the_keyboard_alone(lab: str, page: Any, home: Any) -> None:
    import pandas as pd

    from veritrain_lib.stages.generate.annotation import queue_for_annotation, read_labels
    from veritrain_lib.stages.inputs.tasks import find_task

    task = find_task(str(write_task(home.path / "task")))
    texts = ["where is my parcel", "hello there", "money back <i>now</i>", "good morning"]
    queue_for_annotation(task, pd.DataFrame({"id": list("abcd"), "text": texts, "label": ""}))
    run_all(page, lab, "label.ipynb")
    panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    panel.get_by_text("where is my parcel").wait_for()
    field = panel.get_by_placeholder("click here")
    field.click()
    for key, following in (
        ("1", "hello there"),
        ("3", "money back <i>now</i>"),
        ("u", "hello there"),
        ("2", "money back <i>now</i>"),
    ):
        page.keyboard.press(key)
        panel.get_by_text(following).wait_for()
        assert field.input_value() == ""
    page.keyboard.press("s")
    panel.get_by_text("good morning").wait_for()
    picture(page, "label_desk")
    page.keyboard.press("2")
    panel.get_by_text("money back <i>now</i>").wait_for()
    panel.get_by_role("button", name="refund").click()
    panel.get_by_text("Every row is answered (4)").first.wait_for()
    picture(page, "label_done")
    assert read_labels(task)["label"].tolist() == ["delivery", "greeting", "refund", "greeting"]


def test_a_sample_of_the_gates_rows_is_reviewed_and_its_data_docs_show_it_offline(
    lab: str, page: Any, home: Any
) -> None:
    from veritrain_lib.stages.inputs.tasks import find_task
    from veritrain_lib.stages.record import review
    from veritrain_lib.tracking import runs

    task = find_task(str(write_task(home.path / "reviewed", seed_rows=6)))
    run_all(page, lab, on_kernel(home.path / "notebooks" / "03_gate.ipynb", "python3", seed=0))
    panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    panel.locator(".jp-OutputArea-output", has_text="gate: filed, run").wait_for(timeout=300_000)
    panel.get_by_placeholder("comment (optional)").fill("is this one of ours?")
    panel.get_by_role("button", name="reject").click()
    panel.get_by_text(re.compile(r"^1 of \d+$")).wait_for()
    panel.get_by_role("button", name="accept").click()
    panel.get_by_text(re.compile(r"^2 of \d+$")).wait_for()
    panel.get_by_placeholder("your name").fill("Anna")
    picture(page, "review_desk")
    panel.get_by_role("button", name="store the review").click()
    panel.get_by_text("stored. Anna: 50.0% of the accepted rows pass (1 of 2").wait_for()
    run_id = review.gate_run(task)
    (said,) = review.reviews(run_id)
    assert [one["comment"] for one in said["comments"]] == ["is this one of ours?"]

    docs = runs.fetch(run_id, "gate", home.path) / "data_docs.html"
    asked: list[str] = []
    with page.context.browser.new_context(offline=True) as without_network:
        window = without_network.new_page()
        window.on("request", lambda request: asked.append(request.url))
        window.goto(docs.as_uri())
        assert window.get_by_text("is this one of ours?").is_visible()
        table = window.locator("table").first
        assert table.evaluate("table => getComputedStyle(table).borderCollapse") == "collapse"
        picture(window, "data_docs")
    assert asked == [docs.as_uri()]
