"""Terms and numbers that must be kept."""

from __future__ import annotations

import math

import pytest

from tests.metrics.text_answers import rows, said, text_task
from veritrain_lib.core.errors import UserError
from veritrain_lib.metrics.number_accuracy import NumberAccuracy, numbers
from veritrain_lib.metrics.term_accuracy import TermAccuracy, contains_term, required_terms
from veritrain_lib.stages.measuring import measure_all, measure_metric

GLOSSARY = {"見積書": "quotation", "保守契約": "maintenance contract", "契約": "contract"}


def test_terms_are_counted_once_a_row_and_only_where_the_text_has_them() -> None:
    task = text_task(glossary=GLOSSARY)
    references = rows(
        task, ("見積書を見積書で", "a"), ("保守契約", "b"), ("なし", "c"), ("見積書と契約", "d")
    )
    answers = ["Two Quotations.", "a service agreement", "quotation", "the quotation only"]
    metric = TermAccuracy(task)
    assert metric.value(references, said(answers)) == pytest.approx(2 / 4)
    assert metric.grades(references, said(answers)).tolist() == [1, 0, 1, 0.5]
    assert metric.value(references, said([None] * 4)) == 0


def test_a_term_inside_a_longer_one_demands_nothing_of_its_own() -> None:
    task = text_task(glossary=GLOSSARY)
    assert required_terms(task, {"text": "保守契約", "context": "見積書"}) == {
        "保守契約": "maintenance contract"
    }


def test_the_glossary_turns_round_with_the_direction() -> None:
    task = text_task(glossary=GLOSSARY, target={"field": "out", "direction": "way"})
    references = rows(task, ("Send the quotation.", "x"), way=["en-ja"])
    assert TermAccuracy(task).value(references, said(["見積書を送って"])) == 1
    assert TermAccuracy(task).value(references, said(["送って"])) == 0


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        ("art", "a party", False),
        ("invoice", "INVOICES", True),
        ("contract", "contractor", False),
        ("検収", "検収書", True),
        ("API", "ＡＰＩの", True),
    ],
)
def test_terms_are_whole_words_in_any_case_and_width(term: str, text: str, found: bool) -> None:
    assert contains_term(term, text) is found


def test_without_a_term_or_a_number_anywhere_nothing_is_measured_and_nothing_in_a_row_is_wrong() -> None:
    task = text_task(glossary=GLOSSARY)
    references = rows(task, ("はい", "Yes."))
    for metric in (TermAccuracy(task), NumberAccuracy(task)):
        assert math.isnan(metric.value(references, said(["No."])))
        assert metric.grades(references, said(["No."])).tolist() == [1.0]
        measured = measure_metric(metric, references, said(["No."]), seed=0)
        assert (measured.value, measured.low, measured.n) == (None, None, 0)
        with pytest.raises(
            UserError, match=rf"nothing that {metric.name} could measure in 1 development rows \(0 of 0\)"
        ):
            measure_all([metric], references, said(["No."]), seed=0)


def test_rows_without_anything_to_measure_do_not_spoil_the_interval() -> None:
    task = text_task(glossary=GLOSSARY)
    pairs = [("はい", "Yes.")] * 30 + [("見積書", "the quotation")]
    references, answers = rows(task, *pairs), said(["Yes."] * 30 + ["the quotation"])
    measured = measure_metric(TermAccuracy(task), references, answers, seed=0)
    assert (measured.value, measured.low, measured.high) == (1.0, 1.0, 1.0)


def test_a_plain_reference_that_knows_no_row_is_refused() -> None:
    with pytest.raises(ValueError, match="references_of"):
        TermAccuracy(text_task(glossary=GLOSSARY)).value(["x"], said(["y"]))


def test_numbers_count_as_often_as_both_have_them_and_an_invented_one_costs() -> None:
    references = ["3 of 1,500 on 2026", "no number", "５ and 5"]
    answers = ["1500 or 3", "but 7 here", "5"]
    metric = NumberAccuracy(text_task())
    # 2 of 3 kept, 1 invented, 1 of 2 kept.
    assert metric.value(references, said(answers)) == pytest.approx((2 + 0 + 1) / (3 + 1 + 2))


def test_one_number_has_one_way_of_writing() -> None:
    assert numbers("１，２００ 1,200.0 01200") == {"1200": 3}
    assert numbers("2.50 and 2.5, 0") == {"2.5": 2, "0": 1}
