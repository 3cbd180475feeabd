"""Numbers of persons as their countries write them, numbers in full width, and honest strings that look like keys.

Nothing here belongs to anybody: digits are drawn, and check digits put right.
"""

from __future__ import annotations

import random
import uuid
from importlib import import_module

from benchmarks.planting.rows import random_text

HEX = "0123456789abcdef"
# Phrase with a place for the number, the shape (`d` is any digit, `c` one that is tried until the check digits are
# right, anything else stands as it is) and the module of python-stdnum that says when they are.
IDS = {
    "gross": (
        ("my number is {}", "dddd-dddd-dddc", "jp.in_"), ("マイナンバーは{}です", "dddddddddddc", "jp.in_"),
        ("身份证号 {}", "11010519ddddddddcc", "cn.ric"), ("Steuer-ID {}", "dddddddddcc", "de.idnr"), ("PESEL {}", "ddddddddddc", "pl.pesel"),
        ("BSN {}", "dddddddcc", "nl.bsn"), ("CNP {}", "1850730dddddc", "ro.cnp"), ("NHS number {}", "ddd ddd dddc", "gb.nhs"),
    ),
    "plain": (
        ("it is {}", "1850778006ddccc", "fr.nir"), ("insured as {}", "756.dddd.dddd.dc", "ch.ssn"), ("the holder is {}", "dddddddcT", "es.dni"),
        ("born {}", "850730-dddc", "se.personnummer"), ("registered under {}", "85.07.30-ddd.cc", "be.nn"),
    ),
    "slight": (
        ("{}", "31010119ddddddddcc", "cn.ric"), ("ref {}", "150785dddcc", "no.fodselsnummer"),
        ("that was {}", "850730/dddc", "cz.rc"), ("see {}", "ddd.ddd.ddd-cc", "br.cpf"),
    ),
}  # fmt: skip
PHONES = {
    "gross": ("call +81-3-{4}-{4}", "+86 138 {4} {4}", "my phone is 0171 {7}", "電話番号は03{8}です", "tel. 089 {8}"),
    "plain": ("reach me at 03-{4}-{4}", "090-{4}-{4}", "0120-{3}-{3}", "138-{4}-{4}", "01 {2} {2} {2} {2}", "06-{8}", "020 {4} {4}"),
    "slight": ("(03){4}-{4}", "030/{7}", "08-{3} {3} {2}", "手机138{8}", "06.{2}.{2}.{2}.{2}", "8 (912) {3}-{2}-{2}", "６１２ {2} {2} {2}"),
}  # fmt: skip
NAMES = {
    "hash": ("the checksum is {64}", "md5 {32} does not match", "got sha256:{64}", "etag {40}"),
    "commit": ("it broke at commit {40}", "please revert {12}", "since {40} of yesterday", "built from v1.4.2-7-g{10}"),
    "uuid": ("request {u} failed", "the id is {u}", "trace {32} in the log", "see {U}", "my device is {u}"),
}  # fmt: skip


def national_id(severity: str, rng: random.Random) -> tuple[str, str]:
    """A phrase with a number that a state gave a person: named (gross), told by its shape (plain), or bare (slight)."""
    phrase, shape, module = rng.choice(IDS[severity])
    return phrase.format(_checked(shape, module, rng)), module


def national_phone(severity: str, rng: random.Random) -> tuple[str, str]:
    """A phrase with a telephone number as Japan, China and Europe write them."""
    pattern = rng.choice(PHONES[severity])
    for width in (8, 7, 4, 3, 2):
        while f"{{{width}}}" in pattern:
            pattern = pattern.replace(f"{{{width}}}", random_text(rng, "123456789", width), 1)
    return pattern, severity


def full_width(made: tuple[str, str]) -> tuple[str, str]:
    """The same phrase with digits and signs in full width."""
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isdigit() or c in "@+-()" else c for c in made[0])
    return wide, f"{made[1]}, full width"


def harmless(kind: str, rng: random.Random) -> str:
    """A phrase with a hash, a commit or a UUID, which names a thing and opens none."""
    phrase = rng.choice(NAMES[kind])
    one = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    phrase = phrase.replace("{u}", one).replace("{U}", one.upper())
    for width in (64, 40, 32, 12, 10):
        phrase = phrase.replace(f"{{{width}}}", random_text(rng, HEX, width))
    return phrase


def _checked(shape: str, module: str, rng: random.Random) -> str:
    valid = import_module(f"stdnum.{module}").is_valid
    while True:
        start = "".join(rng.choice("123456789") if c == "d" else c for c in shape)
        for number in range(10 ** shape.count("c")):
            digits = iter(str(number).zfill(shape.count("c")))
            whole = "".join(next(digits) if c == "c" else c for c in start)
            if valid(whole):
                return whole
