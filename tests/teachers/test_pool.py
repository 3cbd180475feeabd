from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.text_task import write_text_task
from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.rows import read_examples
from veritrain_lib.core.task import load_task
from veritrain_lib.teachers import pool
from veritrain_lib.teachers.base import TeacherRequest, TeacherResult
from veritrain_lib.teachers.pool import Pool
from veritrain_lib.trainers.memory import MemoryTrainer
from veritrain_lib.trainers.tfidf_svc import TfidfSvc

MakePool = Callable[[int, int], list[tuple[str, str]]]
EVERY = ("uncertainty", "random", "balanced", "class_error")
ERROR = {"refund": 0.6, "login": 0.2, "export": 0.2, "invite": 0.0}


def notes(written: TeacherResult) -> list[dict[str, Any]]:
    return [json.loads(text) for text in written.rows["provenance"]]


def test_the_first_batch_is_the_rows_with_the_smallest_gap_of_decision_values(bench: Any) -> None:
    written = Pool(choose="uncertainty", batch=10).write(bench.request(10))
    student = TfidfSvc().train(bench.task, bench.human, seed=0).model.served
    pool = read_examples(bench.task, bench.task.file("pool"), "pool").drop_duplicates("id")
    decided = np.sort(
        student._classifier.decision_function(student._features.transform(pool["text"])), axis=1
    )
    gaps = decided[:, -1] - decided[:, -2]
    assert gaps[np.argsort(gaps)[9]] < gaps[np.argsort(gaps)[10]]
    assert set(written.rows["id"]) == set(pool["id"].iloc[np.argsort(gaps)[:10]])
    margins = [note["margin"] for note in notes(written)]
    assert margins == sorted(margins)
    np.testing.assert_allclose(margins, np.sort(gaps)[:10] / 0.12, atol=1e-3)


def test_rows_come_whole_with_their_revealed_answer_and_where_they_are_from(bench: Any) -> None:
    written = Pool(batch=10).write(bench.request(25))
    truth = read_examples(bench.task, bench.task.file("pool"), "pool")
    assert list(written.rows.columns) == ["id", "text", "label", "source", "provenance"]
    assert len(written.rows) == 25
    assert set(written.rows["source"]) == {"pool"}
    for row, note in zip(written.rows.to_dict("records"), notes(written), strict=True):
        original = truth.iloc[note["row"] - 1]
        assert (note["file"], note["teacher"], note["chosen_by"]) == ("pool.csv", "pool", "uncertainty")
        assert (row["text"], row["label"], row["id"]) == (original["text"], original["label"], original["id"])
    assert [note["batch"] for note in notes(written)] == [1] * 10 + [2] * 10 + [3] * 5


def test_the_student_is_refitted_on_the_revealed_answers_between_batches(bench: Any) -> None:
    written = Pool(batch=10).write(bench.request(25))
    assert [len(rows) for rows in bench.fits] == [20, 30, 40]
    assert bench.fits[2]["id"].tolist() == [*bench.human["id"], *written.rows["id"].iloc[:20]]
    assert bench.fits[2]["label"].iloc[20:].tolist() == written.rows["label"].iloc[:20].tolist()


@pytest.mark.parametrize("choose", EVERY)
def test_labels_of_rows_that_were_not_chosen_influence_nothing(bench: Any, choose: Any) -> None:
    path = bench.task.file("pool")
    request = bench.request(24, class_error=ERROR)
    before = Pool(choose=choose, batch=8).write(request)
    chosen = {note["row"] for note in notes(before)}
    lines = path.read_text(encoding="utf-8").splitlines()
    twisted = [
        line if at == 0 or at in chosen else line.rsplit(",", 1)[0] + ",nonsense"
        for at, line in enumerate(lines)
    ]
    path.write_text("\n".join(twisted), encoding="utf-8")
    after = Pool(choose=choose, batch=8).write(request)
    pd.testing.assert_frame_equal(before.rows, after.rows)
    assert 0 < len(chosen) < len(lines) - 1


@pytest.mark.parametrize("choose", EVERY)
def test_a_seed_repeats_the_choice(bench: Any, choose: Any) -> None:
    first, second = (
        Pool(choose=choose, batch=8).write(bench.request(16, class_error=ERROR)) for _ in range(2)
    )
    pd.testing.assert_frame_equal(first.rows, second.rows)


