"""`veritrain users ...`: accounts of the server, and service tokens."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from veritrain_lib.cli.output import Answer, AnsweringCommand

if TYPE_CHECKING:
    from veritrain_lib.server.database.tables import User

PASSWORD = "VERITRAIN_PASSWORD"
"""Environment variable with the password to set, for machines. An argument would show in the list of processes."""

ROLE = click.Choice(["viewer", "editor", "admin"])


@click.group(short_help="Accounts of the server, and service tokens for programs.")
def users() -> None:
    """Accounts of the server (needed once SECRET_KEY is set), and service tokens for programs.

    A viewer reads, an editor writes, an admin looks after accounts and settings too.
    """


@users.command(cls=AnsweringCommand, short_help="Add an account.", help=(
    f"Add an account. The password is asked for, or taken from the environment variable {PASSWORD}."
))  # fmt: skip
@click.argument("email")
@click.option("--role", type=ROLE, default="viewer", show_default=True, help="What it may do.")
@click.option("--name", default="", help="What the person is called.")
def add(email: str, role: str, name: str) -> Answer:
    """Add one."""
    accounts = _accounts()
    made = accounts.add(email, _new_password(), role, name)
    return Answer(_row(made), [f"{made.email} is {made.role} now."])


@users.command("list", cls=AnsweringCommand, short_help="List the accounts.", help="List the accounts.")
def list_users() -> Answer:
    """All of them."""
    from rich.table import Table

    found, _ = _accounts().page()
    table = Table("e-mail", "role", "active", "name", "since")
    for user in found:
        table.add_row(
            user.email, user.role, "yes" if user.is_active else "no", user.name, f"{user.created_at:%Y-%m-%d}"
        )
    return Answer([_row(user) for user in found], [table if found else "There is no account yet."])


@users.command(cls=AnsweringCommand, short_help="Give an account a role.", help="Give an account a role.")
@click.argument("email")
@click.argument("role", type=ROLE)
def role(email: str, role: str) -> Answer:
    """Change what it may do."""
    accounts = _accounts()
    changed = accounts.change(accounts.by_email(email).id, role=role)
    return Answer(_row(changed), [f"{changed.email} is {changed.role} now."])


@users.command(cls=AnsweringCommand, short_help="Shut an account.", help=(
    "Shut an account: its logins and service tokens open nothing any more. --undo opens it again."
))  # fmt: skip
@click.argument("email")
@click.option("--undo", is_flag=True, help="Open it again.")
def disable(email: str, undo: bool) -> Answer:
    """Shut or open one."""
    accounts = _accounts()
    changed = accounts.change(accounts.by_email(email).id, active=undo)
    return Answer(_row(changed), [f"{changed.email} is {'open' if changed.is_active else 'shut'}."])


@users.command(cls=AnsweringCommand, short_help="Set an account's password.", help=(
    "Set an account's password; all its logins end. The password is asked for, or taken from the environment "
    f"variable {PASSWORD}."
))  # fmt: skip
@click.argument("email")
def password(email: str) -> Answer:
    """Set it."""
    accounts = _accounts()
    user = accounts.by_email(email)
    accounts.set_password(user.id, _new_password())
    return Answer(_row(user), [f"{user.email} has a new password."])


@users.command(cls=AnsweringCommand, short_help="Make a service token of an account.", help=(
    "Make a service token of an account, for programs: MLflow's client sends it when it stands in "
    "MLFLOW_TRACKING_TOKEN. It is shown this once. SECRET_KEY must be the server's."
))  # fmt: skip
@click.argument("email")
@click.option("--name", required=True, help="What it is for.")
@click.option(
    "--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="How long it holds."
)
def token(email: str, name: str, days: int) -> Answer:
    """Make one."""
    accounts = _accounts()
    from veritrain_lib.server.auth import sessions

    made, text = sessions.give_service_token(accounts.by_email(email).id, name, days)
    document = {
        "id": made.id, "name": name, "email": email, "expires_at": made.expires_at.isoformat(), "token": text
    }  # fmt: skip
    return Answer(document, [text])


def _accounts() -> Any:
    """The module of accounts, once the tables are there."""
    from veritrain_lib.server.auth import users as accounts
    from veritrain_lib.server.database import migrate

    migrate.upgrade()
    return accounts


def _new_password() -> str:
    return os.environ.get(PASSWORD) or click.prompt(
        "Password", hide_input=True, confirmation_prompt=True, err=True
    )


def _row(user: User) -> dict[str, Any]:
    return {
        "id": user.id, "email": user.email, "name": user.name, "role": user.role, "is_active": user.is_active,
        "created_at": user.created_at.isoformat(),
    }  # fmt: skip
