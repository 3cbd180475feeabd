"""Decoding of a user's file to text: encodings, byte order marks and zero bytes."""

from __future__ import annotations

import codecs
import re

from veritrain_lib.reading.fault import FileFault

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks and their encodings; UTF-32 first, because its mark begins like that of UTF-16."""

GUESSED_ENCODINGS = ("utf-16-le", "utf-16-be", "cp932", "cp1252")
"""Encodings that a file which is not UTF-8 may have.

The first one that can decode the file is only named in the error message; the file is never read with it.
"""

BYTE_ORDER_MARK = "\ufeff"


def decode(name: str, content: bytes) -> tuple[str, list[str]]:
    """Return the text of a user's file, and notes for the user on its encoding.

    Supported are UTF-8, with or without a byte order mark, and UTF-16 and UTF-32 with one. All byte order marks at the
    beginning are removed; a file may have several if several programs added one each.

    Args:
        name: Name of the file, for messages.
        content: The bytes of the file.

    Raises:
        FileFault: The file has another encoding, or contains a zero byte (the message names the line).
    """
    notes: list[str] = []
    encoding = next((name for prefix, name in BYTE_ORDER_MARKS if content.startswith(prefix)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise FileFault(_encoding_message(name, content, encoding, error.start)) from error
    if encoding != "utf-8":
        notes.append(f"{name} is read as {encoding.upper()}, which its byte order mark says")
    mark_count = len(text) - len(text.lstrip(BYTE_ORDER_MARK))
    if mark_count > 1 or (mark_count and encoding != "utf-8"):
        notes.append(f"{name} begins with more than one byte order mark; none is part of the first column")
    text = text[mark_count:] if mark_count else text
    zero_position = text.find("\x00")
    if zero_position >= 0:
        line = text.count("\n", 0, zero_position) + 1
        raise FileFault(
            f"{name} line {line} holds a zero byte: it is not text. Remove it, or save the file as UTF-8 if it is "
            "in another encoding",
            kind="format",
        )
    return text, notes


def _encoding_message(name: str, content: bytes, encoding: str, position: int) -> str:
    encoding_name = encoding.upper()
    line = content.count(b"\n", 0, position) + 1
    message = f"{name} is not {encoding_name} (byte {position}, line {line}); save it as UTF-8"
    if encoding != "utf-8":
        return message
    for guess in GUESSED_ENCODINGS:
        if guess.startswith("utf-16") and content.count(b"\x00") * 4 < len(content):
            continue
        try:
            text = content.decode(guess)
        except UnicodeDecodeError:
            continue
        if guess == "cp932" and not re.search(r"[\u3040-\u30ff]", text):
            continue
        return f"{message}. It may be {guess.upper()}: iconv -f {guess.upper()} -t UTF-8 {name} > new.csv"
    return message
