"""Cases: misleading numbers, such as intervals that cover too little or contradict their test, impossible losses, 0 of 0.

They also cover answers of a chat model that could abort a measurement after it is paid for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.faults.case import Case, Seen
from benchmarks.faults.cases.task_file import TASK, write

HOSTILE = {
    "tiny_exponent": '{"label": "refund", "score": 1e-99999999999999999999}',
    "huge_exponent": '{"label": "refund", "score": 1E+99999999999999999999}',
    "tiny_exponent_in_candidates": '{"candidates": [{"label": "refund", "score": 1e-99999999999999999999}]}',
    "many_digits": '{"label": "refund", "score": ' + "9" * 5000 + "}",
    "many_decimals": '{"label": "refund", "score": 0.' + "9" * 100_000 + "}",
    "nan": '{"label": "refund", "score": NaN}',
    "infinity": '{"label": "refund", "score": -Infinity}',
    "lone_surrogate": '{"label": "\\ud800", "explanation": "\\udfff"}',
    "surrogate_and_nul_as_they_are": "\ud800\x00",
    "nested_lists": "[" * 100_000,
    "nested_objects": '{"a": ' * 3000 + "1" + "}" * 3000,
    "points_of_a_judge": '{"points": 1e-99999999999999999999, "reason": "\\ud800"}',
    "examples_of_a_teacher": '{"examples": [1e99999999999999999999, {"text": "\\ud800"}]}',
}


def _said(name: str, text: str) -> Case:
    """Let a chat model return this text; parsing, contract and schema must all terminate on it."""

    def run(folder: Path) -> Seen:
        import json

        from veritrain_lib.core.records import Response
        from veritrain_lib.core.task import load_task
        from veritrain_lib.llm.answers import choices_of, schema_violation
        from veritrain_lib.llm.records import ChatRequest
        from veritrain_lib.metrics.contract_rate import ContractRate
        from veritrain_lib.models.chat_reading import parse_answer

        task = load_task(write(folder, TASK))
        body = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
        (choice,), _, _ = choices_of(ChatRequest(messages=()), 200, body)
        reading = parse_answer(choice.text, task)
        kept = ContractRate(task).value([""], [Response((), raw=choice.text)])
        why = schema_violation(task.contract, choice.text) or ""
        words = [choice.text, reading.explanation or "", why, *(one.text for one in reading.candidates)]
        unstorable = [word for word in words if word.encode("utf-8", "replace").decode() != word]
        wrong = f"can't be stored: {unstorable[0][:40]!r}" if unstorable else ""
        return Seen(None, f"contract kept: {kept}; read: {len(reading.candidates)} candidate(s)", wrong=wrong)

    return Case(f"numbers/model_says_{name}", run, exit_code=None, says=["contract kept: [01]"])


def _agree(alpha: float) -> Case:
    def run(folder: Path) -> Seen:
        from benchmarks.numbers import disagreements

        tables, wrong, moved = disagreements(alpha, range(0, 60), 80)
        return Seen(None, f"{tables} tables, {wrong} contradict their test, {moved} ends moved")

    return Case(f"numbers/test_and_interval_agree_at_{alpha:g}", run, exit_code=None, says=[" 0 contradict"])


def _verdicts(folder: Path) -> Seen:
    from veritrain_lib.statistics import decide

    found = []
    for wins in range(25):
        for losses in range(12):
            old = np.r_[np.zeros(wins), np.ones(losses + 80), np.zeros(20)]
            new = np.r_[np.ones(wins), np.zeros(losses), np.ones(80), np.zeros(20)]
            verdict = decide(old, new, look_alpha=0.0125)
            if (verdict.verdict == "better") != (verdict.interval.low > 0):
                found.append((wins, losses))
    return Seen(None, f"{len(found)} verdicts beside an interval that says otherwise {found[:3]}")


def _rates(folder: Path) -> Seen:
    from benchmarks.numbers import rate_coverage

    covered = {n: rate_coverage(n) for n in (20, 50, 200, 720)}
    low = [
        f"{n}: {least:.3f}, {near_one:.3f}"
        for n, (least, _, near_one) in covered.items()
        if min(least, near_one) < 0.928
    ]
    return Seen(
        None,
        f"{covered[50][2]:.3f} at accuracy 0.99 on 50 rows",
        wrong=f"covers too little: {low}" if low else "",
    )


def _macro_f1(place: int) -> Case:
    def run(folder: Path) -> Seen:
        from benchmarks.numbers import MACRO_F1, macro_f1_coverage

        covered = macro_f1_coverage(np.random.default_rng(7), MACRO_F1[place], 800).value or 0.0
        wrong = "" if 0.925 <= covered <= 0.985 else f"covers {covered:.3f}"
        return Seen(None, f"{MACRO_F1[place]}: covers {covered:.3f}", wrong=wrong)

    return Case(f"numbers/macro_f1_interval_{place}", run, exit_code=None, says=["covers"])


def _small_slice(folder: Path) -> Seen:
    from veritrain_lib.stages.evaluate.evaluation_tables import slice_table
    from veritrain_lib.stages.report.report_document import _with_detectable
    from veritrain_lib.statistics import judge_slices

    old = np.arange(720) % 20 >= 3
    new = np.where(np.arange(720) % 11 == 0, ~old, old)
    masks = {f"s{number}": np.arange(720) // 12 == number for number in range(12)}
    table = _with_detectable(slice_table(judge_slices(old, new, masks)))
    return Seen(None, "\n".join(str(one) for one in table["detectable_loss"]))


def _possible_gain(folder: Path) -> Seen:
    from veritrain_lib.statistics import decide

    old, new = np.ones(60), np.ones(60)
    old[:2], new[2:4] = 0, 0
    found = decide(old, new, look_alpha=0.0125)
    return Seen(
        None, found.explanation, wrong="" if found.detectable is None else f"states {found.detectable}"
    )


def _nothing(name: str) -> Case:
    """Evaluate rows without any number or glossary term: 0 of 0."""

    def run(folder: Path) -> Seen:
        from veritrain_lib.core import registry
        from veritrain_lib.core.errors import UserError
        from veritrain_lib.core.records import Candidate, Response
        from veritrain_lib.core.task import load_task
        from veritrain_lib.metrics.base import references_of
        from veritrain_lib.stages.inputs import sources
        from veritrain_lib.stages.measuring import measure_all, measure_metric

        task = load_task(write(folder, TASK + "glossary: {nowhere: nirgends}\n"))
        rows = sources.development_rows(task).replace(r"\d+", "", regex=True)
        metric = registry.get("metrics", name)(task)
        responses = [Response((Candidate("none"),), raw="none")] * len(rows)
        references = references_of(task, rows)
        if not math.isnan(metric.value(references, responses)):
            return Seen(None, f"0 of 0 is {metric.value(references, responses)}")
        shown = measure_metric(metric, references, responses, seed=0)
        try:
            measure_all([metric], references, responses, seed=0)
        except UserError as error:
            return Seen(None, f"value {shown.value} of {shown.n}; {error}")
        return Seen(None, "steers by nothing")

    return Case(
        f"numbers/0_of_0_{name}", run, exit_code=None, says=["value None of 0", "could measure .*0 of 0"]
    )


def _one_definition(folder: Path) -> Seen:
    from veritrain_lib.statistics import decide
    from veritrain_lib.statistics.decision import outcome

    old = np.r_[np.ones(400), np.zeros(100)]
    new = old.copy()
    new[:3], new[400:402] = 0, 1
    found = decide(old, new, look_alpha=0.05)
    same = outcome(False, found.interval.high)
    return Seen(None, f"{found.verdict} and {same}", wrong="" if same == found.verdict else "two definitions")


def _two_gains(folder: Path) -> Seen:
    from veritrain_lib.core.task import load_task
    from veritrain_lib.metrics.chrf import ChrF
    from veritrain_lib.stages.evaluate.development_comparison import grade_note

    return Seen(None, grade_note(ChrF(load_task(write(folder, TASK))), -0.26, has_grades=True))


def _case(name: str, run: Callable[[Path], Seen], *says: str) -> Case:
    return Case(f"numbers/{name}", run, exit_code=None, says=says)


CASES = [
    *[_said(name, text) for name, text in HOSTILE.items()],
    *[_agree(alpha) for alpha in (0.05, 0.025, 0.0125, 0.005)],
    _case("no_verdict_contradicts_its_interval", _verdicts, "^0 verdicts"),
    _case("rates_cover_near_1", _rates, r"0\.9[5-9]\d at accuracy 0\.99"),
    *[_macro_f1(place) for place in (0, 1, 2, 3)],
    _case("a_slice_of_12_rows_states_no_loss_of_96_points", _small_slice, "cannot be detected with 12 rows"),
    _case("no_gain_beyond_the_perfect_score", _possible_gain, "no gain could have been shown"),
    _nothing("number_accuracy"),
    _nothing("term_accuracy"),
    _case("one_definition_of_not_better", _one_definition, "not better|inconclusive"),
    _case("grades_and_corpus_gains_are_told_apart", _two_gains, "mean grade", r"chrf itself.*-0\.26"),
]
