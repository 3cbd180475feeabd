"""Looks at the sealed set: counted by new pair and test set, and never more than the limit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from veritrain_lib.task import Task
from veritrain_lib.tracking import looks


def test_a_new_pair_counts_and_the_same_pair_is_free(task: Task) -> None:
    first = looks.take(task, "t1", "a", "b", limit=3)
    second = looks.take(task, "t1", "a", "c", limit=3)
    again = looks.take(task, "t1", "a", "b", limit=3, purpose="final")
    assert first is not None
    assert second is not None
    assert (first.number, second.number) == (1, 2)
    assert again == first
    assert [look.number for look in looks.all_looks(task, "t1")] == [1, 2]


def test_the_order_of_a_pair_matters(task: Task) -> None:
    looks.take(task, "t1", "a", "b", limit=3)
    assert looks.find(task, "t1", "b", "a") is None
    turned = looks.take(task, "t1", "b", "a", limit=3)
    assert turned is not None
    assert turned.number == 2


def test_spent_looks_keep_the_set_closed_but_old_pairs_stay_open(task: Task) -> None:
    looks.take(task, "t1", "a", "b", limit=1)
    assert looks.take(task, "t1", "a", "c", limit=1) is None
    old = looks.take(task, "t1", "a", "b", limit=1)
    assert old is not None
    assert old.number == 1
    assert len(looks.all_looks(task, "t1")) == 1, "a refused look is not written down"
    kept = looks.take(task, "t1", "a", "c", limit=2, purpose="final")
    assert kept is not None
    assert (kept.number, kept.purpose) == (2, "final")


def test_a_fresh_test_set_starts_its_own_count(task: Task) -> None:
    looks.take(task, "t1", "a", "b", limit=1)
    fresh = looks.take(task, "t2", "a", "b", limit=1)
    assert fresh is not None
    assert fresh.number == 1


def test_looks_taken_at_the_same_time_never_share_a_number(task: Task) -> None:
    assert looks.all_looks(task, "t1") == []

    def take(challenger: str) -> int | None:
        look = looks.take(task, "t1", "champion", challenger, limit=6)
        return look.number if look else None

    # The lock is on a file that each call opens for itself, so threads stand for processes.
    with ThreadPoolExecutor(8) as several:
        numbers = list(several.map(take, "abcdefgh"))
    assert sorted(number for number in numbers if number) == [1, 2, 3, 4, 5, 6]
    assert numbers.count(None) == 2
