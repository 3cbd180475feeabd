"""Looks in our table: never more than the budget, whoever takes them at once, and beside those of earlier versions."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.digest import of_json
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.tracking import looks, store
from veritrain_lib.tracking.looks import HeldOutSet, Look
from veritrain_lib.tracking.state import database, look_table

SHOWN = HeldOutSet(of_json("a hundred rows"), [f"{number:08d}" for number in range(100)])

TAKE = """
import sys
from veritrain_lib.core.digest import of_json
from veritrain_lib.core.task import load_task
from veritrain_lib.tracking import looks
task = load_task(sys.argv[1])
shown = looks.HeldOutSet(of_json("a hundred rows"), [f"{number:08d}" for number in range(100)])
for turn in range(3):
    look = looks.record_look(task, shown, "champion", f"{sys.argv[2]} {turn}", limit=7)
    print(look.number if look else 0)
"""


@pytest.fixture
def tiny(home: Path) -> Task:
    return load_task(write_tiny(home / "tiny"))


def _tags(task: Task) -> dict[str, str]:
    return store.tags_of_experiments(looks.PREFIX).get(str(store.experiment(task).experiment_id), {})


def test_a_look_is_a_row_and_no_tag(tiny: Task) -> None:
    look = looks.record_look(tiny, SHOWN, "a", "b", limit=3)
    assert look is not None
    stored = look_table.read()
    assert [Look(**fields) for fields in stored.looks] == [look]
    assert stored.rows == {SHOWN.digest: set(SHOWN.rows)}
    assert _tags(tiny) == {}


def test_a_look_of_an_earlier_version_counts(tiny: Task) -> None:
    old = Look(
        1, "a", "b", SHOWN.digest, "promotion", tiny.name, asdict(looks.declared_plan(tiny)), "2026-01-01"
    )
    experiment = store.experiment(tiny).experiment_id
    for name, value in ((f"rows.{SHOWN.digest[:16]}.000", " ".join(SHOWN.rows)), (f"{SHOWN.digest[:16]}.001", json.dumps(asdict(old)))):  # fmt: skip
        store.client().set_experiment_tag(experiment, looks.PREFIX + name, value)
    assert looks.record_look(tiny, SHOWN, "a", "b", limit=1) == old
    second = looks.record_look(tiny, SHOWN, "a", "c", limit=2)
    assert second is not None
    assert second.number == 2
    assert looks.record_look(tiny, SHOWN, "a", "d", limit=2) is None


def test_the_database_itself_refuses_a_number_or_a_pair_twice(tiny: Task) -> None:
    look = looks.record_look(tiny, SHOWN, "a", "b", limit=3)
    assert look is not None
    for change in ({"challenger": "c"}, {"number": 2}):
        with pytest.raises(IntegrityError), database.transaction() as connection:
            look_table.write(connection, asdict(look) | change, SHOWN.rows)
    assert len(look_table.read().looks) == 1


@pytest.mark.slow
def test_processes_on_postgresql_take_exactly_the_budget(shared: str, tiny: Task) -> None:
    store.client()
    commands = [[sys.executable, "-c", TAKE, str(tiny.path), name] for name in "abcd"]
    several = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    given = [int(line) for process in several for line in process.communicate(timeout=120)[0].split()]
    assert len(given) == 12
    assert sorted(given) == [0] * 5 + [1, 2, 3, 4, 5, 6, 7]
    assert [look.number for look in looks.list_looks(SHOWN)] == [1, 2, 3, 4, 5, 6, 7]
