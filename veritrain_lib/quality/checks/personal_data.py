"""Gate check for personal data and secrets, which must not be trained on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from veritrain_lib.quality.personal_data.ascii_form import to_ascii_form
from veritrain_lib.quality.personal_data.national_ids import SOCIAL, has_national_id
from veritrain_lib.quality.personal_data.phone_numbers import has_phone
from veritrain_lib.quality.prepared_texts import character_classes_in, tokens_in
from veritrain_lib.quality.secrets import KNOWN_KEY, has_key, has_password
from veritrain_lib.quality.text.character_classes import BEYOND, OTHER
from veritrain_lib.quality.text.normal_form import joined
from veritrain_lib.quality.text.text_fields import text_fields

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.quality.context import Context

EMAIL = re.compile(
    r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+"
    r"|\b[\w.+-]+\s?[\[(]\s?at\s?[\])]\s?[\w-]+(?:\s?(?:\.|[\[(]\s?dot\s?[\])])\s?\w+)+",
    re.IGNORECASE,
)
# Lengths and prefixes as published by the card schemes (ISO/IEC 7812): Visa, Mastercard, American Express, Diners,
# Discover, JCB, UnionPay, Maestro.
CARD = re.compile(r"(?<![A-Za-z0-9_.,-])(?:\d[ -]?){11,18}\d(?![A-Za-z0-9_-])")
SCHEME = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}"
    r"|6(?:011|4[4-9]\d|5\d\d)\d{12}|35\d{14}|62\d{14,17}|(?:50|5[6-9]|6\d)\d{14}"
)
IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{2,4}){3,8}(?![A-Za-z0-9])", re.IGNORECASE)
# Every pattern here and in `secrets` needs one of these; most rows have none and need only this search.
MAY_HOLD = re.compile(
    r"\d|[@_]|://|[\[(]\s?at|-----|\S{13}|pass|pwd|\bpw|\bpin|mot de|contrase|senha|パスワード", re.IGNORECASE
)
PIECES = re.compile("pass|pwd|pw|pin|mot|contrase|senha")
"""Pattern of parts of words (`pass`, `pin`, ...) that quickly excludes texts without personal data and secrets.

A text of only letters and basic punctuation can contain some only if this pattern matches, or if it has a run of 13 or
more characters without a space.
"""
LONG_RUN = 13
IBAN_LENGTHS = range(15, 35)  # Norway has 15 characters, ISO 13616 allows 34


def check(rows: pd.DataFrame, context: Context) -> pd.Series[str]:
    """Flag rows with personal data or secrets.

    Reason: `personal_data:<kind>`, kinds joined by `+`: email, key, password, card, iban, phone, social, national_id.

    Keys are known prefixes, named assignments (`token: ...`), private key blocks and long random tokens; a hash, a
    commit or a UUID counts only if the text calls it a key. Card numbers must match a scheme and the Luhn checksum
    (ISO/IEC 7812-1), IBANs their country's length and checksum (ISO 13616, mod 97). A phone number needs its country
    code, a grouping used in its country (Japan, China, Europe, North America) or a word like `call` before it. National
    numbers of 28 states, such as Japan's My Number or a Chinese resident's number, need valid check digits, and also
    their name in the text if many other numbers look like them. Full-width digits and signs count as those of ASCII.
    The value itself is never in the reason, which would leak the secret.

    Args:
        rows: Rows to check.
        context: Task and reference data.

    Returns:
        One reason a row, aligned to `rows.index`; "" for a row that passes.
    """
    import numpy as np
    import pandas as pd

    names = text_fields(rows, context.task)
    texts, reasons = joined(rows, names), np.full(len(rows), "", dtype=object)
    candidates, long_run = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    for name in names:
        may_match, has_long_run = _may_hold(rows, name)
        candidates, long_run = candidates | may_match, long_run | has_long_run
    for number in np.flatnonzero(candidates).tolist():
        text = to_ascii_form(texts[number])
        if MAY_HOLD.search(text) and (kinds := kinds_in(text)):
            reasons[number] = f"personal_data:{'+'.join(kinds)}"
    for number in np.flatnonzero(long_run & ~candidates).tolist():
        if KNOWN_KEY.search(texts[number]):
            reasons[number] = "personal_data:key"
    return pd.Series(reasons, index=rows.index, dtype=object)


def _may_hold(rows: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return for each text of a field whether the pattern `MAY_HOLD` may match it, and whether it has a long run.

    Most texts match no pattern at all, and need not be searched. In a text of letters and full stops a long run of
    characters without a space can only be a known key: everything else needs a digit, a sign or one of the `PIECES`.

    Args:
        rows: The rows.
        name: The field.

    Returns:
        Two boolean masks of shape (rows,).
    """
    classes = character_classes_in(rows, [name])
    mask: np.ndarray = ~classes.lacks(OTHER | BEYOND)
    if not mask.all():
        mask = mask | tokens_in(rows, [name]).contains(lambda word: PIECES.search(word) is not None)
    return mask, classes.longest >= LONG_RUN


def kinds_in(text: str) -> list[str]:
    """Return the kinds of personal data and secrets in a text, such as `email` and `key`.

    Args:
        text: The text.

    Returns:
        Each kind once, in a fixed order.
    """
    text = to_ascii_form(text)
    ibans = [match[0] for match in IBAN.finditer(text) if _is_iban(match[0])]
    without_ibans = text
    for iban in ibans:  # their groups of digits also look like telephone numbers
        without_ibans = without_ibans.replace(iban, " ")
    kinds = {
        "email": EMAIL.search(text) is not None,
        "key": has_key(text),
        "password": has_password(text),
        "card": any(_is_card(match[0]) for match in CARD.finditer(text)),
        "iban": bool(ibans),
        "phone": has_phone(without_ibans),
        "social": SOCIAL.search(text) is not None,
        "national_id": has_national_id(text),
    }
    return [kind for kind, found in kinds.items() if found]


def _is_card(text: str) -> bool:
    from stdnum import luhn

    digits = "".join(c for c in text if c.isdigit())
    return len(set(digits)) > 1 and SCHEME.fullmatch(digits) is not None and bool(luhn.is_valid(digits))


def _is_iban(text: str) -> bool:
    from stdnum import iban

    code = re.sub(r"[ -]", "", text).upper()
    # The pattern may have matched a following word too, so every length is tried.
    return any(iban.is_valid(code[:length]) for length in IBAN_LENGTHS if length <= len(code))
