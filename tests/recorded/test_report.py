"""The report in the record: a page with its pictures at once, the PDF when it is asked for."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.recorded.conftest import Do
from tests.recorded.tiny_task import write_tiny
from veritrain_lib.recorded.report import store_pdf
from veritrain_lib.reporting import render
from veritrain_lib.task import load_task
from veritrain_lib.tracking import runs


def test_the_page_comes_with_the_stage_and_the_pdf_apart_with_the_stored_pictures(
    home: Path, do: Do, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = load_task(write_tiny(home / "task"))
    do("gate", task)
    do("train", task, dataset=f"{task.name}@3")
    do("evaluate", task)
    run_id = do("report", task).run_id
    folder = runs.fetch(run_id, "report", tmp_path)
    pictures = {file.name for file in folder.glob("*.png")}
    assert {"learning_curve.png", "slices.png", "removed.png"} <= pictures
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("<img ") == len(pictures)
    assert not (folder / "report.pdf").exists()

    monkeypatch.delattr(render, "png")  # nothing is drawn again
    store_pdf(task, run_id)
    reader = PdfReader(BytesIO((runs.fetch(run_id, "report", tmp_path) / "report.pdf").read_bytes()))
    assert sum(len(page.images) for page in reader.pages) == len(pictures)
    assert "Veri-Train report" in reader.pages[0].extract_text()