def test_random_differs_by_seed_and_fits_nothing(bench: Any) -> None:
    ids = [set(Pool(choose="random").write(bench.request(20, seed=seed)).rows["id"]) for seed in (0, 1)]
    assert ids[0] != ids[1]
    assert bench.fits == []


def test_used_rows_and_screened_rows_are_never_chosen(bench: Any) -> None:
    pool = read_examples(bench.task, bench.task.file("pool"), "pool")
    used = frozenset(pool["id"].iloc[:50])
    seen: list[pd.DataFrame] = []

    def screen(rows: pd.DataFrame) -> pd.Series[bool]:
        seen.append(rows)
        return ~rows["text"].str.contains("help")

    written = Pool(batch=20).write(bench.request(500, used=used, screen=screen))
    screened, chosen = seen
    assert set(chosen["id"]) == set(written.rows["id"])
    assert not set(screened["id"]) & used
    assert set(screened["label"]) == {""}
    allowed = screened[~screened["text"].str.contains("help")]
    assert set(written.rows["id"]) == set(allowed["id"])
    assert written.screened["rules"] == len(screened) - len(allowed) > 0
    assert written.left == 0


def test_a_row_that_fails_among_the_chosen_ones_is_replaced(bench: Any) -> None:
    def screen(rows: pd.DataFrame) -> pd.Series[bool]:
        # As a rule that looks for what is rare does: what passes in the pool fails in the small.
        return pd.Series(len(rows) > 100, index=rows.index) | (rows["label"] != "refund")

    written = Pool(choose="random", batch=20).write(bench.request(40, screen=screen))
    assert len(written.rows) == 40
    assert "refund" not in set(written.rows["label"])
    assert written.screened["rules"] > 0
    assert screen(written.rows).all()


def test_of_rows_with_one_text_only_the_first_is_chosen(bench: Any, make_pool: MakePool) -> None:
    rows = make_pool(10, 7)
    bench.write_pool([*rows, *rows])
    written = Pool().write(bench.request(20))
    assert sorted(note["row"] for note in notes(written)) == list(range(1, 11))
    assert written.screened == {"same_text": 10}


def test_chosen_rows_without_an_answer_wait_and_end_the_choosing(bench: Any, make_pool: MakePool) -> None:
    bench.write_pool([(text, "") for text, _ in make_pool(60, 7)])
    written = Pool(batch=15).write(bench.request(45))
    assert len(written.rows) == 0
    assert len(written.waiting) == 15
    assert set(written.waiting["label"]) == {""}
    assert list(written.rows.columns) == list(written.waiting.columns)
    assert len(bench.fits) == 1


def test_what_people_answered_continues_the_same_choice(bench: Any, make_pool: MakePool) -> None:
    truth = make_pool(60, 7)
    bench.write_pool(truth)
    whole = Pool(batch=15).write(bench.request(45))
    bench.write_pool([(text, "") for text, _ in truth])
    labels = dict(truth)
    human_labels: dict[str, str] = {}
    for _ in range(3):
        step = Pool(batch=15).write(bench.request(45, human_labels=human_labels))
        human_labels |= {row["id"]: labels[row["text"]] for row in step.waiting.to_dict("records")}
    done = Pool(batch=15).write(bench.request(45, human_labels=human_labels))
    assert len(done.waiting) == 0
    pd.testing.assert_frame_equal(done.rows, whole.rows)


def test_people_are_believed_before_the_file(bench: Any) -> None:
    first = Pool(batch=5).write(bench.request(5)).rows
    pairs = zip(first["id"], first["label"], strict=True)
    other = {name: "login" if label == "invite" else "invite" for name, label in pairs}
    again = Pool(batch=5).write(bench.request(5, human_labels=other)).rows
    assert dict(zip(again["id"], again["label"], strict=True)) == other


def test_a_pool_without_an_answer_column_is_a_pool_without_answers(bench: Any) -> None:
    path = bench.task.file("pool")
    path.write_text("text\nhow do i pay\nreset my password\n", encoding="utf-8")
    assert len(Pool().write(bench.request(5)).waiting) == 2


def test_a_text_at_hand_is_not_chosen_again(bench: Any, make_pool: MakePool) -> None:
    own = list(zip(bench.human["text"], bench.human["label"], strict=True))
    bench.write_pool([*own, *make_pool(4, 7)])
    assert len(Pool().write(bench.request(30)).rows) == 4


