"""Damage to a file: bytes turned, cut, doubled and mixed; words that break parsers put in; parts of archives changed."""

from __future__ import annotations

import io
import random
import zipfile

WORDS = [
    b'"', b"'", b",", b";", b"\t", b"|", b"\n", b"\r", b"\r\n", b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\\", b"{", b"}",
    b"[", b"]", b":", b"[" * 2_000, b'{"a":' * 3_000, b"[" * 100_000, b"9" * 5_000, b"-" + b"1" * 4_301, b"1e999", b"NaN", b"-Infinity", b"null",
    b"true", b'"text": 1, ', b"\\ud800", b"\\u0000", b"\\udc00", "\u2028".encode(), "\ufeff".encode(), b"\xed\xa0\x80", b"\xf0\x9f", b"x" * 140_000,
    b"sep=;\n", b"&a [*a, *a]", b"*labels", b"<<: *labels", b"!!python/object:os.system", b"? ", b"- ", b"  ", b"%YAML 9.9\n", b"---\n", b"...",
    b".inf", b".nan", b"0o17", b"1:30", b"2020-13-45", b"2020-01-01", b"yes", b"~", b"|\n", b">\n", b"#", b"../../x", b"a" * 300,
    b"<!DOCTYPE x [<!ENTITY a 'aa'>]>", b"&a;", b"&#0;", b"<c r='XFD1048576'><v>1</v></c>", b"<row r='999999999'/>", b'r="ZZZZ9"', b"<v>", b"</v>", b"inlineStr",
    b"&b [&c [*c, *c], *c, *c, *c, *c, *c, *c, *c, *c]",
]  # fmt: skip
"""Words that have broken readers: quotes, separators, encodings, deep nesting, long numbers, markup, YAML's tricks."""


def mutated(rng: random.Random, seed: bytes, other: bytes) -> bytes:
    """A file damaged in 1 to 6 places; an archive's parts rather than its bytes, mostly. `other` is mixed in."""
    if seed.startswith(b"PK") and rng.random() < 0.8:
        return _archive(rng, seed)
    return _bytes(rng, seed, other)


def _bytes(rng: random.Random, content: bytes, other: bytes) -> bytes:
    found = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 3, 6])):
        at = rng.randrange(len(found) + 1)
        match rng.randrange(7):
            case 0:
                found[at:at] = rng.choice(WORDS)
            case 1:
                end = at + rng.choice([1, 1, 4, 30, 400])
                found[at:end] = rng.choice([b"", rng.choice(WORDS)])
            case 2 if found:
                found[at % len(found)] = rng.randrange(256)
            case 3:
                found[at:at] = found[rng.randrange(len(found) + 1) :][: rng.choice([1, 10, 100, 5_000])]
            case 4:
                del found[at:]
            case 5:
                start = rng.randrange(len(other) + 1)
                found[at:at] = other[start : start + rng.choice([5, 50, 5_000])]
            case 6:
                piece = bytes(found[at : at + rng.choice([1, 5, 40])])
                found[at:at] = piece * min(rng.choice([2, 50, 2_000]), 200_000 // max(1, len(piece)))
    return bytes(found)


def _archive(rng: random.Random, content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name in rng.sample(sorted(parts), rng.choice([1, 1, 2])):
        if rng.random() < 0.1:
            del parts[name]
        else:
            parts[name] = _bytes(rng, parts[name], content)
    if rng.random() < 0.05:
        parts["xl/media/large.bin"] = b"0" * 5_000_000
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return made.getvalue()
