"""The sample that people review, and what their decisions add up to."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest
from gate_rows import make_rows, make_task, traffic

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.review import Review, with_decisions
from veritrain_lib.quality.review_sample import sample, systematic


def accepted(count: int = 300) -> pd.DataFrame:
    """100 rows of each label, 200 of `bug`."""
    rows = traffic(count)
    rows["label"] = ["bug"] * (count * 2 // 3) + ["login"] * (count // 6) + ["refund"] * (count // 6)
    return rows


def removed() -> pd.DataFrame:
    rows = make_rows([f"bad {n}" for n in range(30)])
    reasons = (
        ["empty:no_text"] * 15 + ["near_duplicate:of=abc"] * 13 + ["personal_data:email; empty:no_text"] * 2
    )
    return rows.assign(reasons=reasons)


def test_each_stratum_has_its_share_of_the_sample() -> None:
    drawn = sample(accepted(), removed(), make_task(), rows=60)
    let_through = drawn[drawn["part"] == "accepted"]
    assert Counter(let_through["stratum"]) == {"bug": 40, "login": 10, "refund": 10}
    taken_out = drawn[drawn["part"] == "quarantine"]
    assert len(taken_out) == 12
    assert set(taken_out["stratum"]) == {"empty:no_text", "near_duplicate:of"}


def test_a_row_with_personal_data_is_never_shown() -> None:
    for seed in range(20):
        drawn = sample(accepted(), removed(), make_task(), rows=200, seed=seed)
        assert not drawn["reasons"].str.contains("personal_data").any()


def test_the_same_seed_draws_the_same_rows_and_another_one_others() -> None:
    one, same, other = (sample(accepted(), removed(), make_task(), seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert set(one["row"]) != set(other["row"])


def test_every_row_is_as_likely_as_any_other() -> None:
    ids = [f"{at:03d}" for at in range(30)]
    strata = ["a"] * 7 + ["b"] * 23
    hits = Counter(at for seed in range(3000) for at in systematic(strata, ids, 10, seed))
    assert set(hits) == set(range(30))
    # 1,000 expected of each; 5 standard deviations of a binomial are 129.
    assert all(abs(count - 1000) < 129 for count in hits.values())
    assert systematic(strata, ids, 99, 0) == list(range(30))


def test_a_key_names_the_place_of_its_row() -> None:
    rows = accepted()
    for line in sample(rows, removed(), make_task()).query("part == 'accepted'").to_dict("records"):
        row = rows.iloc[int(line["row"].partition(":")[2])]
        assert (row["id"], row["text"]) == (line["id"], line["text"])


def test_a_task_without_labels_is_cut_by_source_and_length() -> None:
    drawn = sample(traffic(100), removed().head(0), make_task(labels=None), rows=20)
    assert set(drawn["stratum"]) == {"pool, short", "pool, long"}


def filled(decisions: list[str]) -> Review:
    """A review of 60 accepted rows and 12 quarantined ones; the rest of the decisions is empty."""
    drawn = sample(accepted(), removed(), make_task(), rows=60)
    drawn["decision"] = [*decisions, *[""] * (len(drawn) - len(decisions))]
    drawn.loc[0, "comment"] = "is this about login?"
    return Review("Anna", with_decisions(drawn, sample(accepted(), removed(), make_task(), rows=60), "x.csv"))


def test_the_pass_rate_is_of_the_rows_decided_on_with_its_interval() -> None:
    said = filled(["Accept "] * 45 + ["reject"] * 5 + [""] * 10 + ["reject"] * 11 + ["accept"])
    rate = said.pass_rate
    assert (rate.value, rate.n) == (0.9, 50)
    assert (round(rate.interval.low, 4), round(rate.interval.high, 4)) == (
        0.7821,
        0.9609,
    )  # Agresti-Coull, by hand
    assert (said.wrongly_removed.successes, said.wrongly_removed.n, said.undecided) == (1, 12, 10)
    assert said.comments[0]["comment"] == "is this about login?"
    assert str(said).startswith(
        "Anna: 90.0% of the accepted rows pass (45 of 50, 95 % interval 78.2% to 96.1%)"
    )


MISTAKES = {
    "no column": (lambda t: t.drop(columns="decision"), "lacks the column\\(s\\) decision"),
    "another word": (lambda t: t.assign(decision=["yes", *t["decision"][1:]]), "row 1: decision 'yes'"),
    "a row that is none": (lambda t: t.assign(row=["accepted:999", *t["row"][1:]]), "row 1: 'accepted:999'"),
    "another id": (lambda t: t.assign(id=["zzz", *t["id"][1:]]), "row 1: .* is not in this sample"),
    "a row twice": (lambda t: pd.concat([t, t.head(1)], ignore_index=True), "row 61: .* occurs twice"),
    "nothing decided": (lambda t: t.assign(decision=""), "holds no decision"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_table_with_a_mistake_is_refused_with_its_row(mistake: str) -> None:
    change, said = MISTAKES[mistake]
    handed_out = sample(accepted(), removed(), make_task(), rows=50)
    with pytest.raises(UserError, match=said):
        with_decisions(change(handed_out.assign(decision="accept")), handed_out, "mine.csv")
