"""Reader of Parquet files as texts, within limits against small files that unpack to huge tables."""

from __future__ import annotations

import io
import math
from typing import Any

from veritrain_lib.reading.fault import FileFault
from veritrain_lib.reading.json_text import as_text
from veritrain_lib.reading.table import Limits, TextTable

INDEX_PREFIX = "__index_level_"
"""Prefix of the columns in which pandas stores an index without a name; they are not read."""

BATCH_ROWS = 10_000


def read_parquet(name: str, content: bytes, limits: Limits) -> TextTable:
    """Read the table in a Parquet file as texts: lists and structures as JSON, missing values and NaN as "".

    Args:
        name: Name of the file, for messages.
        content: The bytes of the file.
        limits: Maximum size of the table and of its unpacked values.

    Raises:
        FileFault: The file is not a Parquet file, exceeds the limits, nests values too deeply, has a column twice, or
            has columns of bytes.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(content))
        schema = file.schema_arrow
        columns = [column for column in schema.names if not column.startswith(INDEX_PREFIX)]
        limits.check(name, len(columns), file.metadata.num_rows)
        _reject_columns(name, columns, schema, pa)
        text_columns = [
            column for column in columns
            if pa.types.is_string(schema.field(column).type) or pa.types.is_large_string(schema.field(column).type)
        ]  # fmt: skip
        # A text that all rows share is stored once: its total length is computed before unpacking.
        file = pq.ParquetFile(io.BytesIO(content), read_dictionary=text_columns)
        rows: list[tuple[str, ...]] = []
        size = 0
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=columns):
            cells = []
            for column in columns:
                values = batch.column(batch.schema.get_field_index(column))
                size += _unpacked_bytes(values, pa)
                if size > limits.unpacked:
                    raise FileFault(
                        f"{name} unpacks to more than {limits.unpacked // 1_000_000} MB; split the file"
                    )
                cells.append([_as_text(value) for value in values.to_pylist()])
            rows += zip(*cells, strict=True)
    except FileFault:
        raise
    except RecursionError as error:
        raise FileFault(f"{name}: a value is nested too deeply; write texts and numbers") from error
    except Exception as error:  # Arrow raises whatever its parsers do
        raise FileFault(
            f"{name} is not a readable Parquet file ({type(error).__name__}); write it anew",
            kind="format",
        ) from error
    return TextTable(name, columns, rows, range(1, len(rows) + 1))


def _reject_columns(name: str, columns: list[str], schema: Any, pa: Any) -> None:
    repeated = sorted({column for column in columns if columns.count(column) > 1})
    if repeated:
        raise FileFault(
            f"{name}: a column occurs twice: {', '.join(map(repr, repeated[:5]))}; rename one of them"
        )
    of_bytes = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    binary = [column for column in columns if any(test(schema.field(column).type) for test in of_bytes)]
    if binary:
        raise FileFault(f"{name}: the column {binary[0]!r} holds bytes; leave it out, or write it as text")


def _unpacked_bytes(values: Any, pa: Any) -> int:
    """Return the size in bytes of a column's values when each row has its own copy.

    A dictionary-encoded column stores a text that many rows share only once.
    """
    if not isinstance(values, pa.DictionaryArray):
        return int(values.nbytes)
    import pyarrow.compute as pc

    lengths = pc.binary_length(values.dictionary)
    return int(pc.sum(pc.take(lengths, values.indices)).as_py() or 0)


def _as_text(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else as_text(value)
    if value is None or isinstance(value, str | int | bool):
        return as_text(value)
    if isinstance(value, list | dict):
        return as_text(_json_safe(value))
    return str(value)


def _json_safe(value: Any) -> Any:
    if isinstance(value, list):
        return [_json_safe(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _json_safe(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
