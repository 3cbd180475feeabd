"""Cases: faulty row files of every format, at every entry point that accepts such a file."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.faults.case import Case, Seen, veritrain
from veritrain_lib.core.errors import UserError

LABELS = ("billing", "access", "delivery")

ROWS = [(f"Where is my {word} number {at * 7}, please?", LABELS[at % 3]) for at, word in enumerate(
    ["invoice", "password", "parcel", "refund", "login", "order", "receipt", "account"] * 8)]  # fmt: skip

TASK = """\
version: 1
name: files
inputs: {text: {}}
target: {field: label, labels: [billing, access, delivery]}
contract: {type: object}
metrics: [{name: accuracy}]
data: {seed: rows.csv, development: dev.csv, test: test.csv, pool: pool.csv}
"""


def jsonl(rows: Sequence[tuple[str, object]]) -> bytes:
    """Return rows as a JSON Lines file."""
    return "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows).encode()


def csv(rows: Sequence[tuple[str, str]], mark: str = ",", header: str = "text{}label\n") -> bytes:
    """Return rows as a CSV file."""
    return (header.format(mark) + "".join(f'"{text}"{mark}"{label}"\n' for text, label in rows)).encode()


def excel(rows: Sequence[tuple[object, object]]) -> bytes:
    """Return rows as an Excel file."""
    from openpyxl import Workbook

    book = Workbook()
    for row in [("text", "label"), *rows]:
        book.active.append(row)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def parquet(rows: Sequence[tuple[str, str]]) -> bytes:
    """Return rows as a Parquet file."""
    import pandas as pd

    return pd.DataFrame(rows, columns=["text", "label"]).to_parquet()


def _shape(value: str) -> bytes:
    """Return the rows as JSON Lines with another value in the third one's text."""
    lines = jsonl(ROWS).decode().splitlines()
    lines[2] = '{"text": ' + value + ', "label": "delivery"}'
    return "\n".join(lines).encode()


WRONG: dict[str, tuple[str, bytes, str]] = {
    "nested_3000": ("rows.jsonl", _shape('{"a":' * 3_000 + "1" + "}" * 3_000), r"row 3: is nested too deeply"),
    "digits_5000": ("rows.jsonl", _shape("1" * 5_000), r"row 3: holds a number of more than 4300 digits"),
    "nan": ("rows.jsonl", _shape("NaN"), r"row 3: holds NaN, which is not valid JSON; write null"),
    "infinite": ("rows.jsonl", _shape("1e999"), r"row 3: holds the number 1e999"),
    "key_twice": ("rows.jsonl", _shape('"a", "text": "b"'), r"row 3: holds the key 'text' twice"),
    "zero_byte_json": ("rows.jsonl", _shape('"a\\u0000b"'), r"row 3: 'text' holds a zero byte"),
    "half_a_character": ("rows.jsonl", _shape('"\\ud800"'), r"row 3: 'text' holds half a character"),
    "zero_byte_csv": ("rows.csv", csv([*ROWS, ("a\x00b", "access")]), r"line 66 holds a zero byte"),
    "line_end_in_a_row": ("rows.csv", b"text,label\nfirst half\nand the rest,access\n", r"row 1 \(line 2\): 1 cell.*row 2"),
    "too_few_cells": ("rows.csv", b"text,label,more\na,access,x\nb,billing\n", r"row 2 \(line 3\): 2 cells under 3"),
    "too_many_cells": ("rows.csv", b"text,label\na, b,access\n", r"row 1 \(line 2\): 3 cells under 2.*quotes around"),
    "open_quote": ("rows.csv", b'text,label\n"a,access\nb,billing\n', r"row 1 \(line 2\): .*never closes"),
    "other_encoding": ("rows.csv", "text,label\nFatura geç geldi ş,billing\n".encode("cp1254"), r"not UTF-8 .*save it as UTF-8"),
    "column_twice": ("rows.csv", b"text,label,text\na,access,b\n", r"names a column twice: 'text'"),
    "zip_as_csv": ("rows.csv", excel([("a", "access")]), r"is a zip archive \(or .xlsx"),
    "old_excel": ("rows.xls", b"\xd0\xcf\x11\xe0", r"\.xls can't be read; allowed: .*\.xlsx"),
    "no_workbook": ("rows.xlsx", b"PK\x03\x04broken", r"not a readable workbook"),
    "excels_error": ("rows.xlsx", excel([("a", "access"), ("#REF!", "billing")]), r"row 2: .*Excel's error #REF!"),
    "cut_parquet": ("rows.parquet", parquet(ROWS)[:-20], r"not a readable Parquet file"),
    "one_object": ("rows.json", b'{"rows": [\n{"text": "a"}\n]}', r"one JSON object \(with the keys 'rows'\)"),
}  # fmt: skip
"""Files that no door takes: name, content, and what must be said."""


