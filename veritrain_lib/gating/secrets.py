"""Keys and passwords in a text."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise

MINIMUM_ENTROPY = 3.0
"""Bits a character (Shannon 1948) from which a token of 16 characters or more counts as random; words and
numbers written together stay below, random keys of 20 characters are at 3.6 and more."""

SHORT_ENTROPY = 2.5
"""The same for shorter tokens that are called a key in the text."""

PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY|CERTIFICATE)", re.IGNORECASE)

# Prefixes as their issuers document them: payment, source hosting, chat, cloud, mail and model services, and
# JSON Web Tokens (RFC 7519).
KNOWN_KEY = re.compile(
    r"""(?<![\w-])(?:
        (?:sk|pk|rk)[-_](?:live[-_]|test[-_]|proj[-_]|ant[-_]|or[-_])?(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{12,}
      | (?:gh[pousr]_|github_pat_|glpat-|gldt-|xox[abeoprs]-|xapp-|hf_|npm_|pypi-|dop_v1_|shpat_|shpss_|dapi|rubygems_)
        [A-Za-z0-9_-]{10,}
      | whsec_[A-Za-z0-9+/=]{10,}
      | (?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{12,}
      | AIza[A-Za-z0-9_-]{20,}
      | ya29\.[A-Za-z0-9_-]{10,}
      | SG\.[A-Za-z0-9_-]{10,}
      | eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)?
    )""",
    re.VERBOSE,
)
NAMED_KEY = re.compile(
    r"""(?:(?:api|access|secret|private|license|client|signing|encryption|account)[ _-]?keys?|\bkey
      | (?:auth|access|refresh|api|session|bot|personal)?[ _-]?tokens? | (?:client[ _-]?)?secret | credentials? | bearer)
      \b\s*(?:(?:is|was|are|here)\b)?\s*[:=]?\s*["'`<(\[]?([A-Za-z0-9_\-+/=.~]{8,})""",
    re.IGNORECASE | re.VERBOSE,
)
PASSWORD = re.compile(
    r"""(?:pass[ -]?(?:word|phrase|code|wort)|passwd|pwd|\bpw|\bpin(?:[ ]code)?|mot[ ]de[ ]passe|contraseña|senha|パスワード)
      [^\S\n]*(?:\b(?:is|was|ist|est|es)\b|[=:は]|->|→)[^\S\n]*(?:(?:still|now|always)[ ])?["'`“<(]?([^\s"'`”<>)]{4,})""",
    re.IGNORECASE | re.VERBOSE,
)
LENGTH = re.compile(r"[0-9０-９]+(?:文字|桁|字以)")
"""What a rule on passwords says: how long they must be."""
LONG_TOKEN = re.compile(r"(?<![\w/.@-])[A-Za-z0-9_+/-]{20,}={0,2}(?![\w@])")
HEXADECIMAL = re.compile(r"[A-Fa-f0-9-]{20,}")


def has_key(text: str) -> bool:
    """A private key block, a key of a known form, a random token that is called a key, or a long random token."""
    if PRIVATE_KEY.search(text) or KNOWN_KEY.search(text):
        return True
    if any(_random(match[1]) for match in NAMED_KEY.finditer(text)):
        return True
    return any(_random(match[0]) and _mixed(match[0]) for match in LONG_TOKEN.finditer(text))


def has_password(text: str) -> bool:
    """`password is X` where X holds a digit or a sign, as words after `password is` do not, and is no length."""
    found = (match[1] for match in PASSWORD.finditer(text))
    return any(_unlike_a_word(value) and not LENGTH.match(value) for value in found)


def _random(token: str) -> bool:
    token = token.rstrip(".,;:!?")
    if sum(c.isdigit() for c in token) < 2 or sum(c.isalpha() for c in token) < 2 or len(token) < 8:
        return False
    return _entropy(token) >= (MINIMUM_ENTROPY if len(token) >= 16 else SHORT_ENTROPY)


def _mixed(token: str) -> bool:
    """Letters and digits change places often, as they don't in `customers-2024-export-final`."""
    if HEXADECIMAL.fullmatch(token):
        return True
    changes = sum(a.isdigit() != b.isdigit() for a, b in pairwise(token))
    return changes >= 4 and not re.search(r"[a-z]{6,}", token)


def _entropy(token: str) -> float:
    counts = Counter(token)
    return -sum(n / len(token) * math.log2(n / len(token)) for n in counts.values())


def _unlike_a_word(value: str) -> bool:
    bare = value.rstrip(".,;:!?…") or value
    # Signs that stand inside ordinary words: can't, e-mail, and/or, to-do...
    signs = [c for c in bare if not c.isalnum() and c not in "'’-/.…"]
    return any(c.isdigit() for c in bare) or bool(signs)
