"""Detection of telephone numbers in a text: with their country code, or in a grouping used in a country."""

from __future__ import annotations

import re

# Not `\w`: a number may follow a Japanese or Chinese letter directly.
_BEFORE, _AFTER = r"(?<![A-Za-z0-9_.,+\-])", r"(?![A-Za-z0-9_:]|[-.,/]\d)"

INTERNATIONAL = re.compile(
    rf"(?<![A-Za-z0-9_.\-])(?:\+[1-9](?:[ ./()-]{{0,2}}\d){{7,14}}"
    rf"|{_BEFORE}00[1-9](?:\d{{9,14}}|\d{{0,2}}(?:[ ./()-]{{1,2}}\d+){{2,6}})){_AFTER}"
)
# The numbering plans of North America, France, China and Russia, and the small groups of Spain's.
FIXED = re.compile(
    rf"""{_BEFORE}(?:
        (?:\(\d{{3}}\)[ -]?\d{{3}}[ -]?\d{{4}} | \d{{3}}[-. ]\d{{3}}[-. ]\d{{4}})
      | 0[1-9](?:[ .-]\d{{2}}){{4}}
      | 1[3-9]\d[ -]\d{{4}}[ -]\d{{4}} | 400[ -]\d{{3,4}}[ -]\d{{3,4}}
      | 8[ -]?\(\d{{3,4}}\)[ -]?\d{{2,3}}[ -]?\d{{2}}[ -]?\d{{2}}
      | [67]\d{{2}}(?:[ .-]\d{{2}}){{3}}
    ){_AFTER}""",
    re.VERBOSE,
)
# Everywhere else a national number begins with 0 and is written in groups: Japan, China, most of Europe.
GROUPED = re.compile(
    rf"{_BEFORE}(?:\(0[1-9]\d{{0,3}}\) ?\d{{1,8}}|0[1-9]\d{{0,3}})(?:[ ./-]{{1,3}}\(?\d{{1,8}}\)?|\(\d{{1,4}}\) ?\d{{3,8}}){{0,4}}{_AFTER}"
)
DATE = re.compile(r"\(?0\d[ ./-]\d{1,2}[ ./-](?:(?:19|20)\d{2}|\d{2})(?!\d)")
DIGITS = range(10, 13)
FEWEST_LAST = 3
"""Smallest number of digits in the last group of a telephone number, unless the number ends with several short groups.

`0123 456 789 0`, for example, does not count as a telephone number.
"""

CHINESE_MOBILE = re.compile(r"(?<![A-Za-z0-9_.,+\-])1[3-9]\d{9}(?![A-Za-z0-9_]|[-.,]\d)")
JAPANESE_MOBILE = re.compile(r"(?<![A-Za-z0-9_.,+\-])0[789]0\d{8}(?![A-Za-z0-9_]|[-.,]\d)")
HAN = re.compile("[\u3400-\u9fff]")

_WORDS = "phone|call|cell|mobile|tel|text|whatsapp|fax|ring"
_NAMES = (
    "telefon|téléphone|telephone|teléfono|telefono|telefone|telefoon|puhelin|puhelinnumero|handy|mobil|mobilnummer|móvil"
    "|cellulare|telemóvel|rufnummer|portable|numéro|phone number|tel|tlf|телефон|тел"
)
NAMED = re.compile(
    rf"""(?:(?:\b(?:{_WORDS}|{_NAMES})\b|電話|携帯|連絡先|ファックス|ＦＡＸ)[^\d\n+]{{0,20}}(?<![A-Za-z0-9_-])\(?0\d(?:[ ./()-]?\d){{6,12}}
      |(?:\b(?:{_NAMES})\b)[^\d\n+]{{0,20}}(?<![A-Za-z0-9_-])[1-9]\d(?:[ .-]?\d){{6,9}}
      |(?:手机|电话|手機|電話|联系|聯絡|微信)[^\d\n+]{{0,20}}(?<![A-Za-z0-9_-])[1-9](?:[ -]?\d){{6,11}})(?![A-Za-z0-9_-])""",
    re.IGNORECASE | re.VERBOSE,
)


def has_phone(text: str) -> bool:
    """Return whether a text contains a telephone number.

    A number counts if it has its country code (ITU-T E.164), a grouping used in its country (E.123 and the national
    plans) or a word like `call` or 電話 before it, or if it is a mobile number of Japan, or of China in a text with
    Chinese letters.

    Args:
        text: A text in its ASCII form (`to_ascii_form`).
    """
    if INTERNATIONAL.search(text) or FIXED.search(text) or NAMED.search(text) or JAPANESE_MOBILE.search(text):
        return True
    if CHINESE_MOBILE.search(text) and HAN.search(text):
        return True
    return any(_is_grouped(match[0]) for match in GROUPED.finditer(text))


def _is_grouped(text: str) -> bool:
    groups = re.findall(r"\d+", text)
    pair = len(groups) > 2 and len(groups[-1]) == 2 and (len(groups[-2]) == 2 or len(groups) == 4)
    return (
        sum(map(len, groups)) in DIGITS
        and len(groups) > 1
        and (pair or len(groups[-1]) >= FEWEST_LAST)
        and DATE.match(text) is None
    )
