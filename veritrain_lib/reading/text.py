"""From bytes to text: encodings, byte order marks and zero bytes."""

from __future__ import annotations

import codecs
import re

from veritrain_lib.reading.fault import FileFault

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""How files begin whose encoding is told by their first bytes; UTF-32 first, because it begins like UTF-16."""

GUESSES = ("utf-16-le", "utf-16-be", "cp932", "cp1252")
"""Encodings that a file which is not UTF-8 may have; the first that fits is named in the message, never used."""

BYTE_ORDER_MARK = "\ufeff"


def decode(name: str, content: bytes) -> tuple[str, list[str]]:
    """The text of a file, and what is worth saying of its encoding.

    UTF-8, with a byte order mark or without (several, as programs that add one each leave them, are taken off), and
    UTF-16 and UTF-32 where a mark tells them. Raises FileFault for any other encoding, and for a zero byte, with the
    line.
    """
    notes: list[str] = []
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise FileFault(_not_text(name, content, encoding, error.start)) from error
    if encoding != "utf-8":
        notes.append(f"{name} is read as {encoding.upper()}, which its byte order mark says")
    marks = len(text) - len(text.lstrip(BYTE_ORDER_MARK))
    if marks > 1 or (marks and encoding != "utf-8"):
        notes.append(f"{name} begins with more than one byte order mark; none is part of the first column")
    text = text[marks:] if marks else text
    zero = text.find("\x00")
    if zero >= 0:
        line = text.count("\n", 0, zero) + 1
        raise FileFault(
            f"{name} line {line} holds a zero byte: it is no text. Take it out, or save the file as UTF-8 if it is "
            "in another encoding",
            kind="format",
        )
    return text, notes


def _not_text(name: str, content: bytes, encoding: str, place: int) -> str:
    shown = encoding.upper()
    line = content.count(b"\n", 0, place) + 1
    told = f"{name} is not {shown} (byte {place}, line {line}); save it as UTF-8"
    if encoding != "utf-8":
        return told
    for guess in GUESSES:
        if guess.startswith("utf-16") and content.count(b"\x00") * 4 < len(content):
            continue
        try:
            text = content.decode(guess)
        except UnicodeDecodeError:
            continue
        if guess == "cp932" and not re.search(r"[\u3040-\u30ff]", text):
            continue
        return f"{told}. It may be {guess.upper()}: iconv -f {guess.upper()} -t UTF-8 {name} > new.csv"
    return told
