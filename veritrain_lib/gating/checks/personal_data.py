"""What must not be trained on: ways to reach or charge a person, and secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from veritrain_lib.gating.secrets import has_key, has_password
from veritrain_lib.gating.texts import joined

if TYPE_CHECKING:
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
IBAN_LENGTHS = range(15, 35)  # Norway has 15 characters, ISO 13616 allows 34
CARD_STARTS = "23456"  # major industry identifiers of payment and travel cards, ISO/IEC 7812-1


def check(rows: pd.DataFrame, context: Context) -> pd.Series[str]:
    """`personal_data:<kind>`, kinds joined by `+`: email, key, password, card, iban, phone, social.

    Keys are known prefixes, named assignments (`token: ...`), private key blocks and long random tokens; card
    numbers must keep the Luhn checksum (ISO/IEC 7812-1), IBANs theirs (ISO 13616, mod 97); a phone number needs
    its country code, a national grouping or a word like `call` in front. The value itself is never in the
    reason: it would carry the secret on.
    """
    import pandas as pd

    found = [kinds_in(text) for text in joined(rows, list(context.task.inputs))]
    return pd.Series(
        [f"personal_data:{'+'.join(kinds)}" if kinds else "" for kinds in found],
        index=rows.index,
        dtype=object,
    )


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
