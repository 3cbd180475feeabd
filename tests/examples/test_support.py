"""The committed example is what the builder makes, honest about its dirt, and without unplanted leaks."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.build_example import SEED, build, read_intents, write
from benchmarks.dirt import COUNTS, NEAREST
from tests.examples import reading
from tests.examples.reading import bare
from veritrain_lib.core import project
from veritrain_lib.core.task import load_task

FOLDER = project.example_task().parent


table = partial(reading.table, "support")


@pytest.fixture(scope="module")
def dirt() -> pd.DataFrame:
    return reading.dirt_of("support")


@pytest.fixture(scope="module")
def pool() -> pd.DataFrame:
    return table("pool")


def test_the_files_are_what_the_builder_makes(tmp_path: Path):
    write(build(seed=SEED), tmp_path)
    for name in ("seed", "dev", "test", "pool", "dirt"):
        assert (tmp_path / f"{name}.csv").read_bytes() == (FOLDER / f"{name}.csv").read_bytes(), name


@pytest.mark.parametrize(("name", "each"), [("seed", 10), ("dev", 20), ("test", 60)])
def test_every_intent_has_its_rows(name: str, each: int):
    labels = load_task(FOLDER).labels
    assert len(labels) == 12
    assert Counter(table(name)["label"]) == dict.fromkeys(labels, each)


def test_the_pool_has_about_sixty_rows_an_intent(pool: pd.DataFrame):
    assert len(pool) == 720
    counts = Counter(pool["label"])
    assert len(counts) == 12
    assert min(counts.values()) >= 50
    assert max(counts.values()) <= 70


def test_fifteen_percent_are_dirty_in_the_stated_shares(pool: pd.DataFrame, dirt: pd.DataFrame):
    shares = (dirt["kind"].value_counts() / len(pool)).to_dict()
    assert sum(shares.values()) == pytest.approx(0.15)
    assert shares.pop("wrong_label") == pytest.approx(0.03, abs=0.001)
    assert set(shares) == set(COUNTS) - {"wrong_label"}
    assert all(share == pytest.approx(0.02, abs=0.001) for share in shares.values())


def test_half_of_the_wrong_labels_are_the_nearest_intent(pool: pd.DataFrame, dirt: pd.DataFrame):
    wrong = dirt[dirt["kind"] == "wrong_label"]
    given = pool["label"][wrong.index]
    assert (given != wrong["original_label"]).all()
    nearest = [NEAREST[truth] == said for truth, said in zip(wrong["original_label"], given, strict=True)]
    assert sum(nearest) == len(wrong) // 2


def test_labels_of_all_other_pool_rows_are_the_authors(pool: pd.DataFrame, dirt: pd.DataFrame):
    truth = {
        text: intent
        for intent, texts in read_intents(
            Path("benchmarks/example_source").resolve()
            if Path("benchmarks").is_dir()
            else project.root() / "benchmarks/example_source"
        ).items()
        for text in texts
    }
    clean = pool.drop(index=dirt.index)
    assert (clean["text"].map(truth) == clean["label"]).all()


def test_no_text_stands_in_two_files_or_twice_except_where_planted(pool: pd.DataFrame, dirt: pd.DataFrame):
    clean = pool.drop(
        index=dirt.index[dirt["kind"].isin(["exact_duplicate", "near_duplicate", "test_copy", "garbage"])]
    )
    texts = pd.concat([bare(clean["text"]), *(bare(table(name)["text"]) for name in ("seed", "dev", "test"))])
    assert texts.is_unique


def test_planted_copies_copy_what_they_say(pool: pd.DataFrame, dirt: pd.DataFrame):
    held_out = set(bare(table("test")["text"]))
    copies = dirt[(dirt["kind"] == "test_copy") & (dirt["detail"] == "as_it_is")]
    assert len(copies) > 0
    assert bare(pool["text"][copies.index]).isin(held_out).all()
    exact = dirt[dirt["kind"] == "exact_duplicate"]
    known = {*table("seed")["text"], *pool["text"].drop(index=exact.index)}
    assert pool["text"][exact.index].isin(known).all()


def test_copies_stand_behind_their_originals(dirt: pd.DataFrame):
    of_pool = dirt[dirt["detail"].str.contains(r" row \d+$")]
    originals = of_pool["detail"].str.extract(r"row (\d+)$")[0].astype(int) - 1
    assert len(of_pool) > 20
    assert (originals < of_pool.index).all()


def test_other_seeds_make_other_pools_of_the_same_shares():
    one, other = build(seed=1), build(seed=2)
    assert one.pool != other.pool
    assert (
        Counter(d.kind for d in one.dirt.values()) == Counter(d.kind for d in other.dirt.values()) == COUNTS
    )
