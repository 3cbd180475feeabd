"""Redaction of passwords in URLs and PostgreSQL connection strings."""

from __future__ import annotations

import re

MASK = "***"

# `scheme://user:password@`. A password may hold an @ that nobody escaped, so it goes to the last one before the path;
# where a slash comes first, to the first @ after it. Text that begins with a port does not count: `http://host:3000/@vite/client`.
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
# A PostgreSQL connection string: `host=db user=me password='two words'`.
_KEYWORD = re.compile(
    r"(?P<before>\b(?:ssl)?password\s*=\s*)(?P<password>'(?:[^'\\]|\\.)*'|[^\s'\"&]+)", re.IGNORECASE
)
_KEYWORD_ADDRESS = re.compile(r"\b(?:host|hostaddr|dbname|user)\s*=", re.IGNORECASE)


def redact_passwords(text: object) -> str:
    """Return a URL, or a text that quotes URLs, with `***` in place of each password.

    Redacted are the password in `scheme://user:password@host`, a token (20 or more characters) in place of the user,
    query parameters that are called password, token, secret, key or signature, and `password=` of a PostgreSQL
    connection string.

    >>> redact_passwords("postgresql://me:hunter2@db/veritrain is down")
    'postgresql://me:***@db/veritrain is down'
    """
    redacted = str(text)
    if "://" in redacted:
        if "@" in redacted:
            redacted = _PASSWORD.sub(_replace_with_mask, redacted)
            redacted = _TOKEN_AS_USER.sub(_replace_with_mask, redacted)
        redacted = _PARAMETER.sub(_replace_with_mask, redacted)
    if "assword" in redacted and _KEYWORD_ADDRESS.search(redacted):
        redacted = _KEYWORD.sub(_replace_with_mask, redacted)
    return redacted


def find_passwords(text: str) -> set[str]:
    """Return the passwords in a text's URLs and connection strings that `redact_passwords` masks.

    A URL with several `@` can be read in several ways; the password of each reading is returned.
    """
    passwords: set[str] = set()
    if "://" in text:
        for pattern in (_PASSWORD, _TOKEN_AS_USER, _PARAMETER):
            passwords |= {match["password"] for match in pattern.finditer(text)}
        # If the text is a single URL, also the reading up to its last @.
        _, _, remainder = text.partition("://")
        user, colon, rest_after_user = remainder.partition(":")
        password, at, _ = rest_after_user.rpartition("@")
        if (
            colon
            and at
            and not re.match(r"\d{1,5}(?:[/?#]|$)", rest_after_user)
            and not re.search(r"[\s/@]", user)
        ):
            passwords.add(password)
    if _KEYWORD_ADDRESS.search(text):
        passwords |= {match["password"].strip("'") for match in _KEYWORD.finditer(text)}
    return passwords - {MASK, ""}


def _replace_with_mask(match: re.Match[str]) -> str:
    return f"{match['before']}{MASK}"
