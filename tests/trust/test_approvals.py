"""Approvals are kept by digest, on the machine that they are for."""

from __future__ import annotations

from pathlib import Path

import pytest

from veritrain_lib.core.errors import Infrastructure, UserError
from veritrain_lib.trust import approvals

ONE, OTHER = "a" * 64, "b" * 64


def test_what_is_approved_is_listed_until_it_is_revoked(home: Path) -> None:
    assert approvals.list_approvals() == []
    made = approvals.approve(ONE, "a model", "me")
    approvals.approve(OTHER, "", "you")
    assert approvals.is_approved(ONE)
    assert made in approvals.list_approvals()
    assert approvals.revoke(ONE)
    assert not approvals.revoke(ONE)
    assert [one.digest for one in approvals.list_approvals()] == [OTHER]
    assert not approvals.is_approved(ONE)


@pytest.mark.parametrize("digest", ["", "a" * 63, "A" * 64, "../" + "a" * 61, "a" * 64 + "\n", "x" * 64])
def test_what_is_no_digest_names_no_file(home: Path, digest: str) -> None:
    assert not approvals.is_approved(digest)
    for ask in (lambda: approvals.approve(digest, "", "me"), lambda: approvals.revoke(digest)):
        with pytest.raises(UserError, match="is not a digest"):
            ask()


def test_a_file_that_is_damaged_or_says_another_digest_approves_nothing(home: Path) -> None:
    approvals.approve(ONE, "", "me")
    file = home / ".veritrain" / "approved" / f"{ONE}.json"
    (file.parent / f"{OTHER}.json").write_text(file.read_text())
    file.write_text("{")
    assert not approvals.is_approved(ONE)
    assert not approvals.is_approved(OTHER)


def test_a_place_that_takes_nothing_is_named(home: Path) -> None:
    (home / ".veritrain").write_text("a file")
    with pytest.raises(Infrastructure, match="the approval can't be written to"):
        approvals.approve(ONE, "", "me")