def _new_task(folder: Path, name: str, content: bytes, *more: str) -> Seen:
    (folder / name).write_bytes(content)
    return veritrain(folder, "new-task", "--from", name, "--into", "made", *more)


def _taken(folder: Path, name: str, content: bytes, *more: str) -> Seen:
    """Run `_new_task` in this process: accepted input needs the language models, loaded once for all cases."""
    from veritrain_lib.cli.new_task import new_task, show
    from veritrain_lib.new_task.make import SourceOptions, make_task

    (folder / name).write_bytes(content)
    given = ["--from", str(folder / name), "--into", str(folder / "made"), *more]
    said = dict(new_task.make_context("new-task", given).params)
    said.pop("as_json")
    source, named, into, seed = (said.pop(key) for key in ("source", "name", "into", "seed"))
    return _told(
        lambda: "\n".join(
            show(make_task(source, name=named, into=into, seed=seed, options=SourceOptions(**said)))
        )
    )


def _predict(folder: Path, name: str, content: bytes) -> Seen:
    _write_task(folder, seed="seed.csv")
    (folder / name).write_bytes(content)
    return veritrain(folder, "predict", "task.yaml", "--file", name)


def _write_task(folder: Path, seed: str = "rows.csv") -> None:
    (folder / "task.yaml").write_text(TASK.replace("rows.csv", seed), encoding="utf-8")
    for number, file in enumerate(("seed.csv", "dev.csv", "test.csv", "pool.csv")):
        (folder / file).write_bytes(csv(ROWS[number * 16 : number * 16 + 16]))


def _task_file(folder: Path, name: str, content: bytes) -> Seen:
    """Read the task's file in this process, by the function that every stage uses."""
    from veritrain_lib.core.task import load_task
    from veritrain_lib.stages.inputs.sources import seed_rows

    _write_task(folder, seed=name)
    (folder / name).write_bytes(content)
    return _told(lambda: str(len(seed_rows(load_task(folder)))))


def _upload(folder: Path, name: str, content: bytes) -> Seen:
    from starlette.exceptions import HTTPException

    from veritrain_lib.core.task import load_task
    from veritrain_lib.server.resources.datasets.upload.checking import examples_from_table
    from veritrain_lib.server.resources.datasets.upload.reading import read_upload

    _write_task(folder, seed="seed.csv")
    try:
        return _told(lambda: str(len(examples_from_table(load_task(folder), read_upload(name, content)))))
    except HTTPException as error:
        return Seen(2, f"{error.status_code}: {error.detail}")


def _labels(folder: Path, name: str, content: bytes) -> Seen:
    """Read people's answers from labels.csv; the content counts, whatever the file was called."""
    from veritrain_lib.core.task import load_task
    from veritrain_lib.stages.inputs.sources import human_labels

    _write_task(folder, seed="seed.csv")
    (folder / "labels.csv").write_bytes(
        content.replace(b"text", b"id,text", 1) if b"id" not in content else content
    )
    return _told(lambda: str(human_labels(load_task(folder))))


def _told(work: Callable[[], str]) -> Seen:
    try:
        return Seen(0, work())
    except UserError as error:
        return Seen(error.exit_code, str(error))


Door = Callable[[Path, str, bytes], Seen]
DOORS: dict[str, Door] = {
    "new_task": _new_task, "task_file": _task_file, "upload": _upload, "predict": _predict,
}  # fmt: skip


def _at(door: str, kind: str) -> Case:
    name, content, said = WRONG[kind]
    return Case(
        f"files_in/{door}/{kind}",
        lambda folder: DOORS[door](folder, name, content),
        says=[said],
        never_says=["unexpected"],
    )


def _case(name: str, run: Callable[[Path], Seen], said: str, exit_code: int = 2) -> Case:
    return Case(f"files_in/{name}", run, exit_code, says=[f"(?s){said}"], never_says=["unexpected"])