def test_class_error_takes_predicted_labels_in_proportion(bench: Any) -> None:
    written = Pool(choose="class_error", batch=20).write(bench.request(20, class_error=ERROR))
    student = TfidfSvc().train(bench.task, bench.human, seed=0).model
    predicted = pd.Series([response.best for response in student.answer(written.rows)])
    assert predicted.value_counts().to_dict() == {"refund": 12, "login": 4, "export": 4}


def test_balanced_fills_up_the_labels_that_have_fewest_rows(bench: Any) -> None:
    few = bench.human[(bench.human["label"] != "invite") | (bench.human.index < 8)]
    written = Pool(choose="balanced", batch=3).write(bench.request(3, accepted_rows=few))
    student = TfidfSvc().train(bench.task, few, seed=0).model
    assert [response.best for response in student.answer(written.rows)] == ["invite"] * 3


def test_shares_set_the_predicted_labels(bench: Any) -> None:
    written = Pool(batch=10).write(bench.request(10, shares={"export": 0.7, "login": 0.3}))
    student = TfidfSvc().train(bench.task, bench.human, seed=0).model
    predicted = pd.Series([response.best for response in student.answer(written.rows)])
    assert predicted.value_counts().to_dict() == {"export": 7, "login": 3}


def test_class_error_without_errors_says_so(bench: Any) -> None:
    with pytest.raises(UserError, match="none was measured"):
        Pool(choose="class_error").write(bench.request(5))


def test_a_chosen_row_with_a_foreign_label_is_named_by_row(bench: Any, make_pool: MakePool) -> None:
    rows = make_pool(4, 7)
    bench.write_pool([*rows[:2], (rows[2][0], "Refunds"), rows[3]])
    with pytest.raises(UserError, match="row 3: 'Refunds'"):
        Pool().write(bench.request(4))


def test_a_task_without_a_pool_is_said(bench: Any) -> None:
    task = bench.task.model_copy(update={"data": bench.task.data.model_copy(update={"pool": None})})
    with pytest.raises(UserError, match=r"set data\.pool"):
        Pool().write(bench.request(4, task=task))


@pytest.mark.parametrize("parameters", [{"choose": "best"}, {"batch": 0}, {"batch": 1.5}, {"size": 3}])
def test_wrong_parameters_are_refused_by_name(parameters: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=str(next(iter(parameters.values()))) + "|size"):
        Pool(**parameters)


def test_is_found_under_its_name() -> None:
    assert registry.get("teachers", "pool") is Pool


@pytest.fixture
def office(tmp_path: Path) -> Any:
    """A translation task, its human rows, and a request for rows of its pool."""
    task = load_task(write_text_task(tmp_path / "office"))
    seed = task.file("seed")
    assert seed is not None
    human = read_examples(task, seed, "human")

    def request(rows: int) -> TeacherRequest:
        return TeacherRequest(
            task=task,
            rows=rows,
            accepted_rows=human,
            seed=0,
            fit=lambda human_labels: MemoryTrainer().train(task, human_labels, seed=0).model,  # type: ignore[arg-type,return-value]
            screen=lambda there: pd.Series(True, index=there.index),
        )

    return task, human, request


def test_without_labels_the_rows_least_like_those_at_hand_come_first(office: Any) -> None:
    task, human, request = office
    written = Pool(choose="uncertainty", batch=10).write(request(10))
    pool = read_examples(task, task.file("pool"), "pool").drop_duplicates("id")
    sure = MemoryTrainer().train(task, human, seed=0).model.confidence(pool)
    assert sorted(note["margin"] for note in notes(written)) == pytest.approx(sorted(sure)[:10], abs=1e-6)
    assert (written.rows["en"] != "").all()
    assert {note["margin"] for note in notes(Pool(choose="random").write(request(10)))} == {None}


@pytest.mark.parametrize("choose", ["balanced", "class_error"])
def test_quotas_by_label_need_labels(office: Any, choose: Any) -> None:
    _, _, request = office
    asked = replace(request(10), class_error={"meeting": 0.5, "written": 0.5})
    with pytest.raises(UserError, match="choose uncertainty or random"):
        Pool(choose=choose).write(asked)


@pytest.mark.parametrize("choose", ["uncertainty", "balanced"])
def test_a_pool_that_is_scored_in_parts_gives_the_same_choice(
    bench: Any, choose: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = Pool(choose=choose, batch=10).write(bench.request(20))
    monkeypatch.setattr(pool, "SCORED_AT_ONCE", 7)
    in_parts = Pool(choose=choose, batch=10).write(bench.request(20))
    assert in_parts.rows["id"].tolist() == at_once.rows["id"].tolist()
