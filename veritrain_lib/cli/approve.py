"""`veritrain approve`: let code that lies in the record run on this machine."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from veritrain_lib.cli.output import Answer, AnsweringCommand

if TYPE_CHECKING:
    from rich.console import RenderableType


@click.command(cls=AnsweringCommand, short_help="Let a model that holds code run, by its digest.", help=(
    "Let a model that holds code run on this machine, by the digest of its content.\n\n"
    "WHAT is a digest (64 hex digits, as the refusal names it), which is approved; or the address of a model, such as "
    "models:/support/3, of which is shown what it holds and by what command it is approved. Without WHAT all approvals "
    "are listed. Whoever opens an approved model runs its author's code: look at its files first."
))  # fmt: skip
@click.argument("what", default="", metavar="[WHAT]")
@click.option("--note", default="", help="What it is, for those who read the list.")
@click.option("--revoke", is_flag=True, help="Take the approval of this digest back.")
def approve(what: str, note: str, revoke: bool) -> Answer:
    """Approve, show or list."""
    from veritrain_lib.trust import approvals

    if not what and not revoke:
        return _listed()
    if ":" in what and not revoke:
        return _shown(what)
    if revoke:
        there = approvals.revoke(what)
        return Answer(
            {"digest": what, "revoked": there},
            [f"{what} may run no more." if there else f"{what} was not approved."],
        )
    made = approvals.approve(what, note, getpass.getuser())
    return Answer(asdict(made), [f"{what} may run on this machine from now on."])


def _listed() -> Answer:
    from rich.table import Table

    from veritrain_lib.trust import approvals

    found = approvals.listing()
    table = Table("digest", "note", "by", "at")
    for one in found:
        table.add_row(one.digest, one.note, one.by, one.at)
    shown: list[RenderableType] = [table if found else "Nothing is approved: no code of the record runs."]
    return Answer([asdict(one) for one in found], shown)


def _shown(address: str) -> Answer:
    from veritrain_lib.tracking import models
    from veritrain_lib.trust import approvals

    held = models.held_by(address)
    document = {**asdict(held), "approved": bool(held.digest) and approvals.is_approved(held.digest)}
    if not held.code:
        return Answer(document, [f"{address} holds no code: it opens without an approval."])
    lines = [
        f"{address}: {held.code}. Its files, in {held.folder}:",
        *(f"  {name}" for name in held.files),
        f"digest {held.digest}",
        "It is approved." if document["approved"] else f"To let it run: veritrain approve {held.digest}",
    ]
    return Answer(document, lines)