def _made(name: str, file: str, content: bytes, said: str, *more: str, exit_code: int = 0) -> Case:
    door = _new_task if exit_code else _taken
    return _case(f"new_task/{name}", lambda folder: door(folder, file, content, *more), said, exit_code)


def _row_id(place: int) -> str:
    from veritrain_lib.core.digest import of_example

    return f"row-{of_example({'text': ROWS[48 + place][0]})}"


def _by_people(name: str, lines: Callable[[], str], said: str, exit_code: int = 2) -> Case:
    return _case(
        f"labels/{name}",
        lambda folder: _labels(folder, "labels.csv", lines().encode("utf-8-sig")),
        said,
        exit_code,
    )


def _spreadsheet(folder: Path) -> Seen:
    """Open a file for people in a spreadsheet program; it must come back unchanged."""
    import pandas as pd

    from veritrain_lib.reading.files import read_file
    from veritrain_lib.reading.spreadsheet import unescape_table, write_spreadsheet

    table = pd.DataFrame({"id": ["12e4567890123456"], "text": ["=HYPERLINK(1)"], "label": [""]})
    file = folder / "labels.csv"
    write_spreadsheet(table, file)
    content = file.read_bytes()
    fits = content.startswith(b"\xef\xbb\xbf") and b"row-12e4567890123456,'=HYPERLINK(1)" in content
    back = unescape_table(read_file(file).frame()).equals(table)
    return Seen(0, "", wrong="" if fits and back else f"written as {content!r}, read back unharmed: {back}")


LONG = [*ROWS, ("x" * 200_000, "billing")]
MIXED = [(text, label if at % 2 else label.upper()) for at, (text, label) in enumerate(ROWS)]
FORMS = [(text, {"billing": "café", "access": "A1", "delivery": "1"}[label] if at % 2 else
          {"billing": "cafe\u0301", "access": "Ａ１ ", "delivery": "1.0"}[label]) for at, (text, label) in enumerate(ROWS)]  # fmt: skip
TWO = "text,label,annotator\n" + "".join(
    f'"{text}",{label},1\n"{text}",{LABELS[(at + 1) % 3]},2\n' for at, (text, label) in enumerate(ROWS)
)
PAIRS = "".join(
    json.dumps({"question": text, "answer": f"Answer {at}: we look at your question number {at * 7} today."})
    + "\n"
    for at, (text, _) in enumerate(ROWS)
).encode()
NESTED = "".join(json.dumps({"data": {"text": text}, "label": label}) + "\n" for text, label in ROWS).encode()

