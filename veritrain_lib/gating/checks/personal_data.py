"""What must not be trained on: ways to reach or charge a person, and secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from veritrain_lib.gating.prepared import surface_in, tokens_in
from veritrain_lib.gating.secrets import KNOWN_KEY, has_key, has_password
from veritrain_lib.gating.surface import BEYOND, OTHER
from veritrain_lib.gating.text_fields import text_fields
from veritrain_lib.gating.texts import joined

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.gating.context import Context

EMAIL = re.compile(
    r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+"
    r"|\b[\w.+-]+\s?[\[(]\s?at\s?[\])]\s?[\w-]+(?:\s?(?:\.|[\[(]\s?dot\s?[\])])\s?\w+)+",
    re.IGNORECASE,
)
CARD = re.compile(r"(?<![\w.,-])(?:\d[ -]?){12,18}\d(?![\w-])")
IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{2,4}){3,8}(?![A-Za-z0-9])", re.IGNORECASE)
PHONE = re.compile(
    r"""(?<![\w.+-])(?:(?:\+|00)[1-9](?:[ ./()-]{0,2}\d){7,14}|\(\d{3}\)[ -]?\d{3}[ -]?\d{4}|\d{3}[-.\ ]\d{3}[-.\ ]\d{4})(?![\w-])
      |(?:phone|call|cell|mobile|tel|text|whatsapp|fax|ring|電話)\b[^\d\n+]{0,20}(?<![\w-])0\d(?:[ ./()-]?\d){6,12}(?![\w-])""",
    re.IGNORECASE | re.VERBOSE,
)
SOCIAL = re.compile(r"(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
# Every pattern here and in `secrets` needs one of these; most rows have none and are done with one search.
MAY_HOLD = re.compile(
    r"\d|[@_]|[\[(]\s?at|-----|\S{13}|pass|pwd|\bpw|\bpin|mot de|contrase|senha|パスワード", re.IGNORECASE
)
PIECES = re.compile("pass|pwd|pw|pin|mot|contrase|senha")
"""What a word of a text of letters and stops holds when `MAY_HOLD` matches it for anything but a long run."""
LONG_RUN = 13
IBAN_LENGTHS = range(15, 35)  # Norway has 15 characters, ISO 13616 allows 34
CARD_STARTS = "23456"  # major industry identifiers of payment and travel cards, ISO/IEC 7812-1


def check(rows: pd.DataFrame, context: Context) -> pd.Series[str]:
    """`personal_data:<kind>`, kinds joined by `+`: email, key, password, card, iban, phone, social.

    Keys are known prefixes, named assignments (`token: ...`), private key blocks and long random tokens; card
    numbers must keep the Luhn checksum (ISO/IEC 7812-1), IBANs theirs (ISO 13616, mod 97); a phone number needs
    its country code, a national grouping or a word like `call` in front. The value itself is never in the
    reason: it would carry the secret on.
    """
    import numpy as np
    import pandas as pd

    names = text_fields(rows, context.task)
    texts, reasons = joined(rows, names), np.full(len(rows), "", dtype=object)
    asked, long_run = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    for name in names:
        found, run = _may_hold(rows, name)
        asked, long_run = asked | found, long_run | run
    for number in np.flatnonzero(asked).tolist():
        if MAY_HOLD.search(texts[number]) and (kinds := kinds_in(texts[number])):
            reasons[number] = f"personal_data:{'+'.join(kinds)}"
    for number in np.flatnonzero(long_run & ~asked).tolist():
        if KNOWN_KEY.search(texts[number]):
            reasons[number] = "personal_data:key"
    return pd.Series(reasons, index=rows.index, dtype=object)


def _may_hold(rows: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Whether `MAY_HOLD` may match each text of a field for anything but a long run, and whether for that. Most texts
    meet no pattern at all. In one of letters and stops (`surface.OTHER`) a long run can only be a known key: all else
    needs a digit, a sign or one of the `PIECES`."""
    surface = surface_in(rows, [name])
    found: np.ndarray = ~surface.lacks(OTHER | BEYOND)
    if not found.all():
        found = found | tokens_in(rows, [name]).holding(lambda word: PIECES.search(word) is not None)
    return found, surface.longest >= LONG_RUN


def kinds_in(text: str) -> list[str]:
    """The kinds of personal data in a text, each once, in a fixed order."""
    kinds = {
        "email": EMAIL.search(text) is not None,
        "key": has_key(text),
        "password": has_password(text),
        "card": any(_keeps_luhn(match[0]) for match in CARD.finditer(text)),
        "iban": any(_is_iban(match[0]) for match in IBAN.finditer(text)),
        "phone": PHONE.search(text) is not None,
        "social": SOCIAL.search(text) is not None,
    }
    return [kind for kind, found in kinds.items() if found]


def _keeps_luhn(text: str) -> bool:
    digits = "".join(c for c in text if c.isdigit())
    if digits[0] not in CARD_STARTS or len(set(digits)) == 1:
        return False
    doubled = (int(d) * (2 if place % 2 else 1) for place, d in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _is_iban(text: str) -> bool:
    code = re.sub(r"[ -]", "", text).upper()
    # The pattern may have swallowed a following word, so every length counts.
    candidates = (code[:length] for length in IBAN_LENGTHS if length <= len(code))
    return any(int("".join(str(int(c, 36)) for c in one[4:] + one[:4])) % 97 == 1 for one in candidates)
