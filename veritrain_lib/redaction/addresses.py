"""Addresses without their passwords."""

from __future__ import annotations

import re

HIDDEN = "***"

# `scheme://user:password@`. A password may hold an @ that nobody escaped, so it goes to the last one before the path;
# where a slash comes first, to the first @ behind it. What begins with a port is none: `http://host:3000/@vite/client`.
_PASSWORD = re.compile(
    r"""(?P<before>[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@"'<>?\#]*:)
        (?!\d{1,5}(?:[/?\#]|\s|$))
        (?P<password>[^\s"'<>/]+(?=@)|[^\s"'<>@]+(?=@))""",
    re.VERBOSE,
)
_TOKEN_AS_USER = re.compile(r"(?P<before>[A-Za-z][A-Za-z0-9+.-]*://)(?P<password>[A-Za-z0-9_.~%-]{20,})(?=@)")
_PARAMETER = re.compile(
    r"""(?P<before>[?&;](?:ssl)?(?:password|passwd|pwd|passphrase|[a-z_-]*token|[a-z_-]*secret|api[_-]?key|[a-z]*_?key|
        sig|signature|x-amz-signature|x-amz-credential)=)
        (?P<password>[^&;\s"'<>\#]+)""",
    re.VERBOSE | re.IGNORECASE,
)
# What PostgreSQL's library takes instead of an address: `host=db user=me password='two words'`.
_KEYWORD = re.compile(
    r"(?P<before>\b(?:ssl)?password\s*=\s*)(?P<password>'(?:[^'\\]|\\.)*'|[^\s'\"&]+)", re.IGNORECASE
)
_KEYWORD_ADDRESS = re.compile(r"\b(?:host|hostaddr|dbname|user)\s*=", re.IGNORECASE)


def without_password(text: object) -> str:
    """An address, or a text that quotes addresses, with `***` for each password in them.

    Hidden are the password of `scheme://user:password@host`, a long token in the place of the user, query parameters
    that are called password, token, secret, key or signature, and `password=` of a PostgreSQL keyword address.

    >>> without_password("postgresql://me:hunter2@db/veritrain is down")
    'postgresql://me:***@db/veritrain is down'
    """
    words = str(text)
    if "://" in words:
        if "@" in words:
            words = _PASSWORD.sub(_hide, words)
            words = _TOKEN_AS_USER.sub(_hide, words)
        words = _PARAMETER.sub(_hide, words)
    if "assword" in words and _KEYWORD_ADDRESS.search(words):
        words = _KEYWORD.sub(_hide, words)
    return words


def passwords_in(text: str) -> set[str]:
    """The passwords that `without_password` hides; of one with unescaped signs, each reading of it."""
    found: set[str] = set()
    if "://" in text:
        for pattern in (_PASSWORD, _TOKEN_AS_USER, _PARAMETER):
            found |= {match["password"] for match in pattern.finditer(text)}
        # Of one address alone, also the reading to its last @.
        _, _, rest = text.partition("://")
        user, colon, behind = rest.partition(":")
        password, at, _ = behind.rpartition("@")
        if colon and at and not re.match(r"\d{1,5}(?:[/?#]|$)", behind) and not re.search(r"[\s/@]", user):
            found.add(password)
    if _KEYWORD_ADDRESS.search(text):
        found |= {match["password"].strip("'") for match in _KEYWORD.finditer(text)}
    return found - {HIDDEN, ""}


def _hide(match: re.Match[str]) -> str:
    return f"{match['before']}{HIDDEN}"
