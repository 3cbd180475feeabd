"""The counted look, and the alias that moves on a proven gain alone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.stages.conftest import Do, state
from tests.stages.tiny_task import read_rows, write_rows, write_tiny
from veritrain_lib.core.errors import Refused
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.stages.evaluate.inputs import look_limit
from veritrain_lib.stages.inputs import sources
from veritrain_lib.tracking import looks, models, runs

OLD, NEW = "models:/tiny/1", "models:/tiny/2"


@pytest.fixture
def task(home: Path) -> Task:
    return load_task(write_tiny(home / "task"))


def champion(task: Task) -> str:
    found = models.by_alias(task, models.CHAMPION)
    assert found is not None
    return found.uri


def test_the_look_is_written_down_before_the_held_out_rows_are_read(
    two_models: Task, do: Do, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_open = sources.unlock_test_set
    seen: list[str] = []

    def unlock_test_set(asked: Task) -> pd.DataFrame:
        (look,) = looks.list_looks(sources.held_out_set(two_models))
        assert look.champion == models.identity(two_models, OLD)
        assert look.challenger == models.identity(two_models, NEW)
        (run,) = runs.search(two_models, "attributes.status = 'RUNNING'")
        assert run.data.tags["veritrain.look"] == "1"
        seen.append(run.info.run_id)
        return really_open(asked)

    monkeypatch.setattr(sources, "unlock_test_set", unlock_test_set)
    done = do("evaluate", two_models)
    assert seen == [done.run_id]


def test_a_killed_comparison_costs_no_second_look(
    two_models: Task, do: Do, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:

        def killed(asked: Task) -> pd.DataFrame:
            raise KeyboardInterrupt

        broken.setattr(sources, "unlock_test_set", killed)
        with pytest.raises(KeyboardInterrupt):
            do("evaluate", two_models)
    assert state(two_models)[1] == 1
    result = do("evaluate", two_models).run()
    assert result.held_out.look == 1  # type: ignore[attr-defined]
    assert state(two_models)[1] == 1


def test_the_alias_moves_only_on_promotion(two_models: Task, do: Do) -> None:
    assert champion(two_models) == OLD
    worse = do("evaluate", two_models, champion=NEW, challenger=OLD).run()
    assert (worse.promote, champion(two_models)) == (False, OLD)  # type: ignore[attr-defined]
    final = do("evaluate", two_models, champion=OLD, challenger=NEW, purpose="final").run()
    assert (final.verdict, final.promote, champion(two_models)) == ("better", False, OLD)  # type: ignore[attr-defined]
    better = do("evaluate", two_models, champion=OLD, challenger=NEW).run()
    assert (better.promote, champion(two_models)) == (True, NEW)  # type: ignore[attr-defined]
    assert (
        runs.get(do("evaluate", two_models, champion=OLD, challenger=NEW).run_id).data.tags[
            "veritrain.promote"
        ]
        == "true"
    )


def test_comparing_two_old_models_moves_no_alias_of_a_third(two_models: Task, do: Do) -> None:
    do("train", two_models, dataset="tiny@1", seed=9)
    models.set_alias(two_models, 3, models.CHAMPION)
    assert do("evaluate", two_models, champion=OLD, challenger=NEW).run().promote  # type: ignore[attr-defined]
    assert champion(two_models) == "models:/tiny/3"


def test_a_model_against_itself_is_refused_under_any_name(task: Task, do: Do) -> None:
    do("train", task)
    for challenger in (OLD, "models:/tiny@challenger"):
        with pytest.raises(Refused, match="are the same model; a model is never compared with itself"):
            do("evaluate", task, champion="models:/tiny@champion", challenger=challenger)
    assert state(task)[1] == 0


@pytest.mark.parametrize("which", ["champion", "challenger"])
def test_a_test_row_in_training_data_stops_the_comparison(two_models: Task, do: Do, which: str) -> None:
    rows = read_rows(two_models.path.parent / ("seed.csv" if which == "champion" else "pool.csv"))
    if which == "challenger":
        from veritrain_lib.tracking import datasets

        chosen = set(datasets.load(two_models, "tiny@2").rows["text"])
        rows = [row for row in rows if row["text"] in chosen]
    test = two_models.path.parent / "test.csv"
    leaked = rows[0]
    write_rows(
        test,
        [
            *((row["text"], row["label"]) for row in read_rows(test)),
            (leaked["text"].upper(), leaked["label"]),
        ],
    )
    if which == "champion":
        # In the seed file it would be found before any model was looked at; what was learnt from it stays.
        write_rows(two_models.path.parent / "seed.csv", [(row["text"], row["label"]) for row in rows[1:]])
    with pytest.raises(
        Refused,
        match=r"1 test row\(s\) are in the training data of models:/tiny/[12]: test\.csv row 61 and tiny@\d+ row \d+",
    ):
        do("evaluate", two_models, champion=OLD, challenger=NEW)
    assert looks.list_looks(sources.held_out_set(two_models)) == []


def test_promotions_leave_the_last_look_to_the_final_comparison(task: Task) -> None:
    assert (look_limit(task, "promotion"), look_limit(task, "final")) == (3, 4)


def test_spent_looks_close_the_set_for_promotion_but_not_for_the_final_comparison(home: Path, do: Do) -> None:
    task = load_task(write_tiny(home / "task", promotion={"max_looks": 2}))
    do("gate", task)
    do("train", task, dataset="tiny@3")
    looks.record_look(task, sources.held_out_set(task), "an", "other pair", limit=1)
    closed = do("evaluate", task, champion=OLD, challenger=NEW).run()
    assert (closed.looks_spent, closed.promote, closed.held_out) == (True, False, None)  # type: ignore[attr-defined]
    final = do("evaluate", task, champion=OLD, challenger=NEW, purpose="final").run()
    assert final.held_out.look == 2  # type: ignore[attr-defined]
    assert champion(task) == OLD


def test_a_fresh_test_file_is_compared_anew(two_models: Task, do: Do) -> None:
    first = do("evaluate", two_models, champion=OLD, challenger=NEW)
    test = two_models.path.parent / "test.csv"
    write_rows(test, [(row["text"], row["label"]) for row in read_rows(test)[:-1]])
    again = do("evaluate", two_models, champion=OLD, challenger=NEW)
    assert again.run_id != first.run_id
    assert again.run().held_out.n == 59  # type: ignore[attr-defined]
