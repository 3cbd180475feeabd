"""Which values of an environment are secrets, and how freely each may be hidden.

To hide every value of a variable with KEY in its name would star a `1`, a user's name or `postgres` all over honest
output. So what is hidden everywhere must be a secret by its name or form, and no word that stands elsewhere too.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from veritrain_lib.redaction.addresses import passwords_in

Where = Literal["anywhere", "word", "named"]
"""anywhere: also inside another word; word: where it stands alone; named: behind its name, or as a password in an
address."""

SHORTEST, SHORT, LONG = 4, 8, 16
"""Characters: below the first a value is never hidden, below the second only behind its name or as a word, from
the third also when it is made of letters only."""

LOW_ENTROPY = 2.0
"""Bits a character (Shannon 1948); `aaaaaaaa` and `11111111` are below."""

_NAMED = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|APIKEY|CONNECTION_?STRING")
_WORDS = {"KEY", "KEYS", "PASS", "PWD", "AUTH", "COOKIE", "CREDS", "DSN", "SAS", "PAT", "JWT", "BEARER", "SIGNATURE"}  # fmt: skip
_NOT_NAMED = {"PWD", "OLDPWD", "SSH_AUTH_SOCK", "TOKENIZERS_PARALLELISM"}
_ABOUT = {"MAX", "MIN", "COUNT", "LIMIT", "SIZE", "TTL", "EXPIRE", "EXPIRES", "LIFETIME", "MINUTES", "SECONDS", "DAYS",
          "FILE", "PATH", "DIR", "NAME", "URL", "URI", "HOST", "TYPE", "MODE", "METHOD", "ALGORITHM", "LENGTH"}  # fmt: skip
"""The last word of a name that says something about a secret, and is none."""

_OPEN = {"USER", "USERNAME", "LOGNAME", "HOST", "HOSTNAME", "NAME", "DB", "DATABASE", "HOME", "PWD", "LANG", "TERM",
         "SHELL", "MODE", "REGION", "PROJECT", "SERVER", "EMAIL"}  # fmt: skip
"""The last word of a name whose value anybody may read; a password that equals one is no secret as a word."""

# Forms that are a secret whatever the variable is called; the prefixes are documented by their issuers.
_KNOWN = re.compile(
    r"(?:sk|rk)[-_][A-Za-z0-9_-]{16,}|gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}|hf_\w{16,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{12,}|AIza[\w-]{20,}|eyJ[\w-]{8,}\.[\w-]{6,}\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY"
)
_WELL_KNOWN = {
    "postgres", "postgresql", "password", "passwort", "changeme", "minioadmin", "minioadmin123", "veritrain", "localhost",
    "default", "development", "production", "testing", "disabled", "enabled", "required", "optional", "anonymous",
}  # fmt: skip
"""What stands for a password in examples, and in honest output for itself."""


@dataclass(frozen=True)
class Secret:
    """A value to hide, the variable that it came from, and where it may be hidden."""

    name: str
    value: str
    where: Where


def secrets_of(environment: Mapping[str, str]) -> list[Secret]:
    """The secrets of an environment, longest first.

    A value is a secret by its variable's name (`..._TOKEN`, `API_KEY`, `PGPASSWORD`), by its form (`ghp_...`, a private key), or
    as a password in an address. Of JSON and of texts of several lines each part counts for itself. A value that
    other variables show openly (a user, a host, a folder) is only hidden behind its own name.
    """
    open_values = {value for name, value in environment.items() if _names_openly(name)}
    open_values |= _public_parts(environment.values())
    found: dict[str, Secret] = {}
    for name, value in environment.items():
        for part in _parts(name, value):
            where = _where(part, open_values)
            known = found.get(part)
            if where is not None and (known is None or known.where != "anywhere"):
                found[part] = Secret(name, part, where)
    return sorted(found.values(), key=lambda one: -len(one.value))


def _names_a_secret(name: str) -> bool:
    upper = name.upper()
    words = re.split(r"[^A-Z0-9]+", upper)
    if upper in _NOT_NAMED or words[-1] in _ABOUT or _ABOUT & set(words[:1]):
        return False
    return bool(_NAMED.search(upper) or _WORDS & set(words) or upper.endswith(("PASSWORD", "PWD")))


def _names_openly(name: str) -> bool:
    return re.split(r"[^A-Z0-9]+", name.upper())[-1] in _OPEN


def _parts(name: str, value: str) -> set[str]:
    value = value.strip()
    parts = passwords_in(value)
    parts |= {unquote(part) for part in parts}
    if not _names_a_secret(name):
        return parts | ({value} | set(_lines(value)) if _KNOWN.match(value) else set())
    if "://" in value or (value.startswith(("/", "~", "./")) and _exists(value)):
        return parts  # an address or a file's place
    if value.startswith(("{", "[")):
        inside = _leaves(value)
        if inside is not None:
            return parts | inside
    return parts | {value} | set(_lines(value))


def _lines(value: str) -> list[str]:
    """The lines of a key of several: they may be printed one by one."""
    lines = [line.strip() for line in value.splitlines()]
    return (
        [line for line in lines if len(line) >= LONG and not line.startswith("-----")]
        if len(lines) > 1
        else []
    )


def _leaves(text: str) -> set[str] | None:
    """The texts in a JSON value whose keys call them secret, or that look like a secret; None for no JSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    found: set[str] = set()

    def walk(name: str, one: Any) -> None:
        if isinstance(one, dict):
            for key, inner in one.items():
                walk(str(key), inner)
        elif isinstance(one, list):
            for inner in one:
                walk(name, inner)
        elif isinstance(one, str):
            found.update(_parts(name, one) if not one.startswith(("{", "[")) else {one})

    walk("", value)
    return found


def _where(value: str, open_values: set[str]) -> Where | None:
    letters, digits = any(c.isalpha() for c in value), any(c.isdigit() for c in value)
    signs = any(not c.isalnum() and c not in "-_./ " for c in value)
    if len(value) < SHORTEST or value.lower() in ("true", "false", "none", "null"):
        return None
    plain = value in open_values or value.lower() in _WELL_KNOWN or _entropy(value) < LOW_ENTROPY
    if plain or (not letters and len(value) < LONG):
        return "named"
    if len(value) >= LONG or (len(value) >= SHORT and (digits or signs)):
        return "anywhere"
    return "word" if len(value) >= SHORT or (len(value) >= 6 and (digits or signs)) else "named"


def _public_parts(values: Any) -> set[str]:
    """Users, hosts and databases of addresses."""
    found: set[str] = set()
    for value in values:
        for match in re.finditer(
            r"://(?:([^\s/:@]*)(?::[^\s@]*)?@)?([^\s/:@?]+)(?::\d+)?(?:/([^\s/?]+))?", value
        ):
            found |= {part for part in match.groups() if part}
    return found


def _exists(value: str) -> bool:
    try:
        return Path(value).expanduser().exists()
    except (OSError, ValueError, RuntimeError):  # too long, or no path at all
        return False


def _entropy(text: str) -> float:
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
