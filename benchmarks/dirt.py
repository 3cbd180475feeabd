"""Planting of seven kinds of defects, in fixed shares, in a pool of clean messages.

It shares no code with the checks that must find them: it has separate word lists and edits and does not import the library.
"""

from __future__ import annotations

import random
import re
import string
from dataclasses import dataclass

COUNTS = {
    "wrong_label": 22,
    "exact_duplicate": 14,
    "near_duplicate": 14,
    "other_language": 15,
    "garbage": 15,
    "secret": 14,
    "test_copy": 14,
}
"""Rows of each kind in a pool of 720: 3 % wrong labels and 2 % of each other kind, 15 % in all."""

NEAREST = {
    "bug_report": "feature_request",
    "feature_request": "bug_report",
    "billing_details_change": "invoice_wrong",
    "invoice_wrong": "billing_details_change",
    "invoice_missing": "invoice_wrong",
    "cancel_subscription": "change_plan",
    "change_plan": "cancel_subscription",
    "login_problem": "user_access",
    "user_access": "login_problem",
    "payment_failed": "payment_method_change",
    "payment_method_change": "payment_failed",
    "refund_request": "cancel_subscription",
}
"""The intent that a tired annotator takes for this one."""


@dataclass(frozen=True)
class Message:
    """A message and its label."""

    text: str
    label: str


@dataclass(frozen=True)
class Dirt:
    """The defect of a row: `kind`, a `detail` for people, and the correct `label`."""

    kind: str
    detail: str
    label: str


def plant(
    clean: list[Message],
    *,
    seed: list[Message],
    test: list[Message],
    foreign: list[Message],
    garbage: list[str],
    rng: random.Random,
) -> tuple[list[Message], dict[int, Dirt]]:
    """Return the shuffled pool, and the defects of its rows (by position from 0).

    A copy comes after its original, so that the copy is the defect.
    """
    labels = sorted({row.label for row in clean})
    order = rng.sample(range(len(clean)), len(clean))
    rows: list[tuple[Message, Dirt | None, int | None]] = [(row, None, None) for row in clean]

    wrong = [order.pop() for _ in range(COUNTS["wrong_label"])]
    for turn, at in enumerate(wrong):
        row = clean[at]
        near = NEAREST.get(row.label, labels[0]) if turn % 2 == 0 else None
        others = [label for label in labels if label not in (row.label, NEAREST.get(row.label))]
        said = near or rng.choice(others)
        rows[at] = (
            Message(row.text, said),
            Dirt("wrong_label", "nearest" if near else "random", row.label),
            None,
        )
    for turn in range(COUNTS["secret"]):
        at = order.pop()
        text, what = with_secret(clean[at].text, turn, rng)
        rows[at] = (Message(text, clean[at].label), Dirt("secret", what, clean[at].label), None)

    for turn in range(COUNTS["exact_duplicate"]):
        if turn % 3 == 2:
            row, at_or_none, origin = rng.choice(seed), None, "seed"
        else:
            at_or_none = order.pop()
            row, origin = clean[at_or_none], "pool"
        rows.append((row, Dirt("exact_duplicate", f"of {origin}", row.label), at_or_none))
    for turn in range(COUNTS["near_duplicate"]):
        at = order.pop()
        edit = EDITS[turn % len(EDITS)]
        text = edit(clean[at].text, rng)
        rows.append(
            (Message(text, clean[at].label), Dirt("near_duplicate", edit.__name__, clean[at].label), at)
        )
    for row in rng.sample(foreign, COUNTS["other_language"]):
        rows.append((row, Dirt("other_language", "", row.label), None))
    blank = ["", "   ", "\t "]
    for text in [*blank, *rng.sample(garbage, COUNTS["garbage"] - len(blank))]:
        label = rng.choice(labels)
        rows.append((Message(text, label), Dirt("garbage", "" if text.strip() else "blank", label), None))
    for turn, row in enumerate(rng.sample(test, COUNTS["test_copy"])):
        edit = (as_it_is, punctuation, as_it_is, greeting)[turn % 4]
        copy = Message(edit(row.text, rng), row.label)
        rows.append((copy, Dirt("test_copy", edit.__name__, row.label), None))
    return _shuffled(rows, rng)


