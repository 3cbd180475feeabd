"""A SQLite file's address leads back to that very file, and no address shows a password."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from veritrain_lib.tracking import address


@pytest.mark.parametrize(
    "name", ["plain", "we%41ird", "we?x=1", "100%", "we ird", "we#ird", "日本", "a%3Fb", "%25"]
)
def test_a_folder_of_any_name_is_found_by_its_address(name: str) -> None:
    file = Path("/tmp") / name / "mlflow.db"
    assert address.sqlite_path(address.sqlite_uri(file)) == file
    assert make_url(address.sqlite_uri(file)).database == str(file)


@pytest.mark.parametrize(
    "given", ["postgresql://h/d", "sqlite:///:memory:", "sqlite:///", "sqlite:////a.db?mode=ro"]
)
def test_what_is_no_plain_file_has_none(given: str) -> None:
    assert address.sqlite_path(given) is None


@pytest.mark.parametrize(
    "given",
    [
        "postgresql://me:s3cret@h/d",
        "http://me:s3cret@h:80",
        "postgresql://h/d?user=me&password=s3cret",
        "postgresql://me:s3@cret@h/d",
    ],
)
def test_a_password_is_not_shown(given: str) -> None:
    assert "cret" not in address.masked(given)
    assert "cret" not in address.mask_passwords(f"can't reach {given}: no", given)
    assert "h" in address.masked(given)
