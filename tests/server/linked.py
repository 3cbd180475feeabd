"""What a program sends to a server without accounts."""

from __future__ import annotations

from pathlib import Path


def bearer(home: Path | None = None) -> dict[str, str]:
    """The header with the token of the project's link (of this process' project, unless another is named)."""
    from veritrain_lib.server import link_token

    token = (
        link_token.link_token()
        if home is None
        else (home / ".veritrain" / link_token.TOKEN_FILE).read_text(encoding="ascii")
    )
    return {"Authorization": f"Bearer {token}"}
