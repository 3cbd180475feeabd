"""The committed translation example is what its builder makes, honest about its dirt, and without unplanted leaks."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.build_translation import COLUMNS, SEED, SOURCE, build, write
from benchmarks.example import measure
from benchmarks.translation_dirt import COUNTS
from benchmarks.translation_text import read_situations
from tests.examples import reading
from tests.examples.reading import bare
from veritrain_lib.core import project
from veritrain_lib.core.task import Task, load_task

FOLDER = project.example_task("meetings").parent
NAMES = ("seed", "dev", "test", "pool")
UNSEEN_BY_ROW_CHECKS = ("misaligned", "wrong_name", "wrong_number")


table = partial(reading.table, "meetings")


@pytest.fixture(scope="module")
def task() -> Task:
    return load_task(FOLDER)


@pytest.fixture(scope="module")
def dirt() -> pd.DataFrame:
    return reading.dirt_of("meetings")


@pytest.fixture(scope="module")
def clean(pool: pd.DataFrame, dirt: pd.DataFrame) -> pd.DataFrame:
    """Every row that is as its author wrote it, of all files."""
    return pd.concat([*(table(name) for name in NAMES[:3]), pool.drop(index=dirt.index)], ignore_index=True)


@pytest.fixture(scope="module")
def pool() -> pd.DataFrame:
    return table("pool")


def test_the_files_are_what_the_builder_makes(tmp_path: Path):
    write(build(seed=SEED), tmp_path)
    for name in (*NAMES, "dirt"):
        assert (tmp_path / f"{name}.csv").read_bytes() == (FOLDER / f"{name}.csv").read_bytes(), name


def test_the_parts_have_their_sizes_and_columns():
    assert {name: len(table(name)) for name in NAMES} == {"seed": 150, "dev": 100, "test": 200, "pool": 600}
    assert all(tuple(table(name).columns) == COLUMNS for name in NAMES)


def test_fifteen_percent_of_the_pool_are_dirty_in_the_stated_numbers(pool: pd.DataFrame, dirt: pd.DataFrame):
    assert len(dirt) / len(pool) == pytest.approx(0.15)
    assert Counter(dirt["kind"]) == COUNTS


def test_no_column_of_the_pool_says_which_rows_are_dirty(pool: pd.DataFrame, dirt: pd.DataFrame):
    for name in ("scene", "track", "speaker"):
        assert set(pool[name][dirt.index]) <= set(pool[name].drop(index=dirt.index))


def test_hundreds_of_sentences_are_written_by_hand_and_no_filled_one_stands_often(clean: pd.DataFrame):
    situations = read_situations(SOURCE)
    sentences = [japanese for situation in situations for japanese, _ in situation.sentences]
    assert len(situations) >= 40
    assert len(sentences) == len(set(sentences)) >= 500
    assert len(clean) / len(sentences) <= 2


def test_every_slice_has_rows_in_every_part(task: Task):
    for column in task.slices.by:
        values = set(table("test")[column])
        assert len(values) >= 2
        assert all(values <= set(table(name)[column]) for name in ("seed", "pool"))


def test_no_text_stands_in_two_files_or_twice_except_where_planted(pool: pd.DataFrame, dirt: pd.DataFrame):
    kept = pool.drop(index=dirt.index[dirt["kind"].isin(["exact_duplicate", "test_copy"])])
    texts = pd.concat([bare(kept["text"]), *(bare(table(name)["text"]) for name in NAMES[:3])])
    assert texts.is_unique


def test_planted_copies_copy_what_they_say(pool: pd.DataFrame, dirt: pd.DataFrame):
    held_out = set(bare(table("test")["text"]))
    assert bare(pool["text"][dirt.index[dirt["kind"] == "test_copy"]]).isin(held_out).all()
    copies = dirt[dirt["kind"] == "exact_duplicate"]
    before = bare(pool["text"]).tolist()
    seed = set(bare(table("seed")["text"]))
    for place in copies.index:
        assert before[place] in before[:place] or before[place] in seed


def test_spoiled_translations_differ_from_the_right_ones_as_they_say(pool: pd.DataFrame, dirt: pd.DataFrame):
    spoiled = dirt[dirt["kind"].isin([*UNSEEN_BY_ROW_CHECKS, "untranslated"])]
    given = pool["translation"][spoiled.index]
    assert (given != spoiled["right_translation"]).all()
    letters = {kind: spoiled[spoiled["kind"] == kind].index for kind in spoiled["kind"].unique()}
    for place in letters["untranslated"]:
        assert given[place].endswith(pool["text"][place])
    for place in [*letters["wrong_number"], *letters["wrong_name"]]:
        was, now = re.fullmatch(r"(.+) became (.+)", dirt["detail"][place]).groups()  # type: ignore[union-attr]
        assert given[place] == dirt["right_translation"][place].replace(was, now)


def test_every_company_term_is_translated_as_the_glossary_says(task: Task, clean: pd.DataFrame):
    met = Counter()
    for text, translation in zip(clean["text"], clean["translation"], strict=True):
        for term, english in task.glossary.items():
            if term in text:
                met[term] += 1
                assert english.lower() in translation.lower(), (text, translation)
    assert min(met[term] for term in task.glossary) >= 2


def test_contexts_name_no_term_that_the_translation_would_have_to_keep(task: Task, clean: pd.DataFrame):
    assert not [text for text in clean["context"].unique() for term in task.glossary if term in text]


def test_both_sides_are_in_their_language_and_written_out(clean: pd.DataFrame):
    assert clean["text"].str.contains(r"[\u3040-\u30ff\u4e00-\u9fff]").all()
    assert not clean["translation"].str.contains(r"[\u3040-\u30ff\u4e00-\u9fff]").any()
    everything = clean["text"] + clean["translation"] + clean["context"]
    assert not everything.str.contains(r"[{}\[\]|]|\.\.").any()


@pytest.mark.slow
def test_the_gate_finds_what_one_side_alone_shows_and_leaves_clean_rows():
    caught = measure(FOLDER)
    seen = [rate.value or 0 for kind, rate in caught.kinds.items() if kind not in UNSEEN_BY_ROW_CHECKS]
    assert len(seen) == 4
    assert min(seen) >= 0.9
    assert (caught.clean.value or 1) <= 0.02


def test_other_seeds_make_other_pools_of_the_same_kinds():
    one, other = build(seed=1), build(seed=2)
    assert [row.pair for row in one.pool] != [row.pair for row in other.pool]
    for example in (one, other):
        assert Counter(row.dirt.kind for row in example.pool if row.dirt) == COUNTS


def test_the_document_states_the_sizes_and_the_dirt_as_they_are():
    page = (Path(__file__).parents[2] / "docs" / "examples.md").read_text(encoding="utf-8")
    lines = {name: int(count) for name, count in re.findall(r"^\| `(\w+)` \| (\d+) \|", page, re.MULTILINE)}
    assert lines == COUNTS
    sizes = [[len(reading.table(task, name)) for name in NAMES] for task in project.EXAMPLES]
    stated = re.search(r"^\| seed, development, test, pool rows \| (.+) \| (.+) \|$", page, re.MULTILINE)
    assert stated is not None
    assert [[int(number) for number in part.split(", ")] for part in stated.groups()] == sizes
