"""Tables of a stored result: there when asked for, also after their folder has gone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from veritrain_lib.stages.stored_tables import POSITION, DatasetPositions, StoredTables


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


DATASET = pd.DataFrame(
    {
        "id": ["a", "b", "b"],
        "text": ["one", "two", "two"],
        "label": ["x", "y", "z"],
        "scene": [None, "m", "m"],
    }
)


def test_a_view_holds_positions_and_what_the_dataset_lacks_and_opens_as_the_table(tmp_path: Path) -> None:
    table = DATASET.iloc[[2, 0]].assign(reasons=["long", "short"])[["reasons", "id", "text", "label"]]
    view = DatasetPositions(DATASET).view_of(table.assign(scene=["m", None]))
    assert view is not None
    assert view.to_dict("list") == {POSITION: [2, 0], "reasons": ["long", "short"]}
    view.to_parquet(tmp_path / "warnings.parquet", index=False)
    found = StoredTables(tmp_path, ["warnings"], {"warnings": list(table.columns)}, lambda: DATASET)
    assert found.row_count("warnings") == 2
    pd.testing.assert_frame_equal(found["warnings"], table.reset_index(drop=True), check_dtype=False)
    assert found.row_count("warnings") == 2


def test_a_row_with_the_id_of_a_dataset_row_and_another_label_makes_no_view() -> None:
    assert DatasetPositions(DATASET).view_of(DATASET.assign(label="z")) is None
    empty = DatasetPositions(DATASET).view_of(DATASET.iloc[:0])
    assert empty is not None
    assert len(empty) == 0


def test_a_view_says_that_it_needs_its_dataset(tmp_path: Path) -> None:
    pd.DataFrame({POSITION: [0]}).to_parquet(tmp_path / "rows.parquet", index=False)
    with pytest.raises(ValueError, match="refers to rows of a dataset"):
        StoredTables(tmp_path, ["rows"], {"rows": ["id"]})["rows"]


def test_rows_are_counted_without_their_dataset(tmp_path: Path) -> None:
    pd.DataFrame({POSITION: [0, 1, 2]}).to_parquet(tmp_path / "rows.parquet", index=False)
    assert StoredTables(tmp_path, ["rows"], {"rows": ["id"]}).row_count("rows") == 3
