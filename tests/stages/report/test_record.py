"""The report in the record: a page with its pictures at once, the PDF when it is asked for."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.stages.conftest import Do
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task
from veritrain_lib.reporting import pictures, render
from veritrain_lib.reporting.html import data_uri
from veritrain_lib.stages.record.start_stage import start_stage
from veritrain_lib.stages.report.record import store_pdf
from veritrain_lib.tracking import runs


def test_the_page_comes_with_the_stage_and_the_pdf_apart_with_the_stored_pictures(
    compared: Task, do: Do, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = compared
    run_id = do("report", task).run_id
    folder = runs.fetch(run_id, "report", tmp_path)
    stored = {file.name for file in folder.glob("*.png")}
    assert {"learning_curve.png", "slices.png", "removed.png"} <= stored
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("<img ") == len(stored)
    assert not (folder / "report.pdf").exists()

    monkeypatch.delattr(render, "png")  # nothing is drawn again
    store_pdf(task, run_id)
    reader = PdfReader(BytesIO((runs.fetch(run_id, "report", tmp_path) / "report.pdf").read_bytes()))
    assert sum(len(page.images) for page in reader.pages) == len(stored)
    assert "Veri-Train report" in reader.pages[0].extract_text()


def test_pictures_that_gate_and_evaluation_stored_are_shown_and_not_drawn_again(
    compared: Task, do: Do, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = compared
    gate, evaluate = (do(stage, task).run_id for stage in ("gate", "evaluate"))
    for drawing in ("removed", "slice_changes", "confused_pairs"):
        monkeypatch.delattr(pictures, drawing)

    folder = runs.fetch(do("report", task).run_id, "report", tmp_path)
    page = (folder / "report.html").read_text(encoding="utf-8")
    for run_id, name in ((gate, "removed"), (evaluate, "slices")):
        stored = (runs.fetch(run_id, "result", tmp_path) / f"{name}.png").read_bytes()
        assert (folder / f"{name}.png").read_bytes() == stored
        assert data_uri(stored, "image/png") in page


def test_remarks_of_a_cell_are_on_the_page_and_make_it_no_report_of_the_loop(
    compared: Task, tmp_path: Path
) -> None:
    task = compared
    stage = start_stage("report", {"task": str(task.path), "In": []})
    assert stage.rounds["rows"].tolist() == [stage.rounds["rows"][0]]
    assert stage.remarks == []
    own = stage.own_digest
    with pytest.raises(UserError, match="must be a list of texts"):
        stage.run(remarks="labelled by two people")
    stage.run(remarks=["Labelled by <two> people.", " "])
    stage.finish()
    page = (runs.fetch(stage.run_id, "report", tmp_path) / "report.html").read_text(encoding="utf-8")
    assert "Labelled by &lt;two&gt; people." in page
    assert page.index("Next step") < page.index("Remarks") < page.index("What changed")
    assert stage.digest != own
    assert runs.get(stage.run_id).data.tags["veritrain.edited"] == "remarks: Labelled by <two> people."

    stage.run(remarks=stage.remarks)
    assert stage.digest == own
    plain = (runs.fetch(stage.run_id, "report", tmp_path / "plain") / "report.html").read_text(
        encoding="utf-8"
    )
    assert "Remarks" not in plain
