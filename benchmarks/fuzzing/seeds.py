"""Small whole files of every format: what a mutation begins with."""

from __future__ import annotations

import io
import json
from functools import cache

TEXTS = [
    "Where is my parcel?",
    'I said "now", and\nmeant it',
    "請求書が届いていません",
    "=1+1",
    "",
    "x" * 300,
]
LABELS = ["delivery", "billing", "access"]
ROWS = [{"text": text, "label": LABELS[at % 3], "n": at} for at, text in enumerate(TEXTS)]


def _csv(mark: str, encoding: str) -> bytes:
    import csv

    made = io.StringIO(newline="")
    csv.writer(made, delimiter=mark).writerows([list(ROWS[0]), *(list(row.values()) for row in ROWS)])
    return made.getvalue().encode(encoding)


def _excel() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.append(list(ROWS[0]))
    for row in ROWS:
        sheet.append([row["text"], row["label"], row["n"]])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([{**row, "list": [row["label"]]} for row in ROWS]), made)
    return made.getvalue()


def _exports() -> list[object]:
    result = [{"from_name": "topic", "type": "choices", "value": {"choices": ["delivery"]}}]
    return [
        [{"data": {"text": "hi"}, "annotations": [{"completed_by": 1, "result": result}]}],
        [{"fields": {"text": "hi"}, "responses": {"label": [{"value": "access", "status": "submitted"}]}}],
        [{"text": "hi", "label": ["delivery"]}, {"text": "ho", "label": [[0, 1, "PER"]]}],
    ]


TASK = """\
version: 1
name: fuzzed
inputs:
  text: {language: en, description: "what was written"}
target:
  field: label
  labels: &labels [delivery, billing, access]
  descriptions: {delivery: where is it}
contract:
  type: object
  required: [label]
  properties: {label: {enum: *labels}}
slices: {by: [label], length_of: text, length_bands: [8, 20]}
metrics:
  - {name: accuracy, version: 1, higher_is_better: true}
gate: classification
data: {seed: rows.csv, development: rows.csv, test: rows.csv, pool: rows.csv, labels: labels.csv}
teacher: {name: pool, choose: uncertainty, batch: 5, parameters: {}}
trainer: {name: tfidf_svc, parameters: {C: 1.0}}
budget: {rounds: 2, rows_per_round: 10, money: 1.5}
goal: {at_least: 0.95}
promotion: {max_looks: 3, alpha: 0.05, spending: even, slice_margin: 0.1}
glossary: {parcel: Paket}
seed: 7
"""


@cache
def seeds() -> dict[str, list[bytes]]:
    """Whole files by suffix; `.yaml` are task files."""
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS).encode()
    arrays = [json.dumps(value).encode() for value in [ROWS, *_exports()]]
    return {
        ".csv": [_csv(",", "utf-8"), _csv(";", "utf-8-sig"), _csv("\t", "utf-16"), _csv(",", "cp932")],
        ".tsv": [_csv("\t", "utf-8")],
        ".jsonl": [lines, *arrays[3:]],
        ".json": arrays,
        ".xlsx": [_excel()],
        ".parquet": [_parquet()],
        ".yaml": [TASK.encode()],
    }
