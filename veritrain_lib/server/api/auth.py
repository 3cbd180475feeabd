"""Routes of /api/v1: sign-in, one's own account, and (for admins) accounts and service tokens."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from veritrain_lib.server.api.auth_schemas import (
    LoginAnswer,
    LoginGiven,
    MeAnswer,
    NewTokenAnswer,
    PasswordGiven,
    RefreshGiven,
    TokenAnswer,
    TokenGiven,
    TokenPage,
    UserAnswer,
    UserChange,
    UserGiven,
    UserPage,
)
from veritrain_lib.server.api.paging import Paging, envelope
from veritrain_lib.server.api.problems import Conflict, WrongField
from veritrain_lib.server.auth import passwords, session_cookie, sessions, users
from veritrain_lib.server.auth.principal import Caller, current_caller
from veritrain_lib.server.auth.rate_limits import client_address
from veritrain_lib.server.database.tables import Token, User
from veritrain_lib.server.environment import environment

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post("/login", summary="Sign in", response_model=LoginAnswer)
def login(given: LoginGiven, request: Request, response: Response) -> LoginAnswer:
    """Tokens for an account; 401 in the same words for whatever is wrong."""
    _with_a_secret()
    address = client_address(request.scope)
    return _answer(sessions.log_in(given.email, given.password, request.state.rates, address), response)


@router.post("/refresh", summary="Renew a login", response_model=LoginAnswer)
def refresh(given: RefreshGiven, response: Response) -> LoginAnswer:
    """The next pair of tokens. A refresh token works once; a second time ends the login."""
    _with_a_secret()
    made = sessions.renew(given.refresh_token)
    assert isinstance(made, sessions.Login)  # without an overlap there is nothing else
    return _answer(made, response)


@router.post("/logout", summary="End this login", status_code=204)
def logout(request: Request, response: Response) -> None:
    """Revoke this login's tokens, or the service token that was sent."""
    caller = current_caller(request)
    if caller.family:
        sessions.log_out(caller.family)
        session_cookie.take(response, request.scope["scheme"])


@router.get("/me", summary="Who am I", response_model=MeAnswer)
def me(request: Request) -> MeAnswer:
    """The account that is calling."""
    caller = current_caller(request)
    email = None if caller.kind == "local" else caller.name
    return MeAnswer(id=caller.user_id, email=email, role=caller.role, kind=caller.kind)


@router.put("/me/password", summary="Change my password", status_code=204)
def change_password(given: PasswordGiven, request: Request) -> None:
    """A new password; other logins and the service tokens of the account end."""
    caller, address = _signed_in(request), client_address(request.scope)
    request.state.rates.count_login(caller.name, address)
    if not passwords.fits(given.current_password, users.by_email(caller.name).password):
        raise WrongField("body.current_password", "this is not the password so far")
    request.state.rates.forgive_login(caller.name, address)
    users.set_password(
        caller.user_id, given.new_password, spare_family=caller.family, field="body.new_password"
    )


@router.get("/users", summary="List accounts", response_model=UserPage)
def list_users(paging: Paging) -> dict[str, Any]:
    """Accounts in the order of their addresses."""
    found, total = users.page(paging.offset, paging.size)
    return envelope([_user(one) for one in found], total, paging)


@router.post("/users", summary="Add an account", response_model=UserAnswer, status_code=201)
def add_user(given: UserGiven) -> UserAnswer:
    """409 when the address has one already."""
    return _user(users.add(given.email, given.password, given.role, given.name))


@router.patch("/users/{user_id}", summary="Change an account", response_model=UserAnswer)
def change_user(user_id: str, given: UserChange) -> UserAnswer:
    """Role, name, shut or open; 409 for the last active admin."""
    return _user(users.change(user_id, role=given.role, active=given.is_active, name=given.name))


@router.delete("/users/{user_id}", summary="Delete an account", status_code=204)
def delete_user(user_id: str) -> None:
    """With its tokens and preferences; 409 for the last active admin."""
    users.remove(user_id)


@router.get("/tokens", summary="List service tokens", response_model=TokenPage)
def list_tokens(paging: Paging) -> dict[str, Any]:
    """Those that hold, of all accounts, newest first."""
    found, total = sessions.service_tokens(paging.offset, paging.size)
    return envelope([_token(one, email) for one, email in found], total, paging)


@router.post("/tokens", summary="Make a service token", response_model=NewTokenAnswer, status_code=201)
def make_token(given: TokenGiven, request: Request, response: Response) -> NewTokenAnswer:
    """For programs, such as MLflow's client by MLFLOW_TRACKING_TOKEN. The text is shown this once."""
    _with_a_secret()
    owner = users.by_email(given.email or _signed_in(request).name)
    made, text = sessions.give_service_token(owner.id, given.name, given.days)
    response.headers["Cache-Control"] = "no-store"
    return NewTokenAnswer(**_token(made, owner.email).model_dump(), token=text)


@router.delete("/tokens/{token_id}", summary="Revoke a service token", status_code=204)
def revoke_token(token_id: str) -> None:
    """It opens nothing any more."""
    sessions.revoke_service_token(token_id)


def _answer(made: sessions.Login, response: Response) -> LoginAnswer:
    response.headers["Cache-Control"] = "no-store"
    return LoginAnswer(access_token=made.access, refresh_token=made.refresh)


def _user(user: User) -> UserAnswer:
    return UserAnswer.model_validate(user, from_attributes=True)


def _token(token: Token, email: str) -> TokenAnswer:
    return TokenAnswer(
        id=token.id, name=token.name, user_id=token.user_id, email=email, created_at=token.created_at,
        expires_at=token.expires_at,
    )  # fmt: skip


def _with_a_secret() -> None:
    if not environment().needs_login:
        raise Conflict("nobody signs in here: SECRET_KEY is not set")


def _signed_in(request: Request) -> Caller:
    caller = current_caller(request)
    if caller.kind == "local":
        raise Conflict("nobody signs in here: SECRET_KEY is not set")
    return caller
