"""What must not be trained on: ways to reach a person, and secrets."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

from veritrain_lib.gating.texts import joined

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.gating.context import Context

MINIMUM_ENTROPY = 3.0
"""Bits a character (Shannon 1948) from which a long token of letters and digits counts as a secret; English
words and numbers written together stay below, random keys of 20 characters are at 3.6 and more."""

EMAIL = re.compile(
    r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+|\b[\w.+-]+\s?[\[(]\s?at\s?[\])]\s?[\w-]+(?:\s?(?:\.|[\[(]\s?dot\s?[\])])\s?\w+)+",
    re.I,
)
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY|CERTIFICATE)", re.I)
# Prefixes as their issuers document them.
KNOWN_KEY = re.compile(
    r"""(?<![\w-])(?:
        (?:sk|pk|rk)[-_](?:live[-_]|test[-_]|proj[-_]|ant[-_]|or[-_])?[A-Za-z0-9_-]{12,}
      | (?:gh[pousr]_|github_pat_|glpat-|gldt-|xox[abeoprs]-|xapp-|hf_|npm_|pypi-|dop_v1_|shpat_|shpss_|dapi|rubygems_)[A-Za-z0-9_-]{10,}
      | whsec_[A-Za-z0-9+/=]{10,}
      | (?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{12,}
      | AIza[A-Za-z0-9_-]{20,}
      | ya29\.[A-Za-z0-9_-]{10,}
      | SG\.[A-Za-z0-9_-]{10,}
      | eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)?
    )""",
    re.X,
)
NAMED = re.compile(
    r"(?:api[ _-]?keys?|access[ _-]?keys?|secret(?:[ _-]?keys?)?|private[ _-]?keys?|(?:auth|access|refresh|api|session)?[ _-]?tokens?|license[ _-]?keys?"
    r"|client[ _-]?secret|credentials?|bearer|\bkey)\b\s*(?:(?:is|was|are|here)\b)?\s*[:=]?\s*[\"'`<(\[]?([A-Za-z0-9_\-+/=.]{8,})",
    re.I,
)
PASSWORD = re.compile(
    r"(?:pass[ -]?(?:word|phrase|code|wort)|passwd|pwd|\bpw|\bpin(?: code)?|mot de passe|contraseña|senha|パスワード)\b"
    r"[^\S\n]*(?:(?:is|was|are|=|:|ist|est|es|は|->|→)+[^\S\n]*)+(?:still |now |always )?[\"'`“<(]?([^\s\"'`”<>)]{4,})",
    re.I,
)
CARD = re.compile(r"(?<![\w.,-])(?:\d[ -]?){12,18}\d(?![\w-])")
IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{2,4}){3,8}(?![A-Za-z0-9])", re.I)
PHONE = re.compile(
    r"(?<![\w.+-])(?:(?:\+|00)[1-9](?:[ ./()-]{0,2}\d){7,14}|\(\d{3}\)[ -]?\d{3}[ -]?\d{4}|\d{3}[-. ]\d{3}[-. ]\d{4})(?![\w-])"
    r"|(?:phone|call|cell|mobile|tel|text|whatsapp|fax|ring|電話)\b[^\d\n+]{0,20}(?<![\w-])(0\d(?:[ ./()-]?\d){6,12})(?![\w-])",
    re.I,
)
SOCIAL = re.compile(r"(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
LONG_TOKEN = re.compile(r"(?<![\w/.@-])[A-Za-z0-9_+/-]{20,}={0,2}(?![\w@])")


def check(rows: pd.DataFrame, context: Context) -> pd.Series[str]:
    """`personal_data:<kind>`, kinds joined by `+`: email, key, password, card, iban, phone, social.

    Keys are known prefixes, named assignments (`token: ...`), private key blocks and long random tokens; card
    numbers must keep the Luhn checksum (ISO/IEC 7812-1), IBANs theirs (ISO 13616, mod 97); a phone number needs
    its country code, a national grouping or a word like `call` in front. The value itself is never in the
    reason: it would carry the secret on.
    """
    import pandas as pd

    texts = joined(rows, list(context.task.inputs))
    return pd.Series([_reason(text) for text in texts], index=rows.index, dtype=object)


def _reason(text: str) -> str:
    kinds = kinds_in(text)
    return f"personal_data:{'+'.join(kinds)}" if kinds else ""


def kinds_in(text: str) -> list[str]:
    """The kinds of personal data in a text, each once, in a fixed order."""
    kinds = {
        "email": EMAIL.search(text) is not None,
        "key": _has_key(text),
        "password": any(_unlike_a_word(match[1]) for match in PASSWORD.finditer(text)),
        "card": any(_luhn(match[0]) for match in CARD.finditer(text)),
        "iban": any(_iban(match[0]) for match in IBAN.finditer(text)),
        "phone": PHONE.search(text) is not None,
        "social": SOCIAL.search(text) is not None,
    }
    return [kind for kind, found in kinds.items() if found]


def _has_key(text: str) -> bool:
    if PRIVATE_KEY.search(text) or KNOWN_KEY.search(text):
        return True
    if any(_random(match[1]) for match in NAMED.finditer(text)):
        return True
    return any(_random(match[0]) and _mixed(match[0]) for match in LONG_TOKEN.finditer(text))


def _random(token: str) -> bool:
    token = token.rstrip(".,;:!?")
    digits = sum(c.isdigit() for c in token)
    letters = sum(c.isalpha() for c in token)
    if len(token) < 8 or digits < 2 or letters < 2:
        return False
    return _entropy(token) >= (MINIMUM_ENTROPY if len(token) >= 16 else 2.5)


def _mixed(token: str) -> bool:
    """Letters and digits change places often, as in a random token, not as in `customers-2024-export-final`."""
    if re.fullmatch(r"[A-Fa-f0-9-]{20,}", token):
        return True
    changes = sum(a.isdigit() != b.isdigit() for a, b in zip(token, token[1:], strict=False))
    return changes >= 4 and not re.search(r"[a-z]{6,}", token)


def _entropy(token: str) -> float:
    counts = Counter(token)
    return -sum(n / len(token) * math.log2(n / len(token)) for n in counts.values())


def _unlike_a_word(value: str) -> bool:
    value = value.rstrip(".,;:!?") or value
    symbols = sum(not c.isalnum() for c in value.strip("-'’,./"))
    return len(value) >= 4 and (
        any(c.isdigit() for c in value)
        or (
            symbols > 0
            and "/" not in value
            and "-" not in value
            and "…" not in value
            and "..." not in value
            and "'" not in value
            and "’" not in value
        )
    )


def _luhn(text: str) -> bool:
    digits = [int(c) for c in text if c.isdigit()]
    if (
        not 13 <= len(digits) <= 19
        or digits[0] not in (2, 3, 4, 5, 6)
        or len(set(digits)) < 3
        and digits[0] != 4
    ):
        return False
    doubled = [
        d if place % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for place, d in enumerate(reversed(digits))
    ]
    return sum(doubled) % 10 == 0


def _iban(text: str) -> bool:
    code = re.sub(r"[ -]", "", text).upper()
    # The pattern may have swallowed a following word: every length from the shortest IBAN (Norway, 15) counts.
    for length in range(15, min(len(code), 34) + 1):
        one = code[:length]
        turned = one[4:] + one[:4]
        if int("".join(str(int(c, 36)) for c in turned)) % 97 == 1:
            return True
    return False
