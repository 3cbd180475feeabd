"""A fault of the machine is one sentence with a remedy, however a library wrapped it; a defect of ours is none."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest
from filelock import FileLock, Timeout
from mlflow.exceptions import MlflowException
from requests.exceptions import ConnectionError as Refusal

from veritrain_lib.cli.error_exit import explain
from veritrain_lib.core.machine_fault import REMEDIES, is_full_disk, machine_fault


@pytest.mark.parametrize("number", sorted(REMEDIES), ids=lambda number: errno.errorcode[number])
def test_each_error_of_the_system_has_its_remedy(number: int) -> None:
    said = machine_fault(OSError(number, os.strerror(number), "/some/file"))
    assert said == f"/some/file: {os.strerror(number)}. {REMEDIES[number]}"
    assert "/some" not in str(
        machine_fault(OSError(number, os.strerror(number), "/some/file"), show_paths=False)
    )


def wrapped(cause: Exception, *, said: bool) -> Exception:
    try:
        try:
            raise cause
        except Exception as error:
            if said:
                raise MlflowException("it failed") from error
            raise MlflowException("it failed")  # noqa: B904  # as MLflow does
    except MlflowException as error:
        return error


@pytest.mark.parametrize("said", [True, False])
@pytest.mark.parametrize(
    ("cause", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device. Free some room"),
        (sqlite3.OperationalError("database or disk is full"), "disk is full. Free some room"),
        (Refusal("[Errno 111] Connection refused"), "can't be reached: Connection refused"),
    ],
)
def test_it_is_found_under_what_a_library_made_of_it(cause: Exception, says: str, said: bool) -> None:
    assert says in str(machine_fault(wrapped(cause, said=said)))


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyError("k"), FileNotFoundError(2, "no", "f"), MlflowException("no run")]
)
def test_a_defect_of_ours_is_none(error: Exception) -> None:
    assert machine_fault(error) is None


def test_an_error_of_ours_in_the_handling_of_the_systems_is_ours() -> None:
    ours = KeyError("ours")
    ours.__context__ = OSError(errno.ENOSPC, "full")
    assert machine_fault(ours) is None
    assert not is_full_disk(ours)


def test_the_command_line_says_it_without_calling_it_unexpected(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(OSError(errno.EROFS, "Read-only file system", "/mlruns/x"), ["train"]) == 3
    said = capsys.readouterr().err
    assert said.startswith("veritrain: /mlruns/x: Read-only file system. This disk is read-only")
    assert "unexpected" not in said


def test_a_lock_that_another_process_holds_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "labels.csv.lock"
    with FileLock(lock), pytest.raises(Timeout) as caught, FileLock(str(lock), timeout=0):
        pass
    assert str(machine_fault(caught.value)).startswith(f"another process holds the lock {lock}. Wait")