def _shuffled(
    rows: list[tuple[Message, Dirt | None, int | None]], rng: random.Random
) -> tuple[list[Message], dict[int, Dirt]]:
    places = rng.sample(range(len(rows)), len(rows))
    for number, (_, _, original) in enumerate(rows):
        if original is not None and places[number] < places[original]:
            places[number], places[original] = places[original], places[number]
    pool = [Message("", "")] * len(rows)
    dirt = {}
    for place, (message, wrong, original) in zip(places, rows, strict=True):
        pool[place] = message
        if wrong is not None:
            detail = (
                wrong.detail if original is None else f"{wrong.detail} row {places[original] + 1}".strip()
            )
            dirt[place] = Dirt(wrong.kind, detail, wrong.label)
    return pool, dirt


def as_it_is(text: str, rng: random.Random) -> str:
    """Return the text unchanged."""
    return text


def typo(text: str, rng: random.Random) -> str:
    """Swap two neighbouring letters, or drop or double a letter, in one long word."""
    words = list(re.finditer(r"[A-Za-z]{5,}", text))
    if not words:
        return text + text[-1]
    match = rng.choice(words)
    word = match[0]
    at = rng.randrange(1, len(word) - 2)
    kind = rng.choice("slt")
    if kind == "s" and word[at] != word[at + 1]:
        slipped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    elif kind == "l":
        slipped = word[:at] + word[at + 1 :]
    else:
        slipped = word[: at + 1] + word[at] + word[at + 1 :]
    return text[: match.start()] + slipped + text[match.end() :]


SMALL_WORDS = {"the": "our", "my": "the", "a": "the", "our": "the", "is": "was", "can": "could", "i": "we", "we": "i",
               "for": "of", "in": "on", "this": "that", "you": "u", "your": "ur", "an": "the", "it": "this"}  # fmt: skip


def small_word(text: str, rng: random.Random) -> str:
    """Replace one function word by another."""
    words = text.split(" ")
    places = [at for at, word in enumerate(words) if word.lower() in SMALL_WORDS]
    if not places:
        return greeting(text, rng)
    at = rng.choice(places)
    new = SMALL_WORDS[words[at].lower()]
    words[at] = new.capitalize() if words[at][0].isupper() else new
    return " ".join(words)


def punctuation(text: str, rng: random.Random) -> str:
    """Change punctuation and case."""
    bare = text.rstrip(".!? ").replace(",", "")
    return rng.choice([bare.lower(), bare + "!!", bare + " ...", bare.lower() + "?", bare.upper()])


GREETINGS = (
    "Hi, ",
    "Hello, ",
    "Hey there, ",
    "Good morning! ",
    "Dear support, ",
    "Hi team, ",
    "Hello again, ",
)


def greeting(text: str, rng: random.Random) -> str:
    """Put a greeting in front."""
    return rng.choice(GREETINGS) + text


EDITS = (typo, small_word, punctuation, greeting)
FIRST = ("anna", "j.miller", "tom", "s_okafor", "mei.lin", "billing", "office", "r.kovacs", "lena", "d.osei")
HOSTS = (
    "northgate-studio.co.uk",
    "gmail.com",
    "brightoak.io",
    "outlook.com",
    "kessler-bau.de",
    "acme-hr.com",
)


def with_secret(text: str, turn: int, rng: random.Random) -> tuple[str, str]:
    """Insert an address or a key into a message; return the message and what was inserted."""
    if turn % 2 == 0:
        address = f"{rng.choice(FIRST)}{rng.choice(['', str(rng.randrange(10, 99))])}@{rng.choice(HOSTS)}"
        before = rng.choice(("You can reach me at", "My address is", "Reply to", "Account:", "cc"))
        return f"{text} {before} {address}", "email"
    alphabet = string.ascii_letters + string.digits
    key = rng.choice(
        (
            lambda: "sk_live_" + _random(rng, alphabet, 24),
            lambda: "AKIA" + _random(rng, string.ascii_uppercase + string.digits, 16),
            lambda: "ghp_" + _random(rng, alphabet, 36),
            lambda: "xoxb-" + _random(rng, string.digits, 11) + "-" + _random(rng, alphabet, 24),
            lambda: _random(rng, string.hexdigits.lower()[:16], 32),
        )
    )()
    before = rng.choice(("api key:", "our key is", "token", "API_KEY=", "I use the key"))
    return f"{text} {before}{'' if before.endswith('=') else ' '}{key}", "key"


def _random(rng: random.Random, alphabet: str, length: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(length))
