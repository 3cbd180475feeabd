"""Parquet files of rows in which every column is text; other values are stored as JSON text and come back unchanged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.row_keys import values_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa


def write(rows: pd.DataFrame, file: Path) -> tuple[str, ...]:
    """Write rows to a Parquet file.

    Returns:
        Names of the columns that are stored as JSON text, because some of their values are not texts.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays, json_columns = {}, []
    for name in map(str, rows.columns):
        values = values_of(rows, name)
        if not all(value is None or isinstance(value, str) for value in values):
            json_columns.append(name)
            values = [_encoded(value) for value in values]
        arrays[name] = pa.array(values, pa.large_string())
    pq.write_table(pa.table(arrays), file, compression="zstd")
    return tuple(json_columns)


def read(file: Path) -> pa.Table:
    """Return the content of a Parquet file of `write` as an Arrow table, in which JSON is still text.

    Raises:
        OSError: The file is missing or can't be read.
        ValueError: The file is incomplete, or not a Parquet file.
    """
    import pyarrow.parquet as pq

    # The file's handle is closed here: on a network file system an open file can't be replaced.
    return pq.ParquetFile(file).read(use_threads=False)


def pick(
    tables: Sequence[tuple[pa.Table, Sequence[str]]], positions: np.ndarray, columns: Sequence[str]
) -> pd.DataFrame:
    """Return rows from several files of `write` as one data frame, with the values as they were written.

    Args:
        tables: The content of each file, and the names of its columns that are stored as JSON text.
        positions: Positions of the wanted rows, in order, among the rows of all files counted one after the other.
        columns: Names of the wanted columns, in order. A column that a file lacks is empty in that file's rows.
    """
    import pandas as pd
    import pyarrow as pa

    json_columns = {name for _, names in tables for name in names} & set(columns)
    parts = [_with_json(table, json_columns - set(names)) for table, names in tables]
    every = pa.concat_tables(parts, promote_options="default") if parts else pa.table({})
    missing = [name for name in columns if name not in every.column_names]
    for name in missing:
        every = every.append_column(name, pa.nulls(every.num_rows, pa.large_string()))
    chosen = every.select(list(columns)).take(pa.array(positions, pa.int64()))
    rows: pd.DataFrame = chosen.to_pandas()
    for name in json_columns:
        decoded = [None if text is None else json.loads(text) for text in values_of(rows, name)]
        column = pd.Series(decoded, dtype=object, index=rows.index)
        # Among mixed types pandas would turn a whole number into a fraction.
        rows[name] = column.infer_objects() if len(set(map(type, decoded))) == 1 else column
    return rows


def _with_json(table: pa.Table, names: set[str]) -> pa.Table:
    """Return a table in which the texts of the named columns are encoded as JSON.

    It is needed for columns that are JSON in another file, so that all tables agree.
    """
    import pyarrow as pa

    for name in sorted(names & set(table.column_names)):
        encoded = [_encoded(value) for value in table.column(name).to_pylist()]
        table = table.set_column(table.column_names.index(name), name, pa.array(encoded, pa.large_string()))
    return table


def _encoded(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
