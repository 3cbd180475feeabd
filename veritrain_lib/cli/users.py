"""Commands `veritrain users ...`: accounts of the server, and service tokens for programs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from veritrain_lib.cli.output import CommandResult, ResultCommand

if TYPE_CHECKING:
    from veritrain_lib.server.database.tables import User

PASSWORD_VARIABLE = "VERITRAIN_PASSWORD"
"""Environment variable from which scripts set a password; an argument would be visible in the list of processes."""

ROLE = click.Choice(["viewer", "editor", "admin"])


@click.group(short_help="Accounts of the server, and service tokens for programs.")
def users() -> None:
    """Accounts of the server (needed once SECRET_KEY is set), and service tokens for programs.

    A viewer reads, an editor writes, an admin looks after accounts and settings too.
    """


@users.command(cls=ResultCommand, short_help="Add an account.", help=(
    f"Add an account. The password is asked for, or taken from the environment variable {PASSWORD_VARIABLE}."
))  # fmt: skip
@click.argument("email")
@click.option("--role", type=ROLE, default="viewer", show_default=True, help="Role of the account.")
@click.option("--name", default="", help="Name of the person.")
def add(email: str, role: str, name: str) -> CommandResult:
    """Run `veritrain users add`: add an account of the server.

    The password is read from `VERITRAIN_PASSWORD`, or asked for.

    Returns:
        What the command prints, and its exit code.
    """
    accounts = _accounts()
    user = accounts.add(email, _new_password(), role, name)
    return CommandResult(_row(user), [f"{user.email} is {user.role} now."])


@users.command("list", cls=ResultCommand, short_help="List the accounts.", help="List the accounts.")
def list_users() -> CommandResult:
    """Run `veritrain users list`: list all accounts of the server.

    Returns:
        What the command prints, and its exit code.
    """
    from rich.table import Table

    users_page, _ = _accounts().page()
    table = Table("e-mail", "role", "active", "name", "since")
    for user in users_page:
        table.add_row(
            user.email, user.role, "yes" if user.is_active else "no", user.name, f"{user.created_at:%Y-%m-%d}"
        )
    return CommandResult(
        [_row(user) for user in users_page], [table if users_page else "There is no account yet."]
    )


@users.command(cls=ResultCommand, short_help="Give an account a role.", help="Give an account a role.")
@click.argument("email")
@click.argument("role", type=ROLE)
def role(email: str, role: str) -> CommandResult:
    """Run `veritrain users role`: set the role of the account with this e-mail address.

    Returns:
        What the command prints, and its exit code.
    """
    accounts = _accounts()
    changed = accounts.change(accounts.by_email(email).id, role=role)
    return CommandResult(_row(changed), [f"{changed.email} is {changed.role} now."])


@users.command(cls=ResultCommand, short_help="Disable an account.", help=(
    "Disable an account: its logins and service tokens are rejected. --undo enables it again."
))  # fmt: skip
@click.argument("email")
@click.option("--undo", is_flag=True, help="Enable it again.")
def disable(email: str, undo: bool) -> CommandResult:
    """Run `veritrain users disable`: disable an account of the server, or enable it again if `undo` is True.

    Returns:
        What the command prints, and its exit code.
    """
    accounts = _accounts()
    changed = accounts.change(accounts.by_email(email).id, active=undo)
    return CommandResult(
        _row(changed), [f"{changed.email} is {'enabled' if changed.is_active else 'disabled'}."]
    )


@users.command(cls=ResultCommand, short_help="Set an account's password.", help=(
    "Set an account's password; all its logins end. The password is asked for, or taken from the environment "
    f"variable {PASSWORD_VARIABLE}."
))  # fmt: skip
@click.argument("email")
def password(email: str) -> CommandResult:
    """Run `veritrain users password`: set the password of an account, which ends all its logins.

    The password is read from `VERITRAIN_PASSWORD`, or asked for.

    Returns:
        What the command prints, and its exit code.
    """
    accounts = _accounts()
    user = accounts.by_email(email)
    accounts.set_password(user.id, _new_password())
    return CommandResult(_row(user), [f"{user.email} has a new password."])


@users.command(cls=ResultCommand, short_help="Make a service token of an account.", help=(
    "Make a service token of an account, for programs: MLflow's client sends it when it stands in "
    "MLFLOW_TRACKING_TOKEN. It is shown this once. SECRET_KEY must be the server's."
))  # fmt: skip
@click.argument("email")
@click.option("--name", required=True, help="Purpose of the token.")
@click.option(
    "--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="Days until it expires."
)
def token(email: str, name: str, days: int) -> CommandResult:
    """Run `veritrain users token`: create a service token by which a program uses the server with an account's rights.

    Args:
        email: E-mail address of the account.
        name: Purpose of the token.
        days: Number of days until the token expires.

    Returns:
        What the command prints, and its exit code.
    """
    accounts = _accounts()
    from veritrain_lib.server.auth import sessions

    issued, text = sessions.issue_service_token(accounts.by_email(email).id, name, days)
    document = {
        "id": issued.id, "name": name, "email": email, "expires_at": issued.expires_at.isoformat(), "token": text
    }  # fmt: skip
    return CommandResult(document, [text])


def _accounts() -> Any:
    """Return the module that manages accounts, after bringing the server's tables up to date."""
    from veritrain_lib.server.auth import users as accounts
    from veritrain_lib.server.database import migrate

    migrate.upgrade()
    return accounts


def _new_password() -> str:
    return os.environ.get(PASSWORD_VARIABLE) or click.prompt(
        "Password", hide_input=True, confirmation_prompt=True, err=True
    )


def _row(user: User) -> dict[str, Any]:
    return {
        "id": user.id, "email": user.email, "name": user.name, "role": user.role, "is_active": user.is_active,
        "created_at": user.created_at.isoformat(),
    }  # fmt: skip
