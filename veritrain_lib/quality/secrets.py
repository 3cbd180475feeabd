"""Detection of API keys and passwords in a text."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise

MINIMUM_ENTROPY = 3.0
"""Smallest entropy in bits per character (Shannon 1948) for a token of 16 characters or more to count as random.

Words and numbers written together stay below; random keys of 20 characters have 3.6 and more.
"""

SHORT_ENTROPY = 2.5
"""Smallest entropy in bits per character for a token of 8 to 15 characters to count as random.

Such short tokens are examined only if the text calls them a key.
"""

PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY|CERTIFICATE)", re.IGNORECASE)

# Prefixes as their issuers document them: payment, source hosting, chat, cloud, mail and model services, and
# JSON Web Tokens (RFC 7519).
KNOWN_KEY = re.compile(
    r"""(?<![\w-])(?:
        (?:sk|pk|rk)[-_](?:live[-_]|test[-_]|proj[-_]|ant[-_]|or[-_])?(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{12,}
      | (?:gh[pousr]_|github_pat_|glpat-|gldt-|xox[abeoprs]-|xapp-|dop_v1_|shpat_|shpss_|rubygems_)
        (?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{10,}
      | (?:hf_|npm_|pypi-|dapi)(?=[A-Za-z]*\d)[A-Za-z0-9]{20,}
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
PASSWORD_IN_URL = re.compile(r"\b[a-z][a-z0-9+.-]{0,30}://[^\s/:@]*:[^\s/@]{3,}@", re.IGNORECASE)
"""Pattern of a URL that contains a password, such as `postgresql://user:password@host`."""

LENGTH = re.compile(r"[0-9０-９]+(?:文字|桁|字以)")
"""Pattern of a required length in a Japanese password policy (such as `8文字`), which is not a password."""
LONG_TOKEN = re.compile(r"(?<![\w/.@-])[A-Za-z0-9_+/-]{20,}={0,2}(?![\w@])")
URL = re.compile(r"\b[a-z][a-z0-9+.-]{0,30}://\S+", re.IGNORECASE)
# Identifiers that are no secret: a hash, a commit or an object's id in hexadecimal, a UUID (RFC 9562), a
# ULID (its first ten characters are a time), and the hash of a package or an image behind the name of its algorithm.
HEXADECIMAL = re.compile(r"(?:0x)?[A-Fa-f0-9-]{20,}", re.IGNORECASE)
UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
ULID = re.compile(r"0[0-3][0-9A-HJKMNP-TV-Z]{24}")
DIGEST = re.compile(
    r"\b(?:sha-?(?:1|224|256|384|512)|md5|blake[23][bs]?)[-:= ]{1,2}[A-Za-z0-9+/_-]{20,}={0,2}", re.IGNORECASE
)
NAMES_ONLY = re.compile(
    r"(?:primary|foreign|public|partition|sort|row|cache|object|s3|idempotency|dedup(?:lication)?|message|issue|jira|item|map|group|host)[ _-]?$"
    r"|(?:continuation|page|next|cancel(?:lation)?|csrf|xsrf|sync|change)[ _-]?$",
    re.IGNORECASE,
)
"""Pattern of words before `key` or `token`, as in `primary key`, after which the value is only an identifier."""

MINIMUM_RANDOM_RUN = 16
"""Smallest number of consecutive letters and digits for a part of a token to be examined for randomness.

Shorter parts occur in names that are made of several words.
"""


MINIMUM_CHANGES = 0.47
"""Smallest share (0..1) of adjacent characters that differ in kind for a token to count as random.

The kinds are lower case, upper case and digit.
"""


MINIMUM_DIGITS = 0.3
"""Smallest share (0..1) of adjacent characters that are a letter and a digit for a part of a token to count as random.

In random text of letters of one case and digits the share is 40 %.
"""


def has_key(text: str) -> bool:
    """Return whether a text contains an API key or private key.

    Args:
        text: The text.

    Returns:
        True for a private key block, a key of a known form, a random token that the text calls a key, or a long random
        token that is not a hash, commit, UUID or other identifier.
    """
    if PRIVATE_KEY.search(text) or KNOWN_KEY.search(text):
        return True
    if any(
        _has_high_entropy(match[1]) and not NAMES_ONLY.search(text[: match.start()])
        for match in NAMED_KEY.finditer(text)
    ):
        return True
    bare = DIGEST.sub(" ", URL.sub(" ", text))
    return any(_has_high_entropy(match[0]) and _looks_random(match[0]) for match in LONG_TOKEN.finditer(bare))


def has_password(text: str) -> bool:
    """Return whether a text contains a password.

    Args:
        text: The text.

    Returns:
        True for `password is X` if X contains a digit or a sign, unlike ordinary words after `password is`, and does
        not state a required length; and for a URL with a password in it.
    """
    if PASSWORD_IN_URL.search(text):
        return True
    values = (match[1] for match in PASSWORD.finditer(text))
    return any(_unlike_a_word(value) and not LENGTH.match(value) for value in values)


def _has_high_entropy(token: str) -> bool:
    token = token.rstrip(".,;:!?")
    if sum(c.isdigit() for c in token) < 2 or sum(c.isalpha() for c in token) < 2 or len(token) < 8:
        return False
    return _entropy(token) >= (MINIMUM_ENTROPY if len(token) >= 16 else SHORT_ENTROPY)


def _looks_random(token: str) -> bool:
    """Return whether a token mixes letters and digits as a random one does.

    Letters and digits alternate often within one of its parts, or all kinds of characters do in the full token. In
    `customers-2024-export-final` or in an identifier they do not.
    """
    if HEXADECIMAL.fullmatch(token) or UUID.search(token) or ULID.fullmatch(token):
        return False
    parts = re.split(r"[-_+/=]", token)
    return _alternates("".join(parts)) or any(
        _part_looks_random(part) for part in parts if len(part) >= MINIMUM_RANDOM_RUN
    )


def _part_looks_random(part: str) -> bool:
    if HEXADECIMAL.fullmatch(part):
        return False
    changes = sum(a.isdigit() != b.isdigit() for a, b in pairwise(part))
    if changes >= MINIMUM_DIGITS * (len(part) - 1):
        return True
    return changes >= 4 and not re.search(r"[a-z]{6,}", part)


def _alternates(token: str) -> bool:
    """Return whether lower case, upper case and digits alternate as in random text of all three.

    In random text 63 % of adjacent characters differ in kind, in names put together from words and numbers a third at
    most.
    """
    kinds = [0 if c.isdigit() else 1 if c.islower() else 2 for c in token]
    changes = sum(left != right for left, right in pairwise(kinds))
    return len(set(kinds)) == 3 and changes >= MINIMUM_CHANGES * (len(kinds) - 1)


def _entropy(token: str) -> float:
    counts = Counter(token)
    return -sum(n / len(token) * math.log2(n / len(token)) for n in counts.values())


def _unlike_a_word(value: str) -> bool:
    bare = value.rstrip(".,;:!?…") or value
    # Punctuation inside ordinary words: can't, e-mail, and/or, to-do...
    signs = [c for c in bare if not c.isalnum() and c not in "'’-/.…"]
    return any(c.isdigit() for c in bare) or bool(signs)
