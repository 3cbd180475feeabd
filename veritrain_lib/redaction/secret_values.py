"""Rules that decide which values of an environment are secrets, and in which contexts each is redacted.

Redacting every value of a variable with KEY in its name would mask a `1`, a user's name or `postgres` in harmless
output. So a value is redacted everywhere only if it is a secret by its variable's name or by its format, and not a word
that is common in output.
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

from veritrain_lib.redaction.addresses import find_passwords

Scope = Literal["anywhere", "word", "named"]
"""Contexts in which a secret is redacted.

anywhere: also inside a longer word; word: only where it stands alone; named: only after its variable's name, or as the
password in a URL.
"""

MIN_LENGTH, WORD_LENGTH, ANYWHERE_LENGTH = 4, 8, 16
"""Lengths in characters that a value needs to be redacted, in different contexts.

`MIN_LENGTH`: to be redacted at all; `WORD_LENGTH`: to be redacted anywhere if it contains digits or signs;
`ANYWHERE_LENGTH`: to be redacted anywhere if it consists of letters only.
"""

LOW_ENTROPY = 2.0
"""Entropy in bits per character (Shannon 1948) below which a value is redacted only after its variable's name.

Such values, like `aaaaaaaa`, also occur in harmless output.
"""

_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|APIKEY|CONNECTION_?STRING")
_SECRET_NAME_WORDS = {"KEY", "KEYS", "PASS", "PWD", "AUTH", "COOKIE", "CREDS", "DSN", "SAS", "PAT", "JWT", "BEARER", "SIGNATURE"}  # fmt: skip
_NOT_SECRET_NAMES = {"PWD", "OLDPWD", "SSH_AUTH_SOCK", "TOKENIZERS_PARALLELISM"}
_DESCRIPTIVE_WORDS = {"MAX", "MIN", "COUNT", "LIMIT", "SIZE", "TTL", "EXPIRE", "EXPIRES", "LIFETIME", "MINUTES", "SECONDS", "DAYS",
          "FILE", "PATH", "DIR", "NAME", "URL", "URI", "HOST", "TYPE", "MODE", "METHOD", "ALGORITHM", "LENGTH"}  # fmt: skip
"""First or last words of variable names that describe a secret and do not hold one, as in `TOKEN_SIZE`."""

_PUBLIC_NAME_WORDS = {"USER", "USERNAME", "LOGNAME", "HOST", "HOSTNAME", "NAME", "DB", "DATABASE", "HOME", "PWD", "LANG", "TERM",
         "SHELL", "MODE", "REGION", "PROJECT", "SERVER", "EMAIL"}  # fmt: skip
"""Last words of variable names whose values are public, such as USER.

