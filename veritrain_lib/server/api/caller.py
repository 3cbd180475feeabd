"""Who asks, by the name that is written beside what he does."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

LOCAL = "local"
"""Where nobody signs in."""


def caller(request: Request) -> str:
    """The e-mail address or name of who signed in, as the gatekeeper noted it on the request; else `local`."""
    found = request.scope.get("state", {}).get("caller")
    return str(found.name or found.user_id) if found is not None else LOCAL


Caller = Annotated[str, Depends(caller)]
