"""Wrong labels are found out of fold; people's are left alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from gate_rows import fit, make_context, make_task, traffic

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.checks import label_disagreement
from veritrain_lib.quality.labels.confident_learning import label_issues, margins, stratified_folds
from veritrain_lib.quality.labels.word_students import exceeds_student_budget, out_of_fold_margins


def check(rows: pd.DataFrame, context: Any, **parameters: Any) -> pd.Series:
    """Return the reasons of the new rows."""
    return label_disagreement.check(rows, context, **parameters).reasons


def flipped(count: int, every: int):
    rows = traffic(count)
    wrong = rows.index[::every]
    rows.loc[wrong, "label"] = ["refund" if label == "bug" else "bug" for label in rows.loc[wrong, "label"]]
    return rows, wrong


def without_numbers(count: int):
    """Rows that share all their words with others, a twentieth of them at random with a wrong label, and the true ones."""
    rows = traffic(count)
    rows["text"] = rows["text"].str.replace(r"\d+|\(.*\)", "", regex=True)
    wrong = np.random.default_rng(0).choice(count, count // 20, replace=False)
    truth = rows["label"].copy()
    rows.loc[wrong, "label"] = ["refund" if label == "bug" else "bug" for label in rows.loc[wrong, "label"]]
    return rows, wrong, truth


def test_flipped_labels_are_found_and_the_better_label_is_named():
    truth = traffic(240)["label"]
    rows, wrong = flipped(240, 20)
    found = check(rows, make_context())
    flagged = found[found != ""]
    assert len(set(flagged.index) & set(wrong)) >= 0.6 * len(wrong)
    assert len(set(flagged.index) - set(wrong)) <= 0.02 * len(rows)
    right = set(flagged.index) & set(wrong)
    assert all(flagged[number] == f"label_disagreement:says={truth[number]}" for number in right)


def test_peoples_rows_are_never_flagged():
    rows, _ = flipped(240, 20)
    rows["source"] = "human"
    assert set(check(rows, make_context())) == {""}


def test_rows_accepted_earlier_are_judged_again_but_for_those_that_two_people_agreed_on():
    accepted, wrong = flipped(240, 20)
    accepted["id"] = [f"earlier {place}" for place in accepted.index]
    accepted["provenance"] = [
        '{"answers": ["bug", "bug"]}' if row == wrong[0] else "{}" for row in accepted.index
    ]
    result = label_disagreement.check(traffic(60, start=900), make_context(accepted_rows=accepted))
    again = result.accepted_reasons
    assert again.index.equals(accepted.index)
    flagged = set(again.index[again != ""])
    assert len(flagged & set(wrong)) >= 0.6 * (len(wrong) - 1)
    assert wrong[0] not in flagged
    assert len(flagged - set(wrong)) <= 0.02 * len(accepted)


def test_the_same_seed_gives_the_same_rows():
    rows, _ = flipped(120, 20)
    assert check(rows, make_context(seed=3)).equals(check(rows, make_context(seed=3)))


def test_it_needs_a_student_and_fixed_labels():
    with pytest.raises(UserError, match="fit"):
        check(traffic(30), make_context(fit=None))
    with pytest.raises(UserError, match="fixed labels"):
        check(traffic(30), make_context(make_task(labels=None)))


def test_a_student_never_sees_the_row_that_it_judges_and_always_peoples_rows():
    rows, people = traffic(60), traffic(30, start=900)
    people["source"] = "human"
    trained: list[set[str]] = []

    def spy(given):
        trained.append(set(given["id"]))
        return fit(given)

    check(rows, make_context(accepted_rows=people, fit=spy), folds=3, repeats=2)
    assert len(trained) == 6
    assert all(set(people["id"]) <= ids for ids in trained)
    left_out = [set(rows["id"]) - ids for ids in trained[:3]]
    assert set.union(*left_out) == set(rows["id"])
    assert sum(map(len, left_out)) == len(rows)


def test_folds_hold_each_label_evenly():
    numbers = stratified_folds(["a"] * 10 + ["b"] * 5, 5, np.random.default_rng(0))
    assert np.bincount(numbers[:10]).tolist() == [2] * 5
    assert np.bincount(numbers[10:]).tolist() == [1] * 5


def test_the_cut_is_in_units_of_how_sure_the_students_usually_are():
    # Twenty rows win by log odds 2 against the one other label; the last two lose by 1.9 and by 2.5.
    logs = np.zeros((22, 2))
    logs[:20, 0] = 2.0
    logs[20, 1], logs[21, 1] = 1.9, 2.5
    given = np.zeros(22, dtype=int)
    assert label_issues(margins(logs, given), 1.0).tolist() == [-1] * 21 + [1]
    assert label_issues(margins(3 * logs, given), 1.0).tolist() == [-1] * 21 + [1]
    assert label_issues(margins(logs, given), 0.9).tolist() == [-1] * 20 + [1, 1]


def test_a_label_that_no_student_knew_is_not_judged():
    logs = np.zeros((21, 2))
    logs[:20, 0] = 2.0
    logs[20, 1] = np.nan
    given = np.array([0] * 20 + [1])
    assert label_issues(margins(logs, given), 1.0).tolist() == [-1] * 21


def test_margins_are_of_the_own_label_the_best_other_one_and_the_mean_of_the_others():
    logs = np.array([[0.0, -1.0, -5.0], [-2.0, np.nan, -3.0]])
    found = margins(logs, np.array([1, 0]))
    assert found.given_score.tolist() == [-1.0, -2.0]
    assert found.best_other_score.tolist() == [0.0, -3.0]
    assert found.best_other.tolist() == [0, 2]
    assert found.mean_other_score.tolist() == [-2.5, -3.0]


def test_above_thirty_thousand_rows_quick_students_find_flipped_labels_without_the_tasks_own(monkeypatch):
    monkeypatch.setattr("veritrain_lib.quality.checks.label_disagreement.MANY", 1000)
    rows, wrong, truth = without_numbers(1500)
    asked: list[int] = []

    def never(given):
        asked.append(len(given))
        return fit(given)

    found = check(rows, make_context(fit=never))
    flagged = set(found.index[found != ""])
    assert not asked
    assert len(flagged & set(wrong)) >= 0.9 * len(wrong)
    assert len(flagged - set(wrong)) <= 0.01 * len(rows)
    assert all(found[number] == f"label_disagreement:says={truth[number]}" for number in flagged & set(wrong))


def test_with_many_rows_students_of_words_stand_in_and_never_see_the_row(monkeypatch):
    monkeypatch.setattr("veritrain_lib.quality.labels.word_students.MAXIMUM_ROWS", 500)
    rows, wrong, truth = without_numbers(600)
    asked: list[int] = []
    found = check(rows, make_context(fit=lambda given: asked.append(len(given))))
    flagged = set(found.index[found != ""])
    assert not asked
    assert len(flagged & set(wrong)) >= 0.9 * len(wrong)
    assert len(flagged - set(wrong)) <= 0.01 * len(rows)
    assert all(found[number] == f"label_disagreement:says={truth[number]}" for number in flagged & set(wrong))


def test_trusted_rows_teach_students_of_words_and_those_of_people_are_not_judged():
    rows, people, others = traffic(60), traffic(30, start=900), traffic(20, start=700)
    people["source"], others["source"] = "human", "synthetic"
    found = out_of_fold_margins(
        rows, make_context(accepted_rows=pd.concat([people, others])), folds=3, repeats=2
    )
    assert len(found.given_score) == 80
    assert not np.isnan(found.given_score).any()


def test_a_label_that_only_one_row_has_is_not_judged_by_students_of_words():
    rows = traffic(60)
    rows.loc[7, "label"] = "login"
    rows = rows[(rows["label"] != "login") | (rows.index == 7)]
    found = out_of_fold_margins(rows, make_context(), folds=3, repeats=2)
    assert np.isnan(found.given_score[rows.index.get_loc(7)])
    assert (label_issues(found, 0.1)[rows.index.get_loc(7)]) == -1


def test_how_much_work_is_too_much_depends_on_rows_and_labels():
    assert not exceeds_student_budget(5000, 12)
    assert exceeds_student_budget(5001, 2)
    assert exceeds_student_budget(2000, 150)
