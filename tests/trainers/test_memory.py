"""The translation memory: what it keeps, finds and puts right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.text_task import content, write_text_task
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.rows import read_examples
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.metrics.chrf import ChrF
from veritrain_lib.metrics.contract_rate import ContractRate
from veritrain_lib.models.base import Scorer, SupportsConfidence, open_model
from veritrain_lib.models.memory import Memory
from veritrain_lib.models.served_memory import ServedMemory, learn_words
from veritrain_lib.trainers.memory import MemoryTrainer


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return load_task(write_text_task(tmp_path / "task"))


def rows_of(task: Task, kind: Any) -> pd.DataFrame:
    path = task.file(kind)
    assert path is not None
    return read_examples(task, path, "human")


def rows(*pairs: tuple[str, str], **columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(pairs, columns=["ja", "en"]).assign(**columns)
    return frame.assign(id=[str(number) for number in range(len(frame))])


def asked(task: Task, text: str, *pairs: tuple[str, str], **parameters: Any) -> Any:
    model = MemoryTrainer(**parameters).train(task, rows(*pairs), seed=0).model
    return model.answer(rows((text, "")))[0]


def test_a_text_that_it_knows_is_answered_as_people_did(task: Task) -> None:
    known = rows_of(task, "seed")
    model = MemoryTrainer().train(task, known, seed=0).model
    responses = model.answer(known)
    assert [response.best for response in responses] == known["en"].tolist()
    assert ContractRate(task).value(known["en"].tolist(), responses) == 1.0
    assert all(
        response.explanation and "nearest of 12 pairs" in response.explanation for response in responses
    )


def test_more_pairs_make_better_answers_to_texts_it_has_not_seen(task: Task) -> None:
    development, seed, pool = (rows_of(task, kind) for kind in ("development", "seed", "pool"))
    metric, wanted = ChrF(task), development["en"].tolist()
    few, many = (
        metric.value(wanted, MemoryTrainer().train(task, known, seed=0).model.answer(development))
        for known in (seed, pd.concat([seed, pool]))
    )
    assert few + 10 < many


@pytest.mark.parametrize(
    ("text", "near", "target", "expected"),
    [
        (
            "請求書は25日です。",
            "請求書は14日です。",
            "The invoice is due on the 14th.",
            "The invoice is due on the 14th.",
        ),
        ("会議は3時です。", "会議は2時です。", "The meeting is at 2.", "The meeting is at 3."),
        ("４月に始まります。", "9月に始まります。", "It starts in September.", "It starts in April."),
        ("費用は50万円です。", "費用は30万円です。", "The cost is 300,000 yen.", "The cost is 500,000 yen."),
        ("1,200台です。", "800台です。", "There are 800 of them.", "There are 1,200 of them."),
        ("3日から5日まで", "5日から3日まで", "from day 5 to day 3", "from day 3 to day 5"),
        ("13人です。", "3人です。", "There are 3 or 30.", "There are 13 or 30."),
    ],
)
def test_numbers_of_the_text_are_put_into_the_answer(
    task: Task, text: str, near: str, target: str, expected: str
) -> None:
    response = asked(task, text, (near, target))
    assert response.best == expected
    # What could not be put right is said, not hidden.
    assert ("not found in the memory" in response.raw) == (expected == target)


def test_a_number_that_stands_twice_in_the_translation_is_left_alone(task: Task) -> None:
    response = asked(task, "5人と8台です。", ("3人と3台です。", "3 people and 3 cars."))
    assert response.best == "3 people and 3 cars."


def test_terms_of_the_glossary_are_put_in_and_names_learnt_from_the_pairs(task: Task) -> None:
    assert (
        asked(task, "見積書を送る。", ("会議を送る。", "I send the meeting.")).best == "I send the quotation."
    )
    pairs = [
        ("田中さんは休みです。", "Tanaka is off."), ("佐藤さんは外出です。", "Sato is out."),
        ("田中さんの席", "the seat of Tanaka"), ("佐藤さんの机", "the desk of Sato"), ("佐藤さんが来る", "Sato comes"),
    ]  # fmt: skip
    assert asked(task, "佐藤さんは休みです。", *pairs, neighbours=1).best == "Sato is off."
    assert asked(task, "佐藤さんは休みです。", *pairs, neighbours=1, repair=False).best == "Tanaka is off."


def test_a_word_is_learnt_only_from_steady_company() -> None:
    pairs = [("田中 机", "Tanaka desk", ""), ("田中 席", "Tanaka seat", ""), ("佐藤 机", "Sato table", "")]
    assert learn_words(pairs) == {"田中": "Tanaka"}


def test_the_odd_neighbour_out_does_not_decide(task: Task) -> None:
    pairs = [
        ("明日の会議に出ますか！", "The weather was fine all week."),
        ("明日の会議に出ますね", "I will attend the meeting tomorrow."),
        ("明日の会議に出ますよ", "I will attend the meeting tomorrow, yes."),
        ("明日の会議に出ます", "I will attend the meeting tomorrow, of course."),
    ]
    assert "attend" in str(asked(task, "明日の会議に出ますか", *pairs).best)
    assert "weather" in str(asked(task, "明日の会議に出ますか", *pairs, neighbours=1).best)
    # But what people wrote for this very text needs no vote.
    assert "weather" in str(asked(task, "明日の会議に出ますか！", *pairs).best)


def test_a_pair_that_comes_twice_is_kept_once(task: Task) -> None:
    known = rows_of(task, "seed")
    twice = pd.concat([known, known.head(5)])
    one, other = (MemoryTrainer().train(task, given, seed=0).model for given in (known, twice))
    assert other.served.card.rows == len(known)
    assert (
        one.answer(rows_of(task, "development"))[3].raw == other.answer(rows_of(task, "development"))[3].raw
    )


def test_directions_are_kept_apart(tmp_path: Path) -> None:
    changes = {"inputs": {"ja": {}}, "target": {"field": "en", "direction": "way"}}
    task = Task.model_validate(content(changes))
    known = rows(("会議です。", "It is a meeting."), ("会議です。", "会議だ。"), way=["ja-en", "ja-ja"])
    model = MemoryTrainer().train(task, known, seed=0).model
    answered = model.answer(known.iloc[::-1])
    assert [one.best for one in answered] == ["会議だ。", "It is a meeting."]


def test_it_says_how_sure_it_is_and_scores_no_labels(task: Task) -> None:
    known = rows_of(task, "seed")
    model = MemoryTrainer().train(task, known, seed=0).model
    sure = model.confidence(pd.concat([known.head(1), rows(("qwerty", "x"))]))
    assert sure.tolist() == pytest.approx([1.0, 0.0])
    assert isinstance(model, SupportsConfidence)
    assert not isinstance(model, Scorer)
    nothing = model.answer(rows(("qwerty", "x")))[0]
    assert nothing.best is None
    assert nothing.error == "no stored pair is similar to it"


@pytest.mark.slow
def test_a_saved_memory_answers_the_same_also_where_veritrain_is_not(task: Task, tmp_path: Path) -> None:
    known, development = rows_of(task, "seed"), rows_of(task, "development")
    fitted = MemoryTrainer().train(task, known, seed=0)
    before = [response.raw for response in fitted.model.answer(development)]
    fitted.save(tmp_path / "memory")
    assert fitted.model.uri == f"memory:{tmp_path / 'memory'}"
    opened = open_model(fitted.model.uri, task)
    assert isinstance(opened, Memory)
    assert [response.raw for response in opened.answer(development)] == before
    code = (
        "import sys, json, pandas; sys.modules['veritrain_lib'] = None\n"
        "source = open(sys.argv[1], encoding='utf-8').read(); space = {'__name__': 'served'}\n"
        "import types; module = types.ModuleType('served'); sys.modules['served'] = module\n"
        "exec(compile(source, sys.argv[1], 'exec'), module.__dict__)\n"
        "rows = pandas.DataFrame({'ja': json.loads(sys.argv[3])})\n"
        "print(json.dumps(module.ServedMemory.load(sys.argv[2]).predict(rows), ensure_ascii=False))"
    )
    texts = pd.Series(development["ja"].head(3).tolist()).to_json(orient="values", force_ascii=False)
    form = fitted.served
    given = [sys.executable, "-c", code, str(form.code), str(tmp_path / "memory"), str(texts)]
    done = subprocess.run(given, capture_output=True, text=True, check=True)
    import json

    assert [json.dumps(one, ensure_ascii=False) for one in json.loads(done.stdout)] == before[:3]
    with pytest.raises(UserError, match="not empty"):
        fitted.save(tmp_path / "memory")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda folder: (folder / "pairs.json").unlink(), "no pairs.json"),
        (lambda folder: (folder / "pairs.json").write_text("[]"), "has 0 pairs, trained on 12"),
        (lambda folder: (folder / "memory.json").write_text("{"), "damaged"),
        (lambda folder: (folder / "memory.json").write_text('{"format_version": 9}'), "format version 9"),
    ],
)
def test_a_damaged_memory_is_refused_in_words(task: Task, tmp_path: Path, change: Any, told: str) -> None:
    MemoryTrainer().train(task, rows_of(task, "seed"), seed=0).save(tmp_path / "memory")
    change(tmp_path / "memory")
    with pytest.raises(UserError, match=told):
        open_model(f"memory:{tmp_path / 'memory'}", task)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"neighbors": 3}, "allowed: source, char_ngrams"),
        ({"neighbours": 0}, "neighbours must be a whole number from 1"),
        ({"char_ngrams": [3, 2]}, "char_ngrams must be"),
        ({"repair": "yes"}, "repair must be true or false"),
        ({"source": "text"}, "'text' is not an input; inputs: ja"),
    ],
)
def test_a_wrong_parameter_is_told_with_what_is_allowed(
    task: Task, parameters: dict[str, Any], told: str
) -> None:
    with pytest.raises(UserError, match=told.replace("(", r"\(")):
        MemoryTrainer(**parameters).train(task, rows_of(task, "seed"), seed=0)


def test_rows_that_teach_nothing_are_named(task: Task) -> None:
    for given, told in (
        (rows(("会議", "")), "no en: ids 0"),
        (rows(("会議", "x")).iloc[:0], "0 training rows"),
        (rows((" ", "x")), "no text in ja"),
    ):
        with pytest.raises(UserError, match=told):
            MemoryTrainer().train(task, given, seed=0)


def test_missing_columns_are_named(task: Task) -> None:
    model = MemoryTrainer().train(task, rows_of(task, "seed"), seed=0).model
    with pytest.raises(UserError, match="lack the column ja"):
        model.answer(pd.DataFrame({"text": ["x"]}))
    assert isinstance(model.served, ServedMemory)


def test_a_row_without_a_text_is_an_error_and_the_others_are_answered(task: Task) -> None:
    known = rows_of(task, "seed")
    model = MemoryTrainer().train(task, known, seed=0).model
    given = known.head(3).assign(ja=[None, " \u3000", known["ja"][2]])
    responses = model.answer(given)
    assert [bool(response.error) for response in responses] == [True, True, False]
    assert responses[2].best == known["en"][2]
