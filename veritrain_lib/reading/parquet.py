"""Parquet files as texts, within bounds that no small file passes by unfolding."""

from __future__ import annotations

import io
import math
from typing import Any

from veritrain_lib.reading.fault import FileFault
from veritrain_lib.reading.json_text import as_text
from veritrain_lib.reading.table import Limits, Table

INDEX = "__index_level_"
"""How columns begin in which pandas keeps an index that has no name."""

AT_ONCE = 10_000


def read_parquet(name: str, content: bytes, limits: Limits) -> Table:
    """The table in a Parquet file; lists and structures become JSON, what is missing or NaN the empty text.

    Raises FileFault for what is no Parquet file, one of more than the limits, a column that is there twice, and
    columns of bytes.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(content))
        schema = file.schema_arrow
        columns = [column for column in schema.names if not column.startswith(INDEX)]
        limits.check(name, len(columns), file.metadata.num_rows)
        _refuse_columns(name, columns, schema, pa)
        texts = [
            column for column in columns
            if pa.types.is_string(schema.field(column).type) or pa.types.is_large_string(schema.field(column).type)
        ]  # fmt: skip
        # A text that stands in every row is stored once: its length is counted before it is unfolded.
        file = pq.ParquetFile(io.BytesIO(content), read_dictionary=texts)
        rows: list[tuple[str, ...]] = []
        size = 0
        for batch in file.iter_batches(batch_size=AT_ONCE, columns=columns):
            cells = []
            for column in columns:
                held = batch.column(batch.schema.get_field_index(column))
                size += _size(held, pa)
                if size > limits.unpacked:
                    raise FileFault(
                        f"{name} unfolds to more than {limits.unpacked // 1_000_000} MB; split the file"
                    )
                cells.append([_as_text(value) for value in held.to_pylist()])
            rows += zip(*cells, strict=True)
    except FileFault:
        raise
    except RecursionError as error:
        raise FileFault(f"{name}: a value is nested too deeply; write texts and numbers") from error
    except Exception as error:  # Arrow raises whatever its parsers do
        raise FileFault(
            f"{name} is no Parquet file that can be read ({type(error).__name__}); write it anew",
            kind="format",
        ) from error
    return Table(name, columns, rows, range(1, len(rows) + 1))


def _refuse_columns(name: str, columns: list[str], schema: Any, pa: Any) -> None:
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise FileFault(
            f"{name}: a column is there twice: {', '.join(map(repr, twice[:5]))}; rename one of them"
        )
    raw = [column for column in columns if pa.types.is_binary(schema.field(column).type)]
    if raw:
        raise FileFault(f"{name}: the column {raw[0]!r} holds bytes; leave it out, or write it as text")


def _size(held: Any, pa: Any) -> int:
    """Bytes of a column's values once each row has its own."""
    if not isinstance(held, pa.DictionaryArray):
        return int(held.nbytes)
    import pyarrow.compute as pc

    lengths = pc.binary_length(held.dictionary)
    return int(pc.sum(pc.take(lengths, held.indices)).as_py() or 0)


def _as_text(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else as_text(value)
    if value is None or isinstance(value, str | int | bool):
        return as_text(value)
    if isinstance(value, list | dict):
        return as_text(_plain(value))
    return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
