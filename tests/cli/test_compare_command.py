"""`veritrain compare` prints what the comparison found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.mark.slow
def test_models_stand_side_by_side(run: Run, task: Path, champion: str) -> None:
    document = run("compare", task, "--json").document()
    assert [row["address"] for row in document["models"]] == [champion]
    assert document["n"] == 60
    text = run("compare", task, champion).out
    assert "Models (small, 60 development rows)" in text
    assert "accuracy" in text


@pytest.mark.slow
def test_a_model_that_is_not_there_is_refused(run: Run, task: Path, champion: str) -> None:
    said = run("compare", task, "models:/small/77")
    assert (said.code, said.out) == (2, "")
    assert "there is no model models:/small/77" in said.err
