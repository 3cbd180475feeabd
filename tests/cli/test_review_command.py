"""`veritrain review`: a sample goes out as a CSV and comes back with decisions."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.cli.conftest import Run


@pytest.fixture
def file(run: Run, task: Path, champion: str) -> Path:
    """A sample of the seed rows that the champion was trained on, every row accepted but one."""
    document = run("review", task, "--rows", 8, "--json").document()
    table = pd.read_csv(document["file"], dtype=str, keep_default_na=False)
    table["decision"] = ["reject", *["accept"] * (len(table) - 1)]
    table.to_csv("mine.csv", index=False)
    return Path("mine.csv")


def test_a_sample_is_written_and_what_people_said_of_it_is_stored(run: Run, task: Path, file: Path) -> None:
    document = run("review", task, "--from", file, "--reviewer", "Anna", "--json").document()
    assert document["reviewer"] == "Anna"
    assert (document["pass_rate"]["n"], document["pass_rate"]["value"]) == (8, 0.875)
    assert 0.5 < document["pass_rate"]["low"] < 0.875 < document["pass_rate"]["high"] < 1
    said = run("review", task, "--from", file, "--reviewer", "Anna")
    assert said.code == 0
    assert "Anna: 87.5% of the accepted rows pass (7 of 8" in said.out


def test_decisions_without_a_name_or_without_a_file_are_refused(run: Run, task: Path, file: Path) -> None:
    assert run("review", task, "--from", file).code == 2
    assert "there is no file lost.csv" in run("review", task, "--from", "lost.csv", "--reviewer", "A").err


def test_a_wrong_word_is_refused_with_its_row(run: Run, task: Path, file: Path) -> None:
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    table.loc[2, "decision"] = "maybe"
    table.to_csv(file, index=False)
    said = run("review", task, "--from", file, "--reviewer", "Anna")
    assert (said.code, said.out) == (2, "")
    assert "row 3: decision 'maybe'; allowed are accept, reject" in said.err
