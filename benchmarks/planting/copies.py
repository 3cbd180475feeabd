"""Copies: of rows of the same data, and of held-out test rows. Edits of people and of templates."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from benchmarks.planting.slots import swap_slots

Edit = Callable[[str, random.Random], str]

SWAPS = {"the": "my", "a": "the", "my": "the", "is": "was", "what's": "what is", "i": "we", "can": "could",
         "could": "can", "please": "kindly", "in": "at", "for": "to", "on": "for", "i'm": "i am", "want": "want to",
         "do": "did", "me": "us", "to": "for", "are": "were", "would": "could", "you": "u"}  # fmt: skip
FILLERS = ("please", "now", "just", "really", "also", "again", "actually")
PARTICLES = {"は": "が", "が": "は", "を": "は", "に": "へ", "へ": "に", "です": "だ", "ます": "ますよ", "た。": "たよ。",
             "私は": "僕は", "彼は": "あの人は", "ない": "ません"}  # fmt: skip


def typo(text: str, rng: random.Random) -> str:
    """One slip of the fingers inside a longer word: swapped, lost, doubled or foreign letter."""
    words = list(re.finditer(r"[a-zA-Z]{5,}", text))
    if not words:
        return text + rng.choice(("!", "..", "~"))
    match = rng.choice(words)
    word, at = match[0], rng.randrange(1, len(match[0]) - 2)
    slipped = rng.choice(
        (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + rng.choice("aeiounrt") + word[at + 1 :],
        )
    )
    return text[: match.start()] + slipped + text[match.end() :]


def small_word(text: str, rng: random.Random) -> str:
    """One light word put in another's place."""
    words = text.split(" ")
    places = [at for at, word in enumerate(words) if word.lower() in SWAPS]
    if not places:
        return added_word(text, rng)
    at = rng.choice(places)
    words[at] = SWAPS[words[at].lower()]
    return " ".join(words)


def added_word(text: str, rng: random.Random) -> str:
    """One word that says nothing, put in anywhere."""
    words = text.split(" ")
    words.insert(rng.randrange(len(words) + 1), rng.choice(FILLERS))
    return " ".join(words)


def lost_word(text: str, rng: random.Random) -> str:
    """One light word left out."""
    words = text.split(" ")
    places = [at for at, word in enumerate(words) if word.lower() in SWAPS]
    if not places or len(words) < 4:
        return typo(text, rng)
    del words[rng.choice(places)]
    return " ".join(words)


def signs(text: str, rng: random.Random) -> str:
    """Other case and punctuation."""
    bare = text.rstrip(" .!?。！？")
    return rng.choice((bare.upper(), bare.capitalize() + "!", bare + " ???", bare + "...", f'"{bare}"'))


def greeting(text: str, rng: random.Random) -> str:
    """A greeting in front."""
    return rng.choice(("hi, ", "hello, ", "good morning, ", "hey there, ")) + text


def particle(text: str, rng: random.Random) -> str:
    """One Japanese particle or ending for another."""
    places = [(match.start(), old) for old in PARTICLES for match in re.finditer(old, text[1:])]
    if not places:
        return text.rstrip("。") + rng.choice(("よ。", "ね。", "！"))
    at, old = rng.choice(places)
    return text[: at + 1] + PARTICLES[old] + text[at + 1 + len(old) :]


def kana_slip(text: str, rng: random.Random) -> str:
    """One kana lost or doubled."""
    places = [match.start() for match in re.finditer("[ぁ-ん]", text)]
    if not places:
        return text + "。"
    at = rng.choice(places)
    return text[:at] + rng.choice(("", text[at] * 2)) + text[at + 1 :]


ENGLISH: tuple[Edit, ...] = (typo, small_word, added_word, lost_word)
JAPANESE: tuple[Edit, ...] = (particle, kana_slip)


def near_copy(text: str, severity: str, rng: random.Random, *, japanese: bool) -> str:
    """Signs or a greeting (gross), one edit (plain) or two edits (slight), and never the text itself."""
    edits = JAPANESE if japanese else ENGLISH
    if severity == "gross":
        edited = signs(text, rng) if japanese or rng.random() < 0.5 else greeting(text, rng)
    elif severity == "plain":
        edited = rng.choice(edits)(text, rng)
    else:
        edited = rng.choice(edits)(rng.choice(edits)(text, rng), rng)
    return edited if edited != text else text + " ."


def exact_copy(text: str, severity: str, rng: random.Random) -> str:
    """As it is (gross), with other spaces or a sign (plain), in other case or form (slight)."""
    if severity == "gross":
        return text
    if severity == "plain":
        return rng.choice(("  " + text, text + "  ", text.replace(" ", "  ", 1) + "!"))
    return rng.choice((text.upper(), text.capitalize() + ".", "".join(_wide(c) for c in text)))


def _wide(character: str) -> str:
    code = ord(character)
    return chr(code + 0xFEE0) if 0x21 <= code <= 0x7E else character


def reordered(text: str, severity: str, rng: random.Random) -> str | None:
    """The same words in another order: clauses changed round at a comma (gross), turned at a word (plain), or all
    shuffled (slight). None where the text is too short or is only one clause."""
    if "、" in text:
        end = text[-1] if text[-1] in "。！？" else ""
        parts = text.removesuffix(end).split("、")
        return "、".join([*parts[1:], parts[0]]) + end
    words = text.split()
    if len(words) < 6:
        return None
    if severity == "gross":
        head, comma, rest = text.partition(", ")
        return f"{rest}, {head}" if comma and rest else None
    if severity == "plain":
        at = rng.randrange(2, len(words) - 1)
        return " ".join(words[at:] + words[:at])
    mixed = rng.sample(words, len(words))
    return " ".join(mixed) if mixed != words else None


def slot_copy(text: str, rng: random.Random, count: int) -> str | None:
    """The text with up to `count` slot values changed for others of their kind; None where it has none."""
    swapped, done = swap_slots(text, rng, count)
    return swapped if done else None
