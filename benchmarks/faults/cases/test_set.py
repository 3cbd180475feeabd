"""Cases: the held-out test set, with shared files or rows, looks that must not be forgotten, and widened plans."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.faults.case import Case, Seen, veritrain
from benchmarks.faults.cases.task_file import TASK, write

FILES = {"test": "test.csv", "development": "dev.csv", "seed": "seed.csv", "pool": "pool.csv"}
PAIRS = (
    ("test", "development"),
    ("test", "seed"),
    ("test", "pool"),
    ("development", "seed"),
    ("development", "pool"),
)
Change = Callable[[Path], object]


def _rows(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()[1:]


def _add(file: Path, rows: list[str]) -> None:
    with file.open("a", encoding="utf-8") as out:
        out.write("\n".join(rows) + "\n")


def _same_file(one: str, other: str, way: str) -> Case:
    """Use the file of `one` for `other`: the same name, another path, a link, or a copy."""

    def run(folder: Path) -> Seen:
        name = {"name": FILES[one], "path": f"../{folder.name}/{FILES[one]}"}.get(way, "again.csv")
        write(folder, TASK.replace(f"{other}: {FILES[other]}", f"{other}: {name}"))
        source, target = folder / FILES[one], folder / "again.csv"
        if way == "symlink":
            target.symlink_to(source)
        elif way == "hardlink":
            os.link(source, target)
        elif way == "copy":
            shutil.copy(source, target)
        return veritrain(folder, "loop", "task.yaml")

    what = "copies of one file" if way == "copy" else "the same file"
    says = [rf"data\.{one} \(", rf"data\.{other} \(", what, "rows of its own"]
    return Case(f"test_set/{one}_is_{other}_by_{way}", run, says=says, never_says=["round 0"])


def _same_rows(one: str, other: str, command: str) -> Case:
    """Put rows of one file into another one too, in capitals and with other spaces."""

    def run(folder: Path) -> Seen:
        write(folder, TASK)
        rows = _rows(folder / FILES[one])[:12]
        changed = [f"  {text.upper()}! ,{label}" for text, label in (row.rsplit(",", 1) for row in rows)]
        _add(folder / FILES[other], changed)
        return veritrain(folder, command, "task.yaml")

    key = {"pool": "max_pool_overlap", "development": "max_development_set_aside"}.get(other)
    key = key or {"test": "max_set_aside", "development": "max_development_set_aside"}[one]
    says = [
        rf"{FILES[one]} row 1\b|{FILES[other]} row \d+ and {FILES[one]} row 1\b",
        rf"promotion\.{key}",
        "row 2",
    ]
    return Case(f"test_set/rows_of_{one}_in_{other}_{command}", run, says=says, never_says=["round 0"])


def _short_lines(folder: Path) -> Seen:
    write(folder, TASK)
    for name in ("seed", "test"):
        _add(folder / f"{name}.csv", ["ありがとうございます。,refund"])
    return veritrain(folder, "loop", "task.yaml")


def _short_lines_allowed(folder: Path) -> Seen:
    write(folder, TASK + "promotion: {max_set_aside: 0.02}\n")
    for name in ("seed", "test"):
        _add(folder / f"{name}.csv", ["ありがとうございます。,refund"])
    return veritrain(folder, "check", "task.yaml")


def _near(folder: Path) -> Seen:
    write(folder, TASK)
    _add(
        folder / "dev.csv",
        ["my courier lost the blue parcel near the old station yesterday evening,delivery"],
    )
    _add(
        folder / "test.csv",
        ["my courier lost the blue parcle near the old station yesterday evening,delivery"],
    )
    return veritrain(folder, "check", "task.yaml")


LOOK = """
import sys
from veritrain_lib.stages.inputs import sources
from veritrain_lib.core.task import load_task
from veritrain_lib.tracking import looks, store
for file, challenger in zip(sys.argv[1::2], sys.argv[2::2]):
    task = load_task(file)
    shown = sources.held_out_set(task)
    if challenger == "DELETE":
        store.client().delete_experiment(store.experiment(task).experiment_id)
    elif challenger == "SPOIL":
        store.client().set_experiment_tag(store.experiment(task).experiment_id, "veritrain.look.ab.001", "{}")
    else:
        look = looks.record_look(task, shown, "champion", challenger, limit=9)
        print("look", look.number, "of task", task.name)
    print("used", looks.looks_spent(looks.list_looks(shown)))
