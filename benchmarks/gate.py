"""Benchmark of the gate on planted defects: recall, and the share of clean rows quarantined.

    python -m benchmarks.gate [--seed 1] [--each 40] [--quick]

Into clean real rows (CLINC150; Tanaka, Japanese to English) `benchmarks/planting` plants every kind of defect at
three severities, and test rows inside longer rows in eight forms; the suites of `gates/` check them. Rows with a
hash, a commit or a UUID in them are legitimate, and count as clean. Printed by kind: rows quarantined, by any rule and by the rules
for this kind, with 95 % Agresti-Coull intervals; and of clean rows the share quarantined, by rule. Then,
separately: wrong labels in the whole pool, shuffled pairs (Tanaka; BSD reported), wrong and untranslated language.
Paraphrased and cross-language copies have no required recall. `--quick` leaves out the longest part (BSD). The last line is
JSON.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.planting.answers import shuffled_pairs, wrong_labels
from benchmarks.planting.around import FORMS
from benchmarks.planting.plant import HARMLESS, OF_LABELS, WITHOUT_BAR, plant
from benchmarks.planting.rows import SEVERITIES, Defect, Material, Row
from veritrain_lib.core import registry
from veritrain_lib.core.digest import of_example
from veritrain_lib.core.task import Task
from veritrain_lib.models.base import Scorer
from veritrain_lib.quality.context import Context
from veritrain_lib.quality.gate import run_gate
from veritrain_lib.quality.suite import load_suite
from veritrain_lib.quality.verdict import SEPARATOR
from veritrain_lib.statistics.intervals import Rate

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FOREIGN = Path(__file__).parent / "planting" / "foreign.tsv"
SHARE_WRONG = 0.10
BARS = {
    "recall": 0.95, "each kind": 0.80, "false_quarantine": 0.02, "label_precision": 0.85, "label_recall": 0.80,
    "alignment_recall": 0.85, "language_f1": 0.99, "contained_recall": 0.90, "numbers_recall": 0.95, "names_taken at most": 0.02,
}  # fmt: skip
OWN_BAR = {*OF_LABELS, "shuffled_pair", *WITHOUT_BAR, *HARMLESS}
OWN_RULES = {
    "contract_broken": "contract|required|length", "missing_field": "contract|empty|required",
    "exact_duplicate": "exact_duplicate", "near_duplicate": "(near|exact)_duplicate",
    "reordered_duplicate": "(near|exact|reordered)_duplicate", "test_copy": "leakage", "near_test_copy": "leakage",
    "slot_swapped_test_copy": "leakage", "paraphrased_test_copy": "leakage", "cross_language_test_copy": "leakage",
    "wrong_language": "language|script", "untranslated_target": "language|script|alignment", "personal_data": "personal_data",
    "key": "personal_data", "garbage": "garbage|empty", "mojibake": "garbage|mojibake", "truncation": "truncation",
    "national_id": "personal_data", "national_phone": "personal_data", "full_width": "personal_data",
    **dict.fromkeys(FORMS, "leakage"), **dict.fromkeys(HARMLESS, "personal_data"), "refusal": "refusal", "wrong_label": "label_disagreement", "shuffled_pair": "alignment",
}  # fmt: skip
"""Which rules are about a kind; any other rule may happen to catch it too."""


def clinc_task(labels: Sequence[str]) -> Task:
    """Build the task of CLINC150's rows: an English request, one of 150 intents."""
    files = {"seed": "seed.csv", "development": "val.csv", "test": "test.csv"}
    return Task.model_validate(
        {
            "version": 1, "name": "clinc", "inputs": {"text": {"language": "en"}},
            "target": {"field": "label", "labels": list(labels)}, "contract": {"type": "object"},
            "metrics": [{"name": "accuracy"}], "data": files, "gate": "classification",
        }
    )  # fmt: skip


def parallel_task() -> Task:
    """Build the task of translation rows: Japanese in, English out."""
    files = {"seed": "seed.jsonl", "development": "dev.jsonl", "test": "test.jsonl"}
    contract = {
        "type": "object",
        "required": ["en"],
        "properties": {"en": {"type": "string", "minLength": 1, "maxLength": 600}},
    }
    return Task.model_validate(
        {
            "version": 1, "name": "enja", "inputs": {"ja": {"language": "ja"}},
            "target": {"field": "en", "language": "en"}, "contract": contract,
            "metrics": [{"name": "accuracy"}], "data": files, "gate": "parallel",
        }
    )  # fmt: skip


