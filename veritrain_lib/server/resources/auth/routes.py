"""Routes of /api/v1/auth: sign-in, the current user's account, and (for admins) accounts and service tokens."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from veritrain_lib.server.auth import passwords, session_cookie, sessions, users
from veritrain_lib.server.auth.rate_limits import client_address
from veritrain_lib.server.environment import environment
from veritrain_lib.server.http.current_user import Principal, current_principal
from veritrain_lib.server.http.paging import Paging, envelope
from veritrain_lib.server.http.problems import Conflict, WrongField
from veritrain_lib.server.resources.auth.schemas import (
    CurrentUserResponse,
    LoginRequest,
    LoginResponse,
    NewTokenResponse,
    PasswordChangeRequest,
    RefreshRequest,
    TokenCreateRequest,
    TokenPage,
    UserCreateRequest,
    UserPage,
    UserResponse,
    UserUpdateRequest,
)
from veritrain_lib.server.resources.auth.serialize import serialize_principal, serialize_token, serialize_user

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post("/login", summary="Sign in", response_model=LoginResponse)
def login(credentials: LoginRequest, request: Request, response: Response) -> LoginResponse:
    """Sign in with an e-mail address and a password.

    401 with the same message for every kind of wrong credentials.
    """
    _require_login_enabled()
    address = client_address(request.scope)
    return _login_response(
        sessions.log_in(credentials.email, credentials.password, request.state.rates, address), response
    )


@router.post("/refresh", summary="Refresh the tokens of a login", response_model=LoginResponse)
def refresh(token: RefreshRequest, response: Response) -> LoginResponse:
    """Return the next pair of tokens of a login.

    A refresh token works once; using it a second time ends the login.
    """
    _require_login_enabled()
    login = sessions.renew(token.refresh_token)
    assert isinstance(login, sessions.Login)  # without a grace period there is no other result
    return _login_response(login, response)


@router.post("/logout", summary="Sign out", status_code=204)
def logout(request: Request, response: Response) -> None:
    """Revoke the tokens of this login, or the service token that was sent."""
    caller = current_principal(request)
    if caller.family:
        sessions.log_out(caller.family)
        session_cookie.delete_cookie(response, request.scope["scheme"])


@router.get("/me", summary="Get the current user", response_model=CurrentUserResponse)
def me(request: Request) -> CurrentUserResponse:
    """Return the account that sends the request."""
    return serialize_principal(current_principal(request))


@router.put("/me/password", summary="Change my password", status_code=204)
def change_password(change: PasswordChangeRequest, request: Request) -> None:
    """Set a new password.

    All other logins and the service tokens of the account are revoked.
    """
    caller, address = _signed_in_principal(request), client_address(request.scope)
    request.state.rates.count_login(caller.name, address)
    if not passwords.verify_password(change.current_password, users.by_email(caller.name).password):
        raise WrongField("body.current_password", "this is not the current password")
    request.state.rates.forgive_login(caller.name, address)
    users.set_password(
        caller.user_id, change.new_password, spare_family=caller.family, field="body.new_password"
    )


@router.get("/users", summary="List accounts", response_model=UserPage)
def list_users(paging: Paging) -> dict[str, Any]:
    """List accounts by e-mail address."""
    accounts, total = users.page(paging.offset, paging.size)
    return envelope([serialize_user(account) for account in accounts], total, paging)


@router.post("/users", summary="Add an account", response_model=UserResponse, status_code=201)
def add_user(account: UserCreateRequest) -> UserResponse:
    """Add an account.

    409 if the e-mail address already has one.
    """
    return serialize_user(users.add(account.email, account.password, account.role, account.name))


@router.patch("/users/{user_id}", summary="Change an account", response_model=UserResponse)
def change_user(user_id: str, changes: UserUpdateRequest) -> UserResponse:
    """Change the role or the name of an account, or deactivate or reactivate it.

    409 for the last active admin.
    """
    return serialize_user(
        users.change(user_id, role=changes.role, active=changes.is_active, name=changes.name)
    )


@router.delete("/users/{user_id}", summary="Delete an account", status_code=204)
def delete_user(user_id: str) -> None:
    """Delete an account with its tokens and preferences.

    409 for the last active admin.
    """
    users.remove(user_id)


@router.get("/tokens", summary="List service tokens", response_model=TokenPage)
def list_tokens(paging: Paging) -> dict[str, Any]:
    """List the valid service tokens of all accounts, newest first."""
    tokens, total = sessions.service_tokens(paging.offset, paging.size)
    return envelope([serialize_token(token, email) for token, email in tokens], total, paging)


@router.post("/tokens", summary="Create a service token", response_model=NewTokenResponse, status_code=201)
def make_token(token_request: TokenCreateRequest, request: Request, response: Response) -> NewTokenResponse:
    """Create a service token for a program, such as MLflow's client (MLFLOW_TRACKING_TOKEN).

    The text of the token is shown only in this response.
    """
    _require_login_enabled()
    owner = users.by_email(token_request.email or _signed_in_principal(request).name)
    token, text = sessions.issue_service_token(owner.id, token_request.name, token_request.days)
    response.headers["Cache-Control"] = "no-store"
    return NewTokenResponse(**serialize_token(token, owner.email).model_dump(), token=text)


@router.delete("/tokens/{token_id}", summary="Revoke a service token", status_code=204)
def revoke_token(token_id: str) -> None:
    """Revoke a service token.

    It no longer gives access to anything.
    """
    sessions.revoke_service_token(token_id)


def _login_response(login: sessions.Login, response: Response) -> LoginResponse:
    response.headers["Cache-Control"] = "no-store"
    return LoginResponse(access_token=login.access, refresh_token=login.refresh)


def _require_login_enabled() -> None:
    if not environment().needs_login:
        raise Conflict("sign-in is not configured: SECRET_KEY is not set")


def _signed_in_principal(request: Request) -> Principal:
    caller = current_principal(request)
    if caller.kind == "local":
        raise Conflict("sign-in is not configured: SECRET_KEY is not set")
    return caller
