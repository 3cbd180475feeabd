"""Detection of texts that machines left behind: residue of templates and markup, broken encodings, binary data."""

from __future__ import annotations

import re
from itertools import pairwise

from veritrain_lib.quality.text.normal_form import UNSPACED

RESIDUE = re.compile(
    r"""<!--.*?(?:-->|$)|</?[a-zA-Z][^<>]{0,200}>|&(?:\#\d+|\w{2,8});
      | \{\{.*?\}\}|\{%.*?%\}|\$\{.*?\}|\[\[.*?\]\]|<%.*?%>|%[A-Z][A-Z0-9_]{2,}%|%%\w+%%|\{\w+(?:\.\w+)*\}
      | =\?[\w-]+\?[QBqb]\?.*?\?=|(?:=[0-9A-F]{2}){2,}|(?:%[0-9A-Fa-f]{2}){2,}|(?:\\u[0-9a-fA-F]{4})+|(?:\\x[0-9a-fA-F]{2})+
      | \[object\ Object\]|\#(?:REF|VALUE|NAME)[!?]|\#?N/A|\b(?:undefined|null|nil|NaN|None|void\ 0)\b""",
    re.X | re.S,
)
MOJIBAKE = re.compile(
    # UTF-8 read as Latin-1 or Windows-1252: the letter of a lead byte, then characters that no one types after it.
    "(?:[ÃÂÅÄÐÑØÙâãåæçïð][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ¡-¿]+)|\ufffd+|(?:Ã.)|\u00ad"
)
# Japanese in UTF-8 read as Shift JIS, or the reverse, shows half-width kana and these kanji.
MOJIBAKE_JAPANESE = re.compile("(?:縺|繧|繝|譁|蟄|邵|郢|ï½)")
UNREADABLE = re.compile("[\ufffd\u0080-\u009f]")
HIGH_RUN = re.compile("[\u0080-\u00ff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]{2,}")
# Bytes of one character of UTF-8 in three or four (RFC 3629): too many to fit by chance.
UTF8 = re.compile(rb"[\xe1-\xec][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
BLOB = re.compile(
    r"(?<![\w/+])(?:0x)?(?:[A-Fa-f0-9]{16,}|[A-Za-z0-9+/_]{20,}={0,2}|[A-Fa-f0-9]{8}(?:-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12})(?![\w])"
)
HEX_BYTES = re.compile(r"(?<!\w)(?:(?:0x)?[A-Fa-f0-9]{2}[ :,]+){5,}(?:0x)?[A-Fa-f0-9]{2}(?!\w)")


def markup_residue(text: str) -> bool:
    """Return whether a text is mostly residue of markup or templates, such as `&nbsp;` or `{{name}}`.

    Null values of programming languages (`undefined`, `NaN`) count, too.

    Args:
        text: The text.
    """
    rest, count = RESIDUE.subn(" ", text)
    return count > 0 and _letters(rest) * 2 <= _letters(text) and _words(rest) <= 3


def mojibake(text: str) -> bool:
    """Return whether a text was decoded with the wrong encoding.

    Args:
        text: The text.

    Returns:
        True for a replacement character (U+FFFD), a control character of Latin-1 (U+0080 to U+009F), a run of
        characters whose bytes are UTF-8, or kanji that come from misread kana; and for many characters that occur
        together in no language.
    """
    if text.isascii():
        return False
    if UNREADABLE.search(text) or len(MOJIBAKE_JAPANESE.findall(text)) >= 2:
        return True
    if any(_misread(text, match.start(), match[0]) for match in HIGH_RUN.finditer(text)):
        return True
    hits = sum(len(match) for match in MOJIBAKE.findall(text))
    visible = len("".join(text.split()))
    return hits >= 2 and hits * 3 >= visible


def _misread(text: str, position: int, run: str) -> bool:
    written = b"".join(_byte(character) for character in run)
    if len(run) == 2 and "\x80" <= chr(written[1]) < "\xa0" and text[position - 1 : position].isupper():
        return False  # a capital letter followed by a quote or dash: “CAFÉ”
    try:
        decoded = written.decode("utf-8")
    except UnicodeDecodeError:
        # A run may begin or end with a correctly decoded letter.
        return bool(UTF8.search(written)) and len(run) > 2
    return decoded not in text  # `Ã¼ instead of ü` is a legitimate complaint


def _byte(character: str) -> bytes:
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1")


def blob(text: str) -> bool:
    """Return whether a text is mostly base64, hexadecimal or a machine identifier.

    Args:
        text: The text.
    """
    rest = text
    for pattern in (BLOB, HEX_BYTES):
        rest = pattern.sub(lambda match: " " if _machine_made(match[0]) else match[0], rest)
    return rest != text and _letters(rest) * 2 <= _letters(text) and _words(rest) <= 3


def _machine_made(token: str) -> bool:
    has_digit = any(c.isdigit() for c in token)
    switches = sum(a.islower() and b.isupper() for a, b in pairwise(token))
    return (has_digit and any(c.isalpha() for c in token)) or switches >= 3 or token.endswith("=")


def _letters(text: str) -> int:
    return sum(c.isalnum() for c in text)


def _words(text: str) -> int:
    """Return the number of words in a text; two characters of a script without spaces count as one word."""
    spaced = sum(any(c.isalpha() for c in word) and len(word) > 1 for word in UNSPACED.sub(" ", text).split())
    return spaced + len(UNSPACED.findall(text)) // 2
