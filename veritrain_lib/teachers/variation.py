"""Operations of the teacher `augment`, which change a text in ways in which people write carelessly.

Each operation takes a text and a random generator and returns the changed text, or None where it can't be
applied. Neighbouring keys are those of the QWERTY keyboard. The word lists were written for this project.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

Operation = Callable[[str, random.Random], str | None]

_KEY_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = {
    key: row[max(position - 1, 0) : position] + row[position + 1 : position + 2]
    for row in _KEY_ROWS
    for position, key in enumerate(row)
}

# Words that a reader supplies by himself; a negation or a preposition could change what is asked.
_SPARE_WORDS = {
    "a",
    "an",
    "the",
    "please",
    "just",
    "really",
    "also",
    "very",
    "so",
    "kindly",
    "actually",
    "maybe",
}

_CONTRACTIONS = {
    "i am": "i'm", "i have": "i've", "i will": "i'll", "i would": "i'd",
    "we are": "we're", "we have": "we've",
    "you are": "you're", "it is": "it's", "that is": "that's", "there is": "there's", "what is": "what's",
    "do not": "don't", "does not": "doesn't", "did not": "didn't", "is not": "isn't", "are not": "aren't",
    "was not": "wasn't", "can not": "can't", "cannot": "can't", "could not": "couldn't", "will not": "won't",
    "would not": "wouldn't", "should not": "shouldn't", "has not": "hasn't", "have not": "haven't",
}  # fmt: skip

_GREETINGS = {
    "en": ("Hi,", "Hello,", "Hi there,", "Hey,", "Good morning,", "Hello team,"),
    "de": ("Hallo,", "Guten Tag,", "Guten Morgen,"),
    "es": ("Hola,", "Buenos días,", "Buenas tardes,"),
    "fr": ("Bonjour,", "Bonsoir,"),
    "ja": ("こんにちは。", "お世話になっております。"),
}
_CLOSINGS = {
    "en": ("Thanks.", "Thank you!", "thanks in advance", "Cheers", "Best regards", "thx"),
    "de": ("Danke.", "Vielen Dank!", "Viele Grüße"),
    "es": ("Gracias.", "¡Muchas gracias!", "Un saludo"),
    "fr": ("Merci.", "Merci d'avance", "Cordialement"),
    "ja": ("よろしくお願いします。", "ありがとうございます。"),
}

# Nothing but letters, four or more, and no part of a number, an address or a name with digits.
_PLAIN_WORD = re.compile(r"(?<!\S)[^\w\s]{0,2}([^\W\d_]{4,})(?=[^\w\s]{0,3}(?:\s|$))")


def _inside_word(text: str, rng: random.Random, change: Callable[[str, int], str | None]) -> str | None:
    words = list(_PLAIN_WORD.finditer(text))
    if not words:
        return None
    start, end = rng.choice(words).span(1)
    # The first letter stays: it is mistyped least.
    changed = change(text[start:end], rng.randrange(1, end - start - 1))
    return None if changed is None else text[:start] + changed + text[end:]


def neighbour_key(text: str, rng: random.Random) -> str | None:
    """Replace one letter in a word by that of a neighbouring key; None if there is no suitable word."""

    def change(word: str, position: int) -> str | None:
        keys = _NEIGHBOURS.get(word[position].lower())
        return word[:position] + rng.choice(keys) + word[position + 1 :] if keys else None

    return _inside_word(text, rng, change)


def dropped_letter(text: str, rng: random.Random) -> str | None:
    """Leave out one letter of a word, as in a typing error; None if there is no suitable word."""
    return _inside_word(text, rng, lambda word, position: word[:position] + word[position + 1 :])


def swapped_letters(text: str, rng: random.Random) -> str | None:
    """Swap two neighbouring letters of a word, as in a typing error; None if there is no suitable word."""
    return _inside_word(
        text,
        rng,
        lambda word, position: word[:position] + word[position + 1] + word[position] + word[position + 2 :],
    )


def doubled_letter(text: str, rng: random.Random) -> str | None:
    """Double one letter of a word, as in a typing error; None if there is no suitable word."""
    return _inside_word(text, rng, lambda word, position: word[: position + 1] + word[position:])


def case(text: str, rng: random.Random) -> str | None:
    """Change the case of a text to lower case, to a capital at the start only, or (less often) to upper case."""
    return rng.choice([text.lower(), text.lower(), text[:1].upper() + text[1:].lower(), text.upper()])


def punctuation(text: str, rng: random.Random) -> str | None:
    """Remove or change the punctuation at the end of a text, or remove its commas.

    None for a text of punctuation only.
    """
    stripped = text.rstrip(" .!?,;:")
    if not stripped:
        return None
    ends = ["", "", "!", "..."] + (["??", " ?"] if text.rstrip().endswith("?") else [".", "!!"])
    return rng.choice([stripped + rng.choice(ends), text.replace(", ", " ")])


def contraction(text: str, rng: random.Random) -> str | None:
    """Change one phrase of an English text from `do not` to `don't` or `dont`, or the other way round.

    The result is None if the text contains no such phrase.
    """
    low = text.lower().replace("’", "'")
    matches = [
        (found.start(), found.end(), short if found.group() == long else long)
        for long, short in _CONTRACTIONS.items()
        for found in re.finditer(rf"\b(?:{long}|{short})\b", low)
    ]
    if not matches or len(low) != len(text):
        return None
    start, end, other = rng.choice(matches)
    if "'" in other and rng.random() < 0.5:
        other = other.replace("'", "")
    other = other[0].upper() + other[1:] if text[start].isupper() else other
    return text[:start] + other + text[end:]


def dropped_word(text: str, rng: random.Random) -> str | None:
    """Leave out one word that carries little meaning, such as an article or `please`, from an English text.

    The result is None if there is no such word, or the text has fewer than four words.
    """
    words = text.split(" ")
    spare = [position for position, word in enumerate(words) if word.lower() in _SPARE_WORDS]
    if not spare or len(words) < 4:
        return None
    position = rng.choice(spare)
    return " ".join(words[:position] + words[position + 1 :])


def greeting(text: str, rng: random.Random, language: str = "en") -> str | None:
    """Add a greeting at the start of a text; None if it begins with one, or the language has no list of greetings.

    Args:
        text: The text.
        rng: The random generator.
        language: The language as an ISO 639-1 code.
    """
    choices = _GREETINGS.get(language, ())
    greeting_words = {item.rstrip(",。").split()[0].lower() for item in choices}
    if not choices or any(text.lower().startswith(word) for word in greeting_words):
        return None
    return rng.choice(choices) + ("" if language == "ja" else " ") + text


def closing(text: str, rng: random.Random, language: str = "en") -> str | None:
    """Add thanks or regards at the end of a text; None if it contains some, or the language has no list of them.

    Args:
        text: The text.
        rng: The random generator.
        language: The language as an ISO 639-1 code.
    """
    choices = _CLOSINGS.get(language, ())
    if not choices or any(item.strip(".!¡。").lower() in text.lower() for item in choices):
        return None
    if language == "ja":
        return text.rstrip("。") + "。" + rng.choice(choices)
    end = "" if text.rstrip()[-1:] in ".!?," else rng.choice([".", ","])
    return f"{text.rstrip()}{end} {rng.choice(choices)}"


ANY_LANGUAGE: dict[str, Operation] = {
    "neighbour_key": neighbour_key,
    "dropped_letter": dropped_letter,
    "swapped_letters": swapped_letters,
    "doubled_letter": doubled_letter,
    "case": case,
    "punctuation": punctuation,
}
NAMES = (*ANY_LANGUAGE, "contraction", "dropped_word", "greeting", "closing")

SILENT = frozenset({*ANY_LANGUAGE, "contraction", "dropped_word"})
"""Operations that add nothing to the content, so that the translation of the text stays right after them."""


def operations(language: str | None) -> dict[str, Operation]:
    """Return the operations that can vary a text of a language, by name.

    Args:
        language: An ISO 639-1 code; for None or a language without word lists, only operations on characters
            are returned.
    """
    found = dict(ANY_LANGUAGE)
    if language == "en":
        found |= {"contraction": contraction, "dropped_word": dropped_word}
    if language in _GREETINGS:
        found["greeting"] = lambda text, rng: greeting(text, rng, language)
    if language in _CLOSINGS:
        found["closing"] = lambda text, rng: closing(text, rng, language)
    return found
