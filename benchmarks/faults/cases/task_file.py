"""Cases: invalid task files; `veritrain check` must report every problem with line and remedy.

The loop does the same check before it measures (`task_file/loop_*`).
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

from benchmarks.faults.case import Case, Seen, veritrain

TASK = """\
version: 1
name: mine
description: Short messages with two meanings.
inputs:
  text: {language: en}
target:
  field: label
  labels: [delivery, refund]
contract:
  type: object
  required: [label]
  properties:
    label: {enum: [delivery, refund]}
metrics:
  - {name: accuracy}
gate: classification
data: {seed: seed.csv, development: dev.csv, test: test.csv, pool: pool.csv}
teacher: {name: pool}
trainer: {name: tfidf_svc}
budget: {rounds: 1, rows_per_round: 10}
goal: {at_least: 0.95}
seed: 1
"""

WORDS = {"delivery": "parcel courier depot van doorstep", "refund": "money bank credit charged price"}


def write(folder: Path, text: str) -> Path:
    """Write a task folder with the given task file and rows in every data file."""
    chance = random.Random(0)
    for kind, count in (("seed", 6), ("dev", 20), ("test", 30), ("pool", 30)):
        rows = [
            f"{' '.join(chance.sample(words.split(), 3))} {kind} {number},{label}"
            for number in range(count)
            for label, words in WORDS.items()
        ]
        (folder / f"{kind}.csv").write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    file = folder / "task.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def _checked(name: str, old: str, new: str, *says: str, command: str = "check", prepare: Callable[[Path], None] | None = None,
             exit_code: int = 2) -> Case:  # fmt: skip
    def run(folder: Path) -> Seen:
        if old not in TASK:
            raise ValueError(f"the task has no {old!r}")
        project = folder / "project"
        project.mkdir()
        file = write(project, TASK.replace(old, new, 1))
        if prepare is not None:
            prepare(project)
        return veritrain(project, command, str(file))

    return Case(f"task_file/{name}", run, exit_code, says, never_says=["unexpected"])


def _text(name: str, content: str | bytes, *says: str) -> Case:
    def run(folder: Path) -> Seen:
        file = write(folder, TASK)
        file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return veritrain(folder, "check", str(file))

    return Case(f"task_file/{name}", run, 2, says, never_says=["unexpected"])


def _nine(where: str) -> str:
    lines = ["  a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"  {name}: &{name} [{', '.join([f'*{before}'] * 9)}]"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    return f"{where}:\n" + "\n".join(lines) + "\n"


def _link_outside(project: Path) -> None:
    (project.parent / "secret.csv").write_text("text,label\n", encoding="utf-8")
    (project / "link.csv").symlink_to(project.parent / "secret.csv")


def _wrong_rows(project: Path) -> None:
    with (project / "pool.csv").open("a", encoding="utf-8") as pool:
        pool.write("where is my money,moneyback\n")


def _twice_in_the_suite(project: Path) -> None:
    (project / "own.json").write_text('{"name": "own", "name": "own"}', encoding="utf-8")


def _not_finite_in_the_suite(project: Path) -> None:
    (project / "own.json").write_text('{"name": "own", "version": NaN}', encoding="utf-8")


def _deep_suite(project: Path) -> None:
    (project / "own.json").write_text("[" * 100_000, encoding="utf-8")


def _long_number_in_the_suite(project: Path) -> None:
    (project / "own.json").write_text('{"version": ' + "1" * 5000 + "}", encoding="utf-8")


def _unknown_check(project: Path) -> None:
    rule = {
        "type": "expect_column_values_to_be_in_set",
        "kwargs": {"column": "ok_kind", "value_set": [True]},
        "severity": "critical",
        "meta": {"rule": "kind", "check": "garbag", "needs_label": False, "action": "warn", "reason": "r", "owner": "o", "source": "s"},
    }  # fmt: skip
    suite = {"name": "own", "version": 1, "dataset": {}, "expectations": [rule]}
    (project / "own.json").write_text(json.dumps(suite), encoding="utf-8")


def _bleu(project: Path) -> None:
    file = project / "task.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("accuracy", "bleu"), encoding="utf-8")


LABELS = "labels: [delivery, refund]"
DATA = "data: {seed: seed.csv, development: dev.csv, test: test.csv, pool: pool.csv}"

CASES = [
    _checked("good", "seed: 1", "seed: 2", "task.yaml is valid: task mine", exit_code=0),
    # values without sense
    _checked("key_twice", "seed: 1", "seed: 1\nseed: 2", "line 23, seed: the key 'seed' occurs twice, in line 22 and line 23"),
    _checked("key_twice_inside", "{rounds: 1,", "{rounds: 1, rounds: 2,", "'rounds' occurs twice, in line 20 and line 20"),
    _checked("goal_nan", "0.95", ".nan", "line 21, goal.at_least: .nan is no finite number"),
    _checked("goal_inf", "0.95", ".inf", "line 21, goal.at_least: .inf is no finite number"),
    _checked("goal_95", "0.95", "95", "line 21, goal.at_least: metric accuracy runs from 0 to 1; 95 is out of that range"),
    _checked("goal_below_0", "0.95", "-0.5", "accuracy runs from 0 to 1"),
    _checked("money_inf", "{rounds: 1,", "{money: .inf, rounds: 1,", "line 20, budget.money: .inf is no finite number"),
    _checked("rounds_yes", "{rounds: 1,", "{rounds: yes,", r"line 20, budget.rounds: .*valid integer \(given: true\)"),
    _checked("rounds_in_quotes", "{rounds: 1,", "{rounds: '1',", "budget.rounds: Input should be a valid integer"),
    _checked("seed_sexagesimal", "seed: 1", "seed: 1:30", r'line 22, seed: .*valid integer \(given: "1:30"\)'),
    _checked("seed_octal", "seed: 1", "seed: 010", r'valid integer \(given: "010"\)'),
    _checked("seed_5000_digits", "seed: 1", "seed: " + "1" * 5000, "line 22, seed: a number of 5000 digits is too large"),
    _checked("alpha_1e999", "seed: 1", "promotion: {alpha: 1e999}", "1e999 is no finite number"),
    _checked("date_that_is_none", "description: Short messages with two meanings.", "description: 2020-13-45", "is valid", exit_code=0),
    _checked("description_of_6000", "Short messages with two meanings.", "x" * 6000, "description: .*at most 5000 characters"),
    _checked("unknown_key", "seed: 1", "sede: 1", "line 22, sede: unknown key; did you mean 'seed'"),
    # labels
    _checked("label_no", LABELS, "labels: [yes, no]", 'put it in quotes: "no"', "line 8"),
    _checked("label_number", LABELS, "labels: [1, 2]", 'put it in quotes: "1"'),
    _checked("label_empty", LABELS, "labels: ['', refund]", "line 8, target.labels: .*a label is empty"),
    _checked("label_white_space", LABELS, "labels: ['refund ', delivery]", "begins or ends with white space"),
    _checked("label_case", LABELS, "labels: [Refund, refund]", "differ only in case"),
    _checked("label_width", LABELS, "labels: [ﾃｽﾄ, テスト]", "differ only in case, width"),
    _checked("label_form", LABELS, 'labels: ["caf\\u00e9", "cafe\\u0301"]', "differ only in case, width, accents"),
    _checked("label_key_false", "seed: 1", "glossary: {no: nein}", "the key no is read as false; put it in quotes"),
    # expansion, depth, size
    _text("nine_fold_contract", _nine("contract"), "line 6: more than 50,000 values, counting what aliases repeat"),
    _text("nine_fold_teacher", "teacher:\n parameters:\n" + _nine("  x").replace("\n  ", "\n   "), "more than 50,000 values"),
    _text("long_text_repeated", "a: &a " + "y" * 500_000 + "\nb: [" + ", ".join(["*a"] * 99) + "]", "more than 50,000 values"),
    _text("recursive_anchor", "contract: &a {x: *a}", "line 1: the anchor &a holds itself"),
    _text("recursive_list", "a: &a [*a]", "line 1: the anchor &a holds itself"),
    _text("deep", "[" * 100_000, "more than 40 mappings and lists within one another"),
    _text("too_many_values", "- a\n" * 60_000, "more than 50,000 values"),
    _text("two_megabytes", "# " + "x" * 2_000_000, "at most 1,000,000 are read"),
    _text("python_object", "a: !!python/object/apply:os.system [id]", "asks for an object"),
    _text("nul", "a: b\0c", "is not valid YAML"),
    _text("utf16", "a: b".encode("utf-16"), "is not UTF-8"),
    _text("latin_1", "name: müll".encode("latin-1"), r"is not UTF-8 \(byte 7\)"),
    _text("empty", "", "must hold keys and values, not NoneType"),
    _text("list", "- a", "must hold keys and values, not list"),
    _text("two_documents", "a: 1\n---\nb: 2", "a second document begins"),
    _text("broken", "a: [", "is not valid YAML: line"),
    # files
    _checked("test_outside", "test: test.csv", "test: /etc/hostname", "line 17, data.test: /etc/hostname is outside the task's folder"),
    _checked("test_above", "test: test.csv", "test: ../../x.csv", "is outside the task's folder"),
    _checked("test_by_link", "test: test.csv", "test: link.csv", "secret.csv is outside the task's folder", prepare=_link_outside),
    _checked("labels_outside", DATA, DATA[:-1] + ", labels: ../labels.csv}", "data.labels: .*is outside"),
    _checked("labels_by_link", DATA, DATA[:-1] + ", labels: link.csv}", "data.labels: .*is outside", prepare=_link_outside),
    _checked("labels_over_test", DATA, DATA[:-1] + ", labels: test.csv}", "is written by the loop, so it must be no file that the task reads"),
    _checked("labels_over_task", DATA, DATA[:-1] + ", labels: task.yaml}", "must end in .csv"),
    _checked("name_of_300", "test: test.csv", "test: " + "a" * 300, "a name of 300 bytes is too long for a file"),
    _checked("name_with_nul", "test: test.csv", 'test: "a\\0.csv"', "control character"),
    _checked("missing_file", "test: test.csv", "test: gone.csv", "line 17, data.test: .*gone.csv is missing"),
    _checked("suite_outside", "gate: classification", "gate: ../../../../etc/x.json", "gate"),
    # what does not fit together
    _checked("unknown_trainer", "tfidf_svc", "tfidf", "line 19, trainer.name: no trainer named 'tfidf'. Did you mean 'tfidf_svc'"),
    _checked("unknown_teacher", "{name: pool}", "{name: pol}", "line 18, teacher.name: no teacher named 'pol'"),
    _checked("unknown_metric", "name: accuracy", "name: acuracy", "line 15, metrics.0.name: no metric named 'acuracy'"),
    _checked("unknown_suite", "gate: classification", "gate: clasification", "line 16, gate: no gate suite clasification"),
    _checked("unknown_check", "gate: classification", "gate: own.json", "rule kind: no check named 'garbag'. Did you mean 'garbage'", prepare=_unknown_check),
    _checked("unknown_model_kind", "{name: pool}", "{name: llm, parameters: {model: 'gpt:/x'}}", "openai:/MODEL"),
    _checked("unknown_judge", "seed: 1", "judge: {model: 'gpt:/x', rubric: Be good.}", "line 22, judge.model: 'gpt' is not a kind of model"),
    _checked("unknown_language", "language: en", "language: xx", "line 5, inputs.text.language: 'xx' is not a language"),
    _checked("parameter_of_trainer", "{name: tfidf_svc}", "{name: tfidf_svc, parameters: {C: -1}}", "line 19, trainer.parameters"),
    _checked("suite_of_translations", "gate: classification", "gate: translation", "rule alignment: it compares a text with its translation"),
    _checked("rows_below_minimum", "rows_per_round: 10", "rows_per_round: 9", "line 20, budget.rows_per_round: suite classification blocks a dataset of less than 10"),
    _checked("text_by_a_classifier", "  labels: [delivery, refund]", "  language: en", "trainer tfidf_svc takes every different answer for a class", "rule label_disagreement"),
    _checked("language_of_text", "  labels: [delivery, refund]", "  descriptions: {}", "metrics.0: metric bleu cuts answers into words",
             prepare=_bleu),
    _checked("contract_without_a_label", "label: {enum: [delivery, refund]}", "label: {enum: [delivery]}", "1 of 2 labels do not satisfy the contract: 'refund'"),
    _checked("contract_of_no_text", "label: {enum: [delivery, refund]}", "label: {type: string, minLength: 9, maxLength: 3}", "minLength 9 is above maxLength 3"),
    _checked("contract_no_schema", "type: object", "type: objekt", "not a valid JSON Schema"),
    _checked("contract_fetches", "type: object", "$ref: 'http://127.0.0.1:9/x'", "not a valid JSON Schema"),
    _checked("pool_missing", "pool: pool.csv}", "labels: l.csv}", "teacher pool chooses rows from data.pool, and the task has none"),
    _checked("slice_of_no_column", "seed: 1", "slices: {by: [channel]}", "slices.by names 'channel', which is not a column of the development and test rows"),
    _checked("input_of_no_column", "text: {language: en}", "body: {language: en}", r"seed.csv lacks the column\(s\) body"),
    _checked("label_in_a_row", "seed: 1", "seed: 2", "row 61: 'moneyback'", prepare=_wrong_rows),
    _checked("suite_key_twice", "gate: classification", "gate: own.json", "a duplicate key in one object: name", prepare=_twice_in_the_suite),
    _checked("suite_nan", "gate: classification", "gate: own.json", "NaN, which is no finite number", prepare=_not_finite_in_the_suite),
    _checked("suite_deep", "gate: classification", "gate: own.json", "within one another", prepare=_deep_suite),
    _checked("suite_long_number", "gate: classification", "gate: own.json", "a number of 5000 digits", prepare=_long_number_in_the_suite),
    _checked("all_at_once", "seed: 1", "seed: -1\nbugdet: {}\npromotion: {alpha: 2}\nseed: 3", r"has 3 mistake\(s\)"),
    # and before anything is measured
    _checked("loop_refuses", "tfidf_svc", "tfidf", "no trainer named 'tfidf'", command="loop"),
    _checked("probe_refuses", "0.95", "95", "accuracy runs from 0 to 1", command="probe"),
]  # fmt: skip