"""


def _look(folder: Path, *steps: str) -> Seen:
    """Use looks at test sets as an evaluation does: a task file and a challenger for each."""
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MLFLOW_", "DATABASE_URL"))
        },
        "VERITRAIN_HOME": str(folder),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    done = subprocess.run(
        [sys.executable, "-c", LOOK, *steps],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith(("look", "used"))]
    return Seen(done.returncode, "\n".join(lines) if lines and not done.returncode else done.stderr)


def _looked_again(
    name: str, change: Change, *says: str, then: tuple[str, ...] = ("changed.yaml", "c")
) -> Case:
    """Use two looks, and a third after a change: under `changed.yaml`, which `change` may rewrite."""

    def run(folder: Path) -> Seen:
        write(folder, TASK)
        (folder / "changed.yaml").write_text(TASK.replace(" test.csv", " changed.csv"), encoding="utf-8")
        change(folder)
        return _look(folder, "task.yaml", "a", "task.yaml", "b", *then)

    return Case(f"test_set/looks_{name}", run, exit_code=0, says=says or [r"look 3 of task mine"])


def _rewrite(of: Callable[[list[str]], list[str]], name: str = "changed.csv") -> Change:
    """Rewrite the rows of the test set in this form."""

    def change(folder: Path) -> None:
        head, *rows = (folder / "test.csv").read_text(encoding="utf-8").splitlines()
        (folder / name).write_text("\n".join([head, *of(rows)]) + "\n", encoding="utf-8")

    return change


def _other_task(folder: Path) -> None:
    (folder / "changed.yaml").write_text(TASK.replace("name: mine", "name: other"), encoding="utf-8")


def _other_columns(folder: Path) -> None:
    """Use the same rows in a file of another name and form, under a task of another name and input."""
    rows = _rows(folder / "test.csv")
    for kind in ("seed", "dev", "pool", "test"):
        text = (folder / f"{kind}.csv").read_text(encoding="utf-8")
        (folder / f"new-{kind}.csv").write_text(
            text.replace("text,label", "message,label", 1), encoding="utf-8"
        )
    changed = TASK.replace("name: mine", "name: other").replace("text: {", "message: {")
    for kind in ("seed", "dev", "pool", "test"):
        changed = changed.replace(f" {kind}.csv", f" new-{kind}.csv")
    lines = [f"{row.upper().rsplit(',', 1)[0]} ,{row.rsplit(',', 1)[1]}" for row in rows]
    (folder / "new-test.csv").write_text("\n".join(["message,label", *lines]) + "\n", encoding="utf-8")
    (folder / "changed.yaml").write_text(changed, encoding="utf-8")


def _wider(name: str, promotion: str, *, command: str = "loop", change: Change = lambda folder: None) -> Case:
    """Use a look under the default plan, then a task file with a wider plan."""

    def run(folder: Path) -> Seen:
        write(folder, TASK)
        before = _look(folder, "task.yaml", "a")
        if before.exit_code:
            return before
        change(folder)
        (folder / "task.yaml").write_text(f"{TASK}promotion: {{{promotion}}}\n", encoding="utf-8")
        return veritrain(folder, command, "task.yaml")

    says = ["wider plan", r"alpha 0\.05 over 5 looks, spending even", "can't be widened", "new test set"]
    return Case(f"test_set/plan_{name}", run, says=says, never_says=["round 0 ·"])


CASES = [
    *[_same_file(one, other, way) for one, other in PAIRS for way in ("name", "symlink")],
    _same_file("test", "development", "path"),
    _same_file("test", "development", "hardlink"),
    _same_file("test", "development", "copy"),
    _same_file("test", "seed", "copy"),
    *[_same_rows(one, other, "loop") for one, other in PAIRS],
    *[_same_rows("test", "development", command) for command in ("check", "probe", "gate", "evaluate")],
    Case(
        "test_set/short_lines_in_seed_and_test",
        _short_lines,
        says=[
            r"test\.csv row 61 and seed\.csv row 13 \('ありがとうございます。'\)",
            r"promotion\.max_set_aside: 0\.017",
        ],
        never_says=["round 0"],
    ),
    Case(
        "test_set/short_lines_that_the_task_allows",
        _short_lines_allowed,
        exit_code=0,
        says=["1 test row.* set aside, never counted", "row 61"],
    ),
    Case("test_set/near_copy_in_development", _near, exit_code=0, says=["near cop", "row 41", "row 61"]),
    _looked_again("after_one_row_more", _rewrite(lambda rows: [*rows, "a row that was never there,refund"])),
    _looked_again("after_one_row_less", _rewrite(lambda rows: rows[1:])),
    _looked_again("in_another_order", _rewrite(lambda rows: rows[::-1])),
    _looked_again("of_half_the_rows", _rewrite(lambda rows: rows[::2])),
    _looked_again("in_capitals", _rewrite(lambda rows: [row.replace("parcel", "PARCEL") for row in rows])),
    _looked_again("under_another_name", _other_task, "look 3 of task other"),
    _looked_again("under_other_columns", _other_columns, "look 3 of task other"),
    _looked_again(
        "after_the_experiment_is_deleted",
        _other_task,
        "used 2\n.*look 3 of task other",
        then=("task.yaml", "DELETE", "changed.yaml", "c"),
    ),
    _looked_again(
        "at_new_rows",
        _rewrite(lambda rows: [f"new {number} {row}" for number, row in enumerate(rows)]),
        "look 1 of task mine",
    ),
    _wider("alpha", "alpha: 0.45"),
    _wider("looks", "max_looks: 50"),
    _wider("fewer_but_larger_looks", "max_looks: 2"),
    _wider("spending", "spending: halving"),
    _wider(
        "alpha_and_a_row_more",
        "alpha: 0.45",
        change=_rewrite(lambda rows: [*rows, "one more,refund"], "test.csv"),
    ),
]