A password that equals a public value is redacted only after its own name.
"""

# Formats that are secret whatever the variable is called; the prefixes are documented by their issuers.
_SECRET_FORMAT = re.compile(
    r"(?:sk|rk)[-_][A-Za-z0-9_-]{16,}|gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}|hf_\w{16,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{12,}|AIza[\w-]{20,}|eyJ[\w-]{8,}\.[\w-]{6,}\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY"
)
_COMMON_VALUES = {
    "postgres", "postgresql", "password", "passwort", "changeme", "minioadmin", "minioadmin123", "veritrain", "localhost",
    "default", "development", "production", "testing", "disabled", "enabled", "required", "optional", "anonymous",
}  # fmt: skip
"""Passwords of examples that are also ordinary words in output, such as `postgres`."""


@dataclass(frozen=True)
class Secret:
    """Secret value of an environment variable that is to be redacted.

    Attributes:
        name: Name of the variable that holds it.
        value: The value.
        scope: Contexts in which it is redacted: `anywhere`, `word` (where it stands alone) or `named` (after its
            variable's name).
    """

    name: str
    value: str
    scope: Scope


def find_secrets(environment: Mapping[str, str]) -> list[Secret]:
    """Return the secret values of an environment, longest first.

    A value is a secret by its variable's name (`..._TOKEN`, `API_KEY`, `PGPASSWORD`), by its format (`ghp_...`, a
    private key), or as a password in a URL. In JSON and in texts of several lines, each part is examined separately. A
    value that other variables show openly (a user, a host, a folder) is redacted only after its own name.

    Args:
        environment: Values of the variables by name.
    """
    public_values = {value for name, value in environment.items() if _is_public_name(name)}
    public_values |= _public_parts(environment.values())
    secrets: dict[str, Secret] = {}
    for name, value in environment.items():
        for part in _parts(name, value):
            scope = _scope_of(part, public_values)
            existing = secrets.get(part)
            if scope is not None and (existing is None or existing.scope != "anywhere"):
                secrets[part] = Secret(name, part, scope)
    return sorted(secrets.values(), key=lambda secret: -len(secret.value))


def _is_secret_name(name: str) -> bool:
    upper = name.upper()
    words = re.split(r"[^A-Z0-9]+", upper)
    if upper in _NOT_SECRET_NAMES or words[-1] in _DESCRIPTIVE_WORDS or _DESCRIPTIVE_WORDS & set(words[:1]):
        return False
    return bool(
        _SECRET_NAME.search(upper) or _SECRET_NAME_WORDS & set(words) or upper.endswith(("PASSWORD", "PWD"))
    )


def _is_public_name(name: str) -> bool:
    return re.split(r"[^A-Z0-9]+", name.upper())[-1] in _PUBLIC_NAME_WORDS


def _parts(name: str, value: str) -> set[str]:
    value = value.strip()
    parts = find_passwords(value)
    parts |= {unquote(part) for part in parts}
    if not _is_secret_name(name):
        return parts | ({value} | set(_lines(value)) if _SECRET_FORMAT.match(value) else set())
    if "://" in value or (value.startswith(("/", "~", "./")) and _exists(value)):
        return parts  # a URL or a path
    if value.startswith(("{", "[")):
        leaves = _leaves(value)
        if leaves is not None:
            return parts | leaves
    return parts | {value} | set(_lines(value))


def _lines(value: str) -> list[str]:
    """Return the lines of a multi-line key that are long enough to be redacted one by one; empty for a single line."""
    lines = [line.strip() for line in value.splitlines()]
    return (
        [line for line in lines if len(line) >= ANYWHERE_LENGTH and not line.startswith("-----")]
        if len(lines) > 1
        else []
    )


def _leaves(text: str) -> set[str] | None:
    """Return the texts in a JSON value whose keys or formats mark them as secret; None if `text` is not JSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    leaves: set[str] = set()

    def walk(name: str, node: Any) -> None:
        if isinstance(node, dict):
            for key, inner in node.items():
                walk(str(key), inner)
        elif isinstance(node, list):
            for inner in node:
                walk(name, inner)
        elif isinstance(node, str):
            leaves.update(_parts(name, node) if not node.startswith(("{", "[")) else {node})

    walk("", value)
    return leaves


def _scope_of(value: str, public_values: set[str]) -> Scope | None:
    letters, digits = any(c.isalpha() for c in value), any(c.isdigit() for c in value)
    signs = any(not c.isalnum() and c not in "-_./ " for c in value)
    if len(value) < MIN_LENGTH or value.lower() in ("true", "false", "none", "null"):
        return None
    plain = value in public_values or value.lower() in _COMMON_VALUES or _entropy(value) < LOW_ENTROPY
    if plain or (not letters and len(value) < ANYWHERE_LENGTH):
        return "named"
    if len(value) >= ANYWHERE_LENGTH or (len(value) >= WORD_LENGTH and (digits or signs)):
        return "anywhere"
    return "word" if len(value) >= WORD_LENGTH or (len(value) >= 6 and (digits or signs)) else "named"


def _public_parts(values: Any) -> set[str]:
    """Return the users, hosts and databases that occur in URLs among the values."""
    parts: set[str] = set()
    for value in values:
        for match in re.finditer(
            r"://(?:([^\s/:@]*)(?::[^\s@]*)?@)?([^\s/:@?]+)(?::\d+)?(?:/([^\s/?]+))?", value
        ):
            parts |= {part for part in match.groups() if part}
    return parts


def _exists(value: str) -> bool:
    try:
        return Path(value).expanduser().exists()
    except (OSError, ValueError, RuntimeError):  # too long, or not a path
        return False


def _entropy(text: str) -> float:
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