def frame_of(rows: Sequence[Row], task: Task, source: str = "synthetic") -> pd.DataFrame:
    """Return rows in the form that the gate checks."""
    table = pd.DataFrame(rows, columns=task.columns, dtype=object)
    ids = [of_example({name: row[name] for name in task.inputs}) for row in rows]
    table.insert(0, "id", [f"{one}-{number}" for number, one in enumerate(ids)])
    table["source"], table["provenance"] = source, "{}"
    return table


def clinc(name: str) -> list[Row]:
    """Read a part of CLINC150: `seed`, `pool`, `val` or `test`."""
    with (DATA / "clinc150" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [dict(row) for row in csv.DictReader(file)]


def pairs(path: str) -> list[Row]:
    """Read a file of translations, with the field names of the parallel task."""
    lines = (DATA / path).read_text(encoding="utf-8").splitlines()
    return [{"ja": row["ja"], "en": row["en"]} for row in map(json.loads, lines)]


def foreign() -> list[tuple[str, str]]:
    """Return languages and sentences in languages that are neither English nor Japanese."""
    lines = FOREIGN.read_text(encoding="utf-8").splitlines()
    return [(line.split("\t")[0], line.split("\t")[1]) for line in lines]


def clean_only(rows: Sequence[Row], held_out: Sequence[Row], field: str) -> list[Row]:
    """Return the rows that are not an exact copy of a held-out row or of an earlier row."""
    seen, kept = {_plain(row[field]) for row in held_out}, []
    for row in rows:
        if _plain(row[field]) not in seen:
            seen.add(_plain(row[field]))
            kept.append(row)
    return kept


def _plain(text: str) -> str:
    return re.sub(r"\W+", "", unicodedata.normalize("NFKC", text).casefold())


def fitter(task: Task) -> Any:
    """Return a function that trains the student of the task."""
    trainer = registry.get("trainers", task.trainer.name)()

    def fit(rows: pd.DataFrame) -> Scorer:
        model: Scorer = trainer.train(task, rows, seed=0).model
        return model

    return fit


Caught = dict[tuple[str, str], list[tuple[bool, str]]]


def measure(rows: Sequence[Row], defects: dict[int, Defect], context: Context) -> tuple[Caught, Counter[str]]:
    """Run the gate over rows with known defects.

    Returns:
        By kind and severity (("clean", "") for clean rows) whether each row was quarantined and the reasons; and the
        number of clean rows quarantined by each rule.
    """
    task = context.task
    frame = frame_of(rows, task)
    frame["provenance"] = [json.dumps({"row": number}) for number in range(len(frame))]
    verdict = run_gate(frame, context, load_suite(task.gate))
    errors = [line for line in verdict.block_reasons if ": error," in line]
    if errors:
        raise SystemExit("\n".join(errors))
    quarantined = {
        json.loads(provenance)["row"]: why
        for provenance, why in zip(
            verdict.quarantine["provenance"], verdict.quarantine["reasons"], strict=True
        )
    }
    caught: Caught = defaultdict(list)
    takers: Counter[str] = Counter()
    for number in range(len(rows)):
        defect = defects.get(number)
        why = quarantined.get(number, "")
        caught[(defect.kind, defect.severity) if defect else ("clean", "")].append(
            (number in quarantined, why)
        )
        if not defect and why:
            takers.update({reason.split(":")[0] for reason in why.split(SEPARATOR)})
    return caught, takers


def rate(hits: Sequence[bool]) -> Rate:
    """Return the share of hits that are true."""
    return Rate(sum(hits), len(hits))


def say(name: str, one: Rate, more: str = "") -> None:
    """Print a line of a table."""
    ends = one.interval
    print(
        f"  {name:34} {one.successes:5} of {one.n:5}  {one.value or 0:6.3f}  ({ends.low:.3f} to {ends.high:.3f}){more}"
    )


def show(caught: Caught, takers: Counter[str], title: str) -> None:
    """Print the table of one set of rows."""
    print(f"\n{title}")
    for kind in dict.fromkeys(kind for kind, _ in caught if kind != "clean"):
        everything = [one for severity in SEVERITIES for one in caught.get((kind, severity), [])]
        own = rate([bool(re.search(rf"(?:^|; )(?:{OWN_RULES[kind]})", why)) for _, why in everything])
        say(kind, rate([hit for hit, _ in everything]), f"  by its own rules {own.value or 0:.3f}")
        for severity in SEVERITIES:
            if (kind, severity) in caught:
                say(f"    {severity}", rate([hit for hit, _ in caught[kind, severity]]))
    say("clean rows", rate([hit for hit, _ in caught["clean", ""]]))
    print("  clean rows taken by: " + ", ".join(f"{name} {count}" for name, count in takers.most_common()))


def _honest(caught: Caught) -> list[bool]:
    """Return whether each clean row was quarantined, including those with a hash, a commit or a UUID."""
    return [hit for (kind, _), found in caught.items() if kind in ("clean", *HARMLESS) for hit, _ in found]


def language_counts(caught: Caught) -> tuple[int, int, int]:
    """Count true positives, false positives and misses of the detection of wrong or untranslated languages."""
    says = re.compile(r"(?:^|; )(?:language:|alignment:(?:untranslated|source_in_target))")
    judged_rows: dict[str, list[bool]] = defaultdict(list)
    for (kind, _), found in caught.items():
        judged_rows[kind] += [bool(says.search(why)) for _, why in found]
    right = judged_rows["wrong_language"] + judged_rows["untranslated_target"]
    return sum(right), sum(judged_rows["clean"]), len(right) - sum(right)


def labels(seed: int) -> tuple[Rate, Rate]:
    """Return precision and recall for wrong labels in a tenth of CLINC150's 15,000 training rows, none accepted before."""
    rows = clinc("seed") + clinc("pool")
    wrong = wrong_labels(rows, "label", SHARE_WRONG, random.Random(seed))
    given = [{**row, "label": wrong.get(at, row["label"])} for at, row in enumerate(rows)]
    task = clinc_task(sorted({row["label"] for row in rows}))
    found = _alone(task, given, [], "label_disagreement", fitter(task))
    return _precision_recall(found, wrong)


def alignment(rows: Sequence[Row], accepted: Sequence[Row], seed: int) -> tuple[Rate, Rate]:
    """Return the recall for shuffled pairs in a tenth of the rows, and the share of clean rows quarantined with them."""
    wrong = shuffled_pairs(rows, "en", SHARE_WRONG, random.Random(seed))
    given = [{**row, "en": wrong.get(at, row["en"])} for at, row in enumerate(rows)]
    found = _alone(parallel_task(), given, accepted, "alignment", None)
    clean = [hit for at, hit in enumerate(found) if at not in wrong]
    return rate([found[at] for at in wrong]), rate(clean)


def _alone(task: Task, rows: Sequence[Row], accepted: Sequence[Row], check: str, fit: Any) -> list[bool]:
    parameters = next(
        rule.meta.parameters for rule in load_suite(task.gate).rules if rule.meta.check == check
    )
    nothing = frame_of([], task)
    context = Context(task, frame_of(accepted, task, "human"), nothing, nothing, fit)
    found = registry.get("checks", check)(frame_of(rows, task), context, **parameters)
    return [bool(reason) for reason in found]


def _precision_recall(found: Sequence[bool], wrong: dict[int, str]) -> tuple[Rate, Rate]:
    flagged = [at for at, hit in enumerate(found) if hit]
    return rate([at in wrong for at in flagged]), rate([found[at] for at in wrong])


def planted_clinc(seed: int, each: int, size: int = 9000) -> tuple[Caught, Counter[str]]:
    """Plant defects in rows of CLINC150's pool; its seed rows are the accepted ones."""
    pool, test = clinc("pool"), clinc("test")
    known = sorted({row["label"] for row in pool})
    task = clinc_task(known)
    accepted, development = clinc("seed"), clinc("val")
    clean = clean_only(random.Random(seed).sample(pool, size), [*test, *development, *accepted], "text")
    rows, defects = plant(
        clean, Material("text", "label", known, test, foreign(), False), each=each, seed=seed
    )
    held_out = frame_of([{**row, "label": ""} for row in test], task)
    people = frame_of(accepted, task, "human")
    context = Context(task, people, frame_of(development, task), held_out, fitter(task))
    return measure(rows, defects, context)


def planted_pairs(
    seed: int, each: int, all_rows: list[Row], test: list[Row], development: list[Row], trust: int
) -> tuple[Caught, Counter[str]]:
    """Plant defects in rows of translations, of which the first `trust`, shuffled, are accepted."""
    task = parallel_task()
    shuffled = random.Random(seed).sample(all_rows, len(all_rows))
    accepted = shuffled[:trust]
    clean = clean_only(shuffled[trust:], [*test, *development, *accepted], "ja")
    rows, defects = plant(clean, Material("ja", "en", [], test, foreign(), True), each=each, seed=seed)
    held_out = frame_of([{**row, "en": ""} for row in test], task)
    context = Context(task, frame_of(accepted, task, "human"), frame_of(development, task), held_out)
    return measure(rows, defects, context)


def run(seed: int, each: int, quick: bool) -> dict[str, float]:
    """Run and print every part; return the numbers of the last line."""
    started = time.perf_counter()
    train, test, development = (pairs(f"tanaka_enja/{name}.jsonl") for name in ("train.000", "test", "dev"))
    of_clinc = planted_clinc(seed, each)
    show(*of_clinc, "CLINC150: 9,000 clean rows of the pool, the seed rows accepted")
    of_pairs = planted_pairs(seed, each, train, test, development, 3000)
    show(*of_pairs, "Tanaka: 7,000 clean rows, 3,000 accepted")
    both = [of_clinc[0], of_pairs[0]]
    kinds: dict[str, list[bool]] = defaultdict(list)
    for caught in both:
        for (kind, _), found in caught.items():
            if kind != "clean" and kind not in OWN_BAR:
                kinds[kind] += [hit for hit, _ in found]
    print("\nBoth, kinds with the common bar")
    for kind, hits in kinds.items():
        say(kind, rate(hits))
    recall = rate([hit for hits in kinds.values() for hit in hits])
    say("all of them", recall)
    clean = [rate(_honest(caught)) for caught in both]
    forms = rate([hit for form in FORMS for hit in kinds[form]])
    numbers = rate([hit for kind in ("national_id", "national_phone", "full_width") for hit in kinds[kind]])
    names = rate(
        [
            hit
            for caught in both
            for (kind, _), found in caught.items()
            if kind in HARMLESS
            for hit, _ in found
        ]
    )
    print("\nTogether")
    say("test rows inside longer rows, 8 forms", forms)
    say("national ids, phones, full width", numbers)
    say("honest rows with hash, commit, UUID", names)
    for one, title in zip(clean, ("CLINC150", "Tanaka"), strict=True):
        say(f"all honest rows taken, {title}", one)
    right, false, missed = map(sum, zip(*map(language_counts, both), strict=True))

    print("\nBy itself")
    precision, recalled = labels(seed)
    say("wrong labels: precision", precision)
    say("wrong labels: recall", recalled)
    shuffled = random.Random(seed).sample(train, len(train))
    of_tanaka, taken = alignment(shuffled[3000:], shuffled[:3000], seed)
    say("shuffled pairs, Tanaka: recall", of_tanaka)
    say("                clean rows taken", taken)
    if not quick:
        for name, accepted, judged in (
            ("Tanaka, none accepted", [], train),
            ("BSD", pairs("bsd_dev/bsd_dev.jsonl")[:500], pairs("bsd_dev/bsd_dev.jsonl")[500:]),
            ("BSD, Tanaka accepted", train, pairs("bsd_dev/bsd_dev.jsonl")),
        ):
            of_bsd, also = alignment(judged, accepted, seed)
            say(f"{name}: recall", of_bsd)
            say("                clean rows taken", also)
    print(
        f"\nBars: {', '.join(f'{name} {bar}' for name, bar in BARS.items())}. {time.perf_counter() - started:.0f} s"
    )
    return {
        "recall": recall.value or 0.0,
        "false_quarantine": max(one.value or 0.0 for one in clean),
        "label_precision": precision.value or 0.0,
        "label_recall": recalled.value or 0.0,
        "alignment_recall": of_tanaka.value or 0.0,
        "contained_recall": forms.value or 0.0,
        "numbers_recall": numbers.value or 0.0,
        "names_taken": names.value or 0.0,
        "language_f1": 2 * right / max(1, 2 * right + false + missed),
    }


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=1, help="of what is planted where")
    parser.add_argument("--each", type=int, default=40, help="rows of each kind and severity")
    parser.add_argument("--quick", action="store_true", help="leave out what is only reported by itself")
    given = parser.parse_args()
    if not DATA.is_dir():
        raise SystemExit(f"the data folder {DATA.name} is not beside the project; nothing was measured")
    numbers = run(given.seed, given.each, given.quick)
    print(json.dumps({name: round(value, 4) for name, value in numbers.items()}))


if __name__ == "__main__":
    main()
