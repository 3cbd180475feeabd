"""Routes of /api/v1/auth: sign-in, the current user's account, and (for admins) all accounts and service tokens."""

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
    """Sign in with an e-mail address and a password; the response contains the tokens of the new login.

    The response is 401 with the same message whether the address or the password is wrong.
    """
    _require_login_enabled()
    address = client_address(request.scope)
    return _login_response(
        sessions.log_in(credentials.email, credentials.password, request.state.rates, address), response
    )


@router.post("/refresh", summary="Refresh the tokens of a login", response_model=LoginResponse)
def refresh(token: RefreshRequest, response: Response) -> LoginResponse:
    """Exchange the refresh token of a login for a new pair of tokens.

    A refresh token can be used once; using it a second time ends the login.
    """
    _require_login_enabled()
    login = sessions.renew(token.refresh_token)
    assert isinstance(login, sessions.Login)  # without a grace period there is no other result
    return _login_response(login, response)


@router.post("/logout", summary="Sign out", status_code=204)
def logout(request: Request, response: Response) -> None:
    """End the login with which the request was sent, or revoke its service token."""
    caller = current_principal(request)
    if caller.family:
        sessions.log_out(caller.family)
        session_cookie.delete_cookie(response, request.scope["scheme"])


@router.get("/me", summary="Get the current user", response_model=CurrentUserResponse)
def me(request: Request) -> CurrentUserResponse:
    """Return the account of the user who sent the request."""
    return serialize_principal(current_principal(request))


@router.put("/me/password", summary="Change my password", status_code=204)
def change_password(change: PasswordChangeRequest, request: Request) -> None:
    """Change the password of the user who sent the request.

    All other logins and all service tokens of the account are revoked. The response is 422 if the current password is
    wrong or the new one is not valid.
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
    """List the user accounts of the server, sorted by e-mail address."""
    accounts, total = users.page(paging.offset, paging.size)
    return envelope([serialize_user(account) for account in accounts], total, paging)


@router.post("/users", summary="Add an account", response_model=UserResponse, status_code=201)
def add_user(account: UserCreateRequest) -> UserResponse:
    """Add a user account.

    The response is 409 if there is already an account with this e-mail address.
    """
    return serialize_user(users.add(account.email, account.password, account.role, account.name))


@router.patch("/users/{user_id}", summary="Change an account", response_model=UserResponse)
def change_user(user_id: str, changes: UserUpdateRequest) -> UserResponse:
    """Change the role or the name of a user account, or disable or enable it.

    The response is 409 if no active admin would be left.
    """
    return serialize_user(
        users.change(user_id, role=changes.role, active=changes.is_active, name=changes.name)
    )


@router.delete("/users/{user_id}", summary="Delete an account", status_code=204)
def delete_user(user_id: str) -> None:
    """Delete a user account with its tokens and preferences.

    The response is 409 for the only active admin.
    """
    users.remove(user_id)


@router.get("/tokens", summary="List service tokens", response_model=TokenPage)
def list_tokens(paging: Paging) -> dict[str, Any]:
    """List the valid service tokens of all user accounts, newest first."""
    tokens, total = sessions.service_tokens(paging.offset, paging.size)
    return envelope([serialize_token(token, email) for token, email in tokens], total, paging)


@router.post("/tokens", summary="Create a service token", response_model=NewTokenResponse, status_code=201)
def make_token(token_request: TokenCreateRequest, request: Request, response: Response) -> NewTokenResponse:
    """Create a service token for a program, such as MLflow's client (`MLFLOW_TRACKING_TOKEN`).

    Only this response contains the token's text.
    """
    _require_login_enabled()
    owner = users.by_email(token_request.email or _signed_in_principal(request).name)
    token, text = sessions.issue_service_token(owner.id, token_request.name, token_request.days)
    response.headers["Cache-Control"] = "no-store"
    return NewTokenResponse(**serialize_token(token, owner.email).model_dump(), token=text)


@router.delete("/tokens/{token_id}", summary="Revoke a service token", status_code=204)
def revoke_token(token_id: str) -> None:
    """Revoke a service token, so that it can no longer be used."""
    sessions.revoke_service_token(token_id)


def _login_response(login: sessions.Login, response: Response) -> LoginResponse:
    """Return the response with the tokens of a login, which must not be cached."""
    response.headers["Cache-Control"] = "no-store"
    return LoginResponse(access_token=login.access, refresh_token=login.refresh)


def _require_login_enabled() -> None:
    """Raise Conflict (409) if the server has no user accounts."""
    if not environment().needs_login:
        raise Conflict("sign-in is not configured: SECRET_KEY is not set")


def _signed_in_principal(request: Request) -> Principal:
    """Return the user or service that sent a request; raise Conflict (409) if the server has no user accounts."""
    caller = current_principal(request)
    if caller.kind == "local":
        raise Conflict("sign-in is not configured: SECRET_KEY is not set")
    return caller
