"""Personal data and keys put into a text. Nothing here belongs to anybody: numbers are from the reserved ranges or
drawn with the right checksum, hosts are reserved or invented."""

from __future__ import annotations

import base64
import random
import string

from benchmarks.planting.rows import random_text

PEOPLE = (
    "anna.berg",
    "j.miller",
    "tom_ford",
    "s.okafor",
    "mei.lin",
    "office",
    "r.kovacs",
    "lena",
    "d_osei",
    "taro.yamada",
)
HOSTS = (
    "example.com",
    "mail.example.org",
    "northgate-studio.co.uk",
    "kessler-bau.de",
    "gmail.com",
    "brightoak.io",
)
ALNUM = string.ascii_letters + string.digits


def personal(severity: str, rng: random.Random) -> tuple[str, str]:
    """A phrase and what it holds: an address or telephone number in its usual form (gross), with checksums
    (plain), or written another way (slight)."""
    if severity == "gross":
        return rng.choice(((f"my email is {_email(rng)}", "email"), (f"call me at {_phone(rng)}", "phone")))
    if severity == "plain":
        return rng.choice(
            (
                (f"card number {_card(rng)}", "card"),
                (f"my iban is {_iban(rng)}", "iban"),
                (f"ssn {_social(rng)}", "social"),
            )
        )
    local, host = rng.choice(PEOPLE), rng.choice(HOSTS)
    return rng.choice(
        (
            (f"write to {local} [at] {host.replace('.', ' [dot] ', 1)}", "email spelt out"),
            (f"card {_card(rng).replace(' ', '-')}", "card with dashes"),
            (f"phone 0{rng.randrange(100, 999)} {rng.randrange(100000, 999999)}", "phone without country"),
            (f"({rng.randrange(200, 999)}) 555-{rng.randrange(100, 199):04d}", "phone with brackets"),
        )
    )


def key(severity: str, rng: random.Random) -> tuple[str, str]:
    """A phrase with a key of a known form (gross), a named token (plain), or a bare random one (slight)."""
    if severity == "gross":
        known = (
            "sk_" + "live_" + random_text(rng, ALNUM, 24),
            "AK" + "IA" + random_text(rng, string.ascii_uppercase + string.digits, 16),
            "gh" + "p_" + random_text(rng, ALNUM, 36),
            "xox" + "b-" + random_text(rng, string.digits, 11) + "-" + random_text(rng, ALNUM, 24),
            "AI" + "za" + random_text(rng, ALNUM, 35),
            "-----BEGIN RSA PRIVATE" + " KEY-----",
        )
        return rng.choice(known), "known form"
    if severity == "plain":
        name = rng.choice(("api key:", "API_KEY=", "access token:", "secret:", "password is", "token"))
        value = (
            random_text(rng, ALNUM, 11)
            + str(rng.randrange(10, 99))
            + rng.choice("!#%$") * (name == "password is")
        )
        return f"{name}{'' if name.endswith('=') else ' '}{value}", "named"
    # Not in hexadecimal: that is what a hash or a UUID looks like, and these are honest (`numbers.harmless`).
    bare = (
        random_text(rng, ALNUM, 32),
        random_text(rng, ALNUM, 40),
        base64.b64encode(rng.randbytes(32)).decode(),
    )
    return rng.choice(bare), "bare"


def _email(rng: random.Random) -> str:
    return f"{rng.choice(PEOPLE)}{rng.choice(('', str(rng.randrange(10, 99))))}@{rng.choice(HOSTS)}"


def _phone(rng: random.Random) -> str:
    last = f"555-{rng.randrange(100, 199):04d}"
    area = rng.randrange(201, 989)
    return rng.choice(
        (
            f"+1 {area} {last}",
            f"{area}-{last}",
            f"+49 30 {rng.randrange(1000000, 9999999)}",
            f"+81-3-{rng.randrange(1000, 9999)}-{rng.randrange(1000, 9999)}",
        )
    )


def _social(rng: random.Random) -> str:
    return f"{rng.randrange(101, 665)}-{rng.randrange(10, 99)}-{rng.randrange(1000, 9999)}"


def _card(rng: random.Random) -> str:
    body = rng.choice(("4", "51", "54")) + random_text(rng, string.digits, 14)
    body = body[:15]
    total = sum(sum(divmod(int(d) * (2 - place % 2), 10)) for place, d in enumerate(body))
    whole = body + str(-total % 10)
    return " ".join(whole[at : at + 4] for at in range(0, 16, 4))


def _iban(rng: random.Random) -> str:
    account = random_text(rng, string.digits, 18)
    check = 98 - int(account + "131400") % 97  # DE00 moved to the end, letters as numbers
    whole = f"DE{check:02d}{account}"
    return rng.choice((whole, " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))))
