from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.text_task import write_text_task
from veritrain_lib.core import registry
from veritrain_lib.core.digest import of_example
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.rows import read_examples
from veritrain_lib.core.task import load_task
from veritrain_lib.teachers import variation
from veritrain_lib.teachers.augment import Augment
from veritrain_lib.teachers.base import TeacherRequest
from veritrain_lib.trainers.tfidf_svc import TfidfSvc


def test_rows_are_whole_synthetic_and_name_their_seed_row(bench: Any) -> None:
    rows = Augment().write(bench.request(40)).rows
    assert list(rows.columns) == ["id", "text", "label", "source", "provenance"]
    assert len(rows) == 40
    assert set(rows["source"]) == {"synthetic"}
    seeds = bench.human.set_index("id")["label"]
    for row in rows.to_dict("records"):
        note = json.loads(row["provenance"])
        assert row["id"] == of_example({"text": row["text"]})
        assert seeds[note["seed_rows"][0]] == row["label"]
        assert 1 <= len(note["operations"]) <= 2
        assert set(note["operations"]) <= set(variation.NAMES)


def test_the_same_seed_writes_the_same_rows_and_another_others(bench: Any) -> None:
    first, again, other = (Augment().write(bench.request(40, seed=seed)).rows for seed in (4, 4, 5))
    pd.testing.assert_frame_equal(first, again)
    assert set(first["id"]) != set(other["id"])


def test_no_text_at_hand_and_no_used_id_comes_again(bench: Any) -> None:
    first = Augment().write(bench.request(40)).rows
    second = Augment().write(bench.request(40, used=frozenset(first["id"]))).rows
    ids = [*bench.human["id"], *first["id"], *second["id"]]
    assert len(second) == 40
    assert len(set(ids)) == len(ids)


def test_case_and_punctuation_alone_make_no_new_row(bench: Any) -> None:
    assert len(Augment(operations=["case", "punctuation"]).write(bench.request(20)).rows) == 0


def test_without_shares_every_label_gets_the_same_number(bench: Any) -> None:
    assert set(Augment().write(bench.request(40)).rows["label"].value_counts()) == {10}


def test_shares_are_respected(bench: Any) -> None:
    rows = Augment().write(bench.request(20, shares={"login": 0.75, "refund": 0.25})).rows
    assert rows["label"].value_counts().to_dict() == {"login": 15, "refund": 5}


def test_a_share_for_a_label_without_human_rows_gives_fewer_rows(bench: Any) -> None:
    human = bench.human[bench.human["label"] != "login"]
    rows = Augment().write(bench.request(20, accepted_rows=human, shares={"login": 0.5, "refund": 0.5})).rows
    assert rows["label"].value_counts().to_dict() == {"refund": 10}


def test_only_human_rows_are_varied(bench: Any) -> None:
    pool = bench.human.assign(source=["human"] * 10 + ["pool"] * 10)
    rows = Augment().write(bench.request(30, accepted_rows=pool)).rows
    parents = {json.loads(text)["seed_rows"][0] for text in rows["provenance"]}
    assert parents <= set(pool["id"].iloc[:10])
    with pytest.raises(UserError, match="none with an answer"):
        Augment().write(bench.request(5, accepted_rows=pool.iloc[10:]))


def test_short_texts_run_out_and_that_ends(bench: Any) -> None:
    human = bench.human.iloc[:2].assign(text=["help", "data"])
    rows = (
        Augment(operations=["dropped_letter"], changes=1).write(bench.request(50, accepted_rows=human)).rows
    )
    assert 2 <= len(rows) <= 4  # two inner letters each


def test_a_field_of_unknown_language_gets_changes_of_characters_only(bench: Any) -> None:
    field = bench.task.inputs["text"].model_copy(update={"language": None})
    task = bench.task.model_copy(update={"inputs": {"text": field}})
    rows = Augment().write(bench.request(30, task=task)).rows
    used = {name for text in rows["provenance"] for name in json.loads(text)["operations"]}
    assert used <= set(variation.ANY_LANGUAGE)


def test_the_student_still_knows_what_is_asked(bench: Any) -> None:
    student = TfidfSvc().train(bench.task, bench.human, seed=0).model
    rows = Augment().write(bench.request(80)).rows
    right = [
        response.best == label for response, label in zip(student.answer(rows), rows["label"], strict=True)
    ]
    assert sum(right) / len(right) >= 0.85


@pytest.mark.parametrize(
    "parameters", [{"operations": ["rhyme"]}, {"operations": []}, {"changes": 0}, {"size": 2}]
)
def test_wrong_parameters_are_refused_by_name(parameters: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=next(iter(parameters))[:9]):
        Augment(**parameters)


def test_is_found_under_its_name() -> None:
    assert registry.get("teachers", "augment") is Augment


def test_a_translated_text_gets_nothing_that_its_translation_would_have_to_say(tmp_path: Path) -> None:
    turned = {
        "inputs": {"en": {"language": "en"}},
        "target": {"field": "ja", "language": "ja"},
        "glossary": {},
        "slices": {"by": ["scene"]},
    }
    task = load_task(write_text_task(tmp_path / "office", turned))
    seed = task.file("seed")
    assert seed is not None
    human = read_examples(task, seed, "human")
    request = TeacherRequest(
        task=task, rows=20, accepted_rows=human, seed=0, fit=lambda rows: None,  # type: ignore[arg-type,return-value]
        screen=lambda rows: pd.Series(True, index=rows.index), shares={"meeting": 0.5, "written": 0.5},
    )  # fmt: skip
    rows = Augment().write(request).rows
    assert rows["scene"].value_counts().to_dict() == {"meeting": 10, "written": 10}
    done = {name for note in rows["provenance"] for name in json.loads(note)["operations"]}
    assert done
    assert not done & {"greeting", "closing"}
    answers = dict(zip(human["id"], human["ja"], strict=True))
    parents = [json.loads(note)["seed_rows"][0] for note in rows["provenance"]]
    assert rows["ja"].tolist() == [answers[parent] for parent in parents]
