"""The committed notebooks, in the order in which a person works through them."""

from __future__ import annotations

from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"

ORDER = (
    "00_overview",
    "01_probe",
    "02_generate",
    "03_gate",
    "04_train",
    "05_evaluate",
    "06_report",
    "compare",
    "label",
)


@pytest.fixture(scope="session")
def folder() -> Path:
    """Where the notebooks are."""
    return NOTEBOOKS