CASES = [
    *(_at(door, kind) for door in ("task_file", "upload") for kind in WRONG),
    *(_at("new_task", kind) for kind in ("nested_3000", "digits_5000", "key_twice", "line_end_in_a_row", "other_encoding",
                                         "zip_as_csv", "no_workbook", "cut_parquet", "one_object")),
    *(_at("predict", kind) for kind in ("nan", "too_few_cells", "zero_byte_csv", "excels_error")),
    _made("semicolon", "rows.csv", csv(ROWS, ";"), "the separator is a semicolon"),
    _made("tab", "rows.csv", csv(ROWS, "\t"), "the separator is a tab"),
    _made("mark_twice", "rows.csv", "\ufeff\ufeff".encode() + csv(ROWS), "input 'text'"),
    _made("utf_16", "rows.csv", csv(ROWS, "\t").decode().encode("utf-16"), "read as UTF-16"),
    _made("excel", "rows.xlsx", excel(list(ROWS)), "3 labels"),
    _made("parquet", "rows.parquet", parquet(ROWS), "3 labels"),
    _made("long_cell", "rows.csv", csv(LONG), "3 labels"),
    _made("label_lists", "rows.jsonl", jsonl([(text, [label]) for text, label in ROWS]), "64 single answers in 'label'"),
    _made("choices", "rows.jsonl", jsonl([(text, {"choices": [label]}) for text, label in ROWS]), "64 single answers"),
    _made("argilla", "rows.jsonl", jsonl([(text, [{"value": label, "status": "submitted"}]) for text, label in ROWS]),
          "64 single answers"),
    _made("two_answers", "rows.jsonl", jsonl([*ROWS, ("both", ["access", "billing"])]).replace(b'"label": "', b'"label": ["')
          .replace(b'"}', b'"]}'), r"row 65: holds 2 answers \('access', 'billing'\)", exit_code=2),
    _made("two_annotators", "rows.csv", TWO.encode(), r"kappa -0\.\d+.*--annotator 1", exit_code=2),
    _made("one_annotator", "rows.csv", TWO.encode(), "only the answers of '1' are used", "--annotator", "1"),
    _made("no_header", "rows.csv", csv(ROWS, header=""), "is the first row a header.*--no-header", exit_code=2),
    _made("no_header_said", "rows.csv", csv(ROWS, header=""), "target 'column_2'", "--no-header"),
    _made("case", "rows.csv", csv(MIXED), "differ only by case.*--merge-case", exit_code=2),
    _made("case_merged", "rows.csv", csv(MIXED), "3 labels", "--merge-case"),
    _made("forms", "rows.csv", csv(FORMS), "one label in several spellings.*3 labels"),
    _made("broken_left_out", "rows.csv", csv(ROWS) + b"half\nof it,access\n", "2 broken row.*3 labels", "--skip-broken"),
    _made("blank_rows", "rows.csv", b"text,label\n" + b",\n" * 50, "50 row.*all of them are blank", exit_code=2),
    _made("one_label", "rows.csv", csv([(text, "access") for text, _ in ROWS]), "one label: 'access', in 64 of 64", exit_code=2),
    _made("nested", "rows.jsonl", NESTED, r"'data' holds JSON objects.*--input data\.text", exit_code=2),
    _made("nested_named", "rows.jsonl", NESTED, "'data.text' is called 'data_text'", "--input", "data.text"),
    _made("text", "rows.jsonl", PAIRS, "answers are texts", "--text"),
    _made("text_unsaid", "rows.jsonl", PAIRS, "pass --text", exit_code=2),
    _case("task_file/semicolon", lambda folder: _task_file(folder, "rows.csv", csv(ROWS, ";")), "^64$", 0),
    _case("task_file/long_cell", lambda folder: _task_file(folder, "rows.csv", csv(LONG)), "^65$", 0),
    _case("task_file/label_lists", lambda folder: _task_file(folder, "rows.jsonl", jsonl([(t, [a]) for t, a in ROWS])), "^64$", 0),
    _case("task_file/two_answers", lambda folder: _task_file(folder, "rows.jsonl", jsonl([("both", ["access", "billing"])])),
          "row 1: holds 2 answers"),
    _case("task_file/case", lambda folder: _task_file(folder, "rows.csv", csv([("a", "Access")])), "differs from 'access' only by case"),
    _case("task_file/no_header", lambda folder: _task_file(folder, "rows.csv", csv(ROWS, header="")), "may be no header"),
    _case("upload/semicolon", lambda folder: _upload(folder, "rows.csv", csv(ROWS, ";")), "^64$", 0),
    _case("upload/excel", lambda folder: _upload(folder, "rows.xlsx", excel(list(ROWS))), "^64$", 0),
    _case("upload/label_lists", lambda folder: _upload(folder, "rows.jsonl", jsonl([(t, [a]) for t, a in ROWS])), "^64$", 0),
    _case("upload/two_answers", lambda folder: _upload(folder, "rows.jsonl", jsonl([("both", ["access", "billing"])])),
          "row 1: holds 2 answers"),
    _case("predict/no_header", lambda folder: _predict(folder, "rows.csv", csv(ROWS, header="")), "may be no header"),
    _by_people("answered", lambda: f"id;text;label\n{_row_id(0)};x; access \n", "'access'", 0),
    _by_people("damaged_id", lambda: "id,text,label\n1.23E+15,x,access\n", "row 1: 1.23E.*would be lost"),
    _by_people("doubled_id", lambda: f"id,text,label\n{_row_id(1)},x,access\n{_row_id(1)},x,billing\n", "are there twice.*row 1.*row 2"),
    _by_people("not_allowed", lambda: f"id,text,label\n{_row_id(2)},x,acess\n", "row 1: 'acess'.*Allowed: access"),
    _by_people("too_few_cells", lambda: "id,text,label\na,b\n", r"row 1 \(line 2\): 2 cells under 3 columns"),
    _case("labels/spreadsheet", _spreadsheet, "", 0),
]  # fmt: skip
