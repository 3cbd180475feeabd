"""Command `veritrain approve`: allows code that is stored with a model to run on this machine."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from veritrain_lib.cli.output import CommandResult, ResultCommand

if TYPE_CHECKING:
    from rich.console import RenderableType


@click.command(cls=ResultCommand, short_help="Allow a model that contains code to run, by its digest.", help=(
    "Allow a model that contains code to run on this machine, by the digest of its content.\n\n"
    "WHAT is a digest (64 hex digits, as the error message names it), which is approved; or the URI of a model, such as "
    "models:/support/3: then the command shows what the model contains and how to approve it. Without WHAT all approvals "
    "are listed. Whoever opens an approved model runs its author's code: look at its files first."
))  # fmt: skip
@click.argument("what", default="", metavar="[WHAT]")
@click.option("--note", default="", help="What it is, for those who read the list.")
@click.option("--revoke", is_flag=True, help="Revoke the approval of this digest.")
def approve(what: str, note: str, revoke: bool) -> CommandResult:
    """Run `veritrain approve`: allow stored code to run, revoke that, or list what is allowed.

    Args:
        what: Digest to approve, or URI of a model to describe; empty to list all approvals.
        note: Note for people who read the list.
        revoke: Whether to revoke the approval of the digest.

    Returns:
        What the command prints, and its exit code.
    """
    from veritrain_lib.trust import approvals

    if not what and not revoke:
        return _list_approvals()
    if ":" in what and not revoke:
        return _describe_model(what)
    if revoke:
        was_approved = approvals.revoke(what)
        return CommandResult(
            {"digest": what, "revoked": was_approved},
            [f"{what} may no longer run." if was_approved else f"{what} was not approved."],
        )
    approval = approvals.approve(what, note, getpass.getuser())
    return CommandResult(asdict(approval), [f"{what} may run on this machine from now on."])


def _list_approvals() -> CommandResult:
    from rich.table import Table

    from veritrain_lib.trust import approvals

    entries = approvals.list_approvals()
    table = Table("digest", "note", "by", "at")
    for entry in entries:
        table.add_row(entry.digest, entry.note, entry.by, entry.at)
    shown: list[RenderableType] = [table if entries else "Nothing is approved: no code of the record runs."]
    return CommandResult([asdict(entry) for entry in entries], shown)


def _describe_model(uri: str) -> CommandResult:
    from veritrain_lib.tracking import models
    from veritrain_lib.trust import approvals

    content = models.model_contents(uri)
    document = {**asdict(content), "approved": bool(content.digest) and approvals.is_approved(content.digest)}
    if not content.code:
        return CommandResult(document, [f"{uri} contains no code: it opens without an approval."])
    lines = [
        f"{uri}: {content.code}. Its files, in {content.folder}:",
        *(f"  {name}" for name in content.files),
        f"digest {content.digest}",
        "It is approved." if document["approved"] else f"To let it run: veritrain approve {content.digest}",
    ]
    return CommandResult(document, lines)
