"""Tables of a stored result: there when asked for, also after their folder has gone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from veritrain_lib.stages.stored_tables import StoredTables


@pytest.fixture
def stored(tmp_path: Path) -> StoredTables:
    pd.DataFrame({"id": ["a", "b"], "share": [0.25, None]}).to_parquet(tmp_path / "rows.parquet", index=False)
    (tmp_path / "broken.parquet").write_bytes(b"no table")
    found = StoredTables(tmp_path, ["rows", "broken"])
    shutil.rmtree(tmp_path)
    return found


def test_a_table_is_as_it_was_written(stored: StoredTables) -> None:
    pd.testing.assert_frame_equal(stored["rows"], pd.DataFrame({"id": ["a", "b"], "share": [0.25, None]}))
    assert stored["rows"] is stored["rows"]


def test_names_are_known_without_parsing(stored: StoredTables) -> None:
    assert list(stored) == ["rows", "broken"]
    assert len(stored) == 2
    assert "broken" in stored
    assert "none" not in stored
    assert stored.get("none") is None


def test_a_table_that_is_none_says_so_when_asked_for(stored: StoredTables) -> None:
    with pytest.raises(ValueError, match=r"[Pp]arquet"):
        stored["broken"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"rows\.parquet"):
        StoredTables(tmp_path, ["rows"])
