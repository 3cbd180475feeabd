"""Looks at the held-out test set: counted by new pair and by the rows shown, under the plan of the first look."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.digest import of_json
from veritrain_lib.core.errors import Infrastructure, UserError
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.tracking import looks, store
from veritrain_lib.tracking.looks import HeldOutSet, Look


def rows(numbers: Iterable[int]) -> list[str]:
    return [f"{number:08d}" for number in numbers]


def held_out(file: str, digests: list[str]) -> HeldOutSet:
    return HeldOutSet(of_json(file), digests)


T1 = held_out("a hundred rows", rows(range(100)))
T2 = held_out("a hundred other rows", rows(range(1000, 1100)))


def take(task: Task, shown: HeldOutSet, challenger: str, limit: int = 9, purpose: str = "promotion") -> Look:
    look = looks.record_look(task, shown, "champion", challenger, limit=limit, purpose=purpose)
    assert look is not None
    return look


def numbers(shown: HeldOutSet) -> list[int]:
    return [look.number for look in looks.list_looks(shown)]


@pytest.fixture
def other_task(home: Path) -> Task:
    return load_task(write_tiny(home / "other", name="other"))


def test_a_new_pair_counts_and_the_same_pair_is_free(task: Task) -> None:
    first, second = take(task, T1, "b"), take(task, T1, "c")
    again = take(task, T1, "b", purpose="final")
    assert (first.number, second.number) == (1, 2)
    assert again == first
    assert numbers(T1) == [1, 2]


def test_the_order_of_a_pair_matters(task: Task) -> None:
    looks.record_look(task, T1, "a", "b", limit=3)
    assert looks.find_look(T1, "b", "a") is None
    turned = looks.record_look(task, T1, "b", "a", limit=3)
    assert turned is not None
    assert turned.number == 2


def test_spent_looks_keep_the_set_closed_but_old_pairs_stay_open(task: Task) -> None:
    take(task, T1, "b")
    assert looks.record_look(task, T1, "champion", "c", limit=1) is None
    assert take(task, T1, "b", limit=1).number == 1
    assert numbers(T1) == [1], "a refused look is not written down"
    kept = take(task, T1, "c", limit=2, purpose="final")
    assert (kept.number, kept.purpose) == (2, "final")


def test_rows_that_were_never_shown_begin_a_count_of_their_own(task: Task) -> None:
    take(task, T1, "b")
    assert take(task, T2, "b").number == 1
    few = held_out(
        "new rows, and five that stand in the first file by chance", rows([*range(5), *range(3000, 3095)])
    )
    assert take(task, few, "b").number == 1


REUSED = {
    "one row more": rows(range(101)),
    "another order": rows(reversed(range(100))),
    "a row less": rows(range(1, 100)),
    "half of it": rows(range(50)),
    "six of its rows among others": rows([*range(6), *range(3000, 3094)]),
    "the same file under other columns": rows(range(5000, 5100)),
}


@pytest.mark.parametrize("name", REUSED)
def test_rows_that_were_shown_bring_their_looks_along(task: Task, other_task: Task, name: str) -> None:
    take(task, T1, "b")
    take(task, T1, "c")
    digest = T1.digest if name.startswith("the same file") else of_json(name)
    reused = HeldOutSet(digest, REUSED[name])
    assert looks.looks_spent(looks.list_looks(reused)) == 2
    # Neither a task of another name nor another experiment begins anew.
    assert take(other_task, reused, "d").number == 3
    assert looks.record_look(other_task, reused, "champion", "e", limit=3) is None


def test_a_set_put_together_from_several_has_all_their_looks_behind_it(task: Task, other_task: Task) -> None:
    take(task, T1, "b")
    take(task, T1, "c")
    take(other_task, T2, "b")
    patched = held_out("from both", rows([*range(50), *range(1000, 1050)]))
    assert looks.looks_spent(looks.list_looks(patched)) == 3
    assert take(task, patched, "d").number == 4
    slices = [held_out(f"slice {k}", rows(range(7000 + 5 * k, 7005 + 5 * k))) for k in range(20)]
    for part in slices:
        take(task, part, "b")
    joined = held_out("twenty slices of five rows", [row for part in slices for row in part.rows])
    assert looks.looks_spent(looks.list_looks(joined)) == 19, (
        "rows shown elsewhere, 5 % in all, may be let pass"
    )


def test_a_deleted_experiment_keeps_its_looks(task: Task, other_task: Task) -> None:
    take(task, T1, "b")
    store.client().delete_experiment(store.experiment(task).experiment_id)
    assert numbers(T1) == [1]
    assert take(other_task, T1, "c").number == 2


def test_the_plan_is_stored_with_the_first_look_and_never_widened(
    home: Path, task: Task, other_task: Task
) -> None:
    first = take(task, T1, "b")
    assert asdict(looks.declared_plan(task)) == first.plan
    appended = held_out("one row more", rows(range(101)))
    for promotion in (
        {"alpha": 0.45},
        {"max_looks": 5, "alpha": 0.01},
        {"spending": "halving"},
        {"max_looks": 3},
    ):
        wide = load_task(write_tiny(home / "wide", promotion={"max_looks": 4, **promotion}))
        for shown in (T1, appended):
            with pytest.raises(UserError) as refused:
                looks.record_look(wide, shown, "champion", "c", limit=9)
            said = str(refused.value)
            assert str(looks.declared_plan(wide)) in said
            assert str(looks.declared_plan(task)) in said
            assert "collect a new test set" in said
            with pytest.raises(UserError, match="can't be widened"):
                looks.check_plan(wide, shown)
        looks.check_plan(wide, T2)
    narrow = load_task(write_tiny(home / "narrow", promotion={"max_looks": 4, "alpha": 0.01}))
    assert take(narrow, T1, "c").number == 2


def test_a_tag_that_is_no_look_is_named_and_never_passed_over(task: Task) -> None:
    place = store.experiment(task).experiment_id
    store.client().set_experiment_tag(place, "veritrain.look.abc.001", "{}")
    with pytest.raises(
        Infrastructure, match=rf"tag veritrain\.look\.abc\.001 of experiment {place} is not a valid look"
    ):
        looks.list_looks(T1)


def test_a_test_set_of_many_rows_is_stored_whole(task: Task) -> None:
    many = held_out("many", rows(range(12_345)))
    take(task, many, "b")
    assert looks.looks_spent(looks.list_looks(held_out("its end", rows(range(12_000, 12_345))))) == 1


def test_looks_taken_at_the_same_time_never_share_a_number(task: Task) -> None:
    assert looks.list_looks(T1) == []

    def one(challenger: str) -> int | None:
        look = looks.record_look(task, T1, "champion", challenger, limit=6)
        return look.number if look else None

    # The lock is on a file that each call opens for itself, so threads stand for processes.
    with ThreadPoolExecutor(8) as several:
        given = list(several.map(one, "abcdefgh"))
    assert sorted(number for number in given if number) == [1, 2, 3, 4, 5, 6]
    assert given.count(None) == 2
