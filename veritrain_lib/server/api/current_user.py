"""Dependency for routes that need the name of the current user, which is stored with each change."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from veritrain_lib.server.auth.principal import current_principal


def current_user_name(request: Request) -> str:
    """Return the e-mail address of the user who is signed in; `local` if sign-in is not configured."""
    return current_principal(request).name


CurrentUserName = Annotated[str, Depends(current_user_name)]
