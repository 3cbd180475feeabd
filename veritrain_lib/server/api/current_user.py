"""Who asks, by the name that is written beside what they do."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from veritrain_lib.server.auth.principal import current_caller


def name_of_caller(request: Request) -> str:
    """The e-mail address of who signed in; `local` where nobody signs in."""
    return current_caller(request).name


CallerName = Annotated[str, Depends(name_of_caller)]
