"""Text that machines or tired hands have broken: garbage, wrong encodings, cut texts, a model's refusals."""

from __future__ import annotations

import random
import string

from benchmarks.planting.rows import random_text

KEYS = ("asdfghjkl", "qwertyuiop", "zxcvbnm")
DEBRIS = (
    "{{customer.first_name}} {{message}}", "<div class=\"msg\"><br/></div>", "[object Object]", "undefined undefined",
    "%FIRST_NAME% %BODY%", "&nbsp;&nbsp;&nbsp;&amp;", "null", "${message.text}", "=?utf-8?B?SGVsbG8=?=", "NaN",
    "<!-- begin template --><!-- end template -->", "\\u0041\\u0042\\u0043\\u0044", "#REF! #VALUE! #N/A",
)  # fmt: skip
REFUSALS = {
    "gross": (
        "As an AI language model, I cannot help with that request.",
        "I'm sorry, but I can't assist with that.",
        "I am an AI and do not have access to personal information.",
        "As a large language model trained to be helpful, I'm unable to provide this.",
        "Sorry, I cannot fulfill this request because it goes against my guidelines.",
    ),
    "plain": (
        "Sure! Here are 5 examples of customer messages:",
        "Certainly, here is the translation you asked for:",
        "Here's a rewritten version of the text:",
        "Of course! Here is a paraphrase of the sentence:",
        "I don't have enough information to answer. Could you provide more context?",
        "Note: I have kept the tone informal as requested.",
    ),
    "slight": (
        "as an ai assistant i don't have the ability to do that",
        "i cannot comply with this request",
        "i'm just a language model so i can't do this",
        "sorry, i can't translate this text",
        "i must decline to answer this",
        "my training data only goes up to 2023",
    ),
}
REFUSALS_JAPANESE = (
    "申し訳ありませんが、そのご要望にはお応えできません。",
    "AI言語モデルとして、その質問にはお答えできません。",
    "私はAIなので、個人的な意見を持っていません。",
    "以下は翻訳です：",
    "申し訳ございませんが、この文章を翻訳することはできません。",
)


def garbage(severity: str, rng: random.Random) -> tuple[str, str]:
    """Debris, symbols or blobs (gross), mashed keys and repetition (plain), words without vowels (slight)."""
    if severity == "gross":
        machine = (
            (rng.choice(DEBRIS), "debris"),
            (random_text(rng, "!@#$%^&*()_+-=[]{};:,./<>?~ ", rng.randrange(6, 30)), "symbols"),
            (
                random_text(rng, string.ascii_letters + string.digits + "+/", rng.randrange(30, 60)) + "==",
                "blob",
            ),
            (" ".join(random_text(rng, string.hexdigits.lower()[:16], 2) for _ in range(12)), "bytes"),
        )
        return rng.choice(machine)
    if severity == "plain":
        row = rng.choice(KEYS)
        word = rng.choice(("test", "lorem ipsum dolor sit amet", "xxx", "bla bla", "foo bar"))
        made = (
            ("".join(rng.choice(row) for _ in range(rng.randrange(8, 24))), "mashed"),
            (
                " ".join(
                    "".join(rng.choice(rng.choice(KEYS)) for _ in range(rng.randrange(4, 9)))
                    for _ in range(4)
                ),
                "mashed words",
            ),
            (rng.choice("aehmxz!?") * rng.randrange(8, 30), "one character"),
            (" ".join([word] * rng.randrange(1, 3)), "placeholder"),
            (" ".join([rng.choice(("hello", "help", "buy", "yes please"))] * 9), "said again and again"),
        )
        return rng.choice(made)
    consonants = "bcdfghjklmnpqrstvwxz"
    words = [random_text(rng, consonants, rng.randrange(4, 8)) for _ in range(rng.randrange(3, 7))]
    return " ".join(words), "no vowels"


def mojibake(text: str, severity: str, rng: random.Random) -> tuple[str, str] | None:
    """The text read in another encoding than written: all of it (gross), twice (plain), one word (slight).

    English gets the typographic signs first that make it visible; None where nothing would change.
    """
    if text.isascii():
        text = _typographic(text, rng)
    if severity == "gross":
        broken = _misread(text, rng.choice(("latin-1", "cp1252")))
    elif severity == "plain":
        broken = _misread(_misread(text, "latin-1"), "latin-1")
    elif any("ぁ" <= c <= "ん" for c in text):
        broken = rng.choice(
            (
                text.encode().decode("cp932", errors="replace"),
                _misread(text[: len(text) // 2], "latin-1") + text[len(text) // 2 :],
            )
        )
    else:
        broken = "".join(c if c.isascii() else "\ufffd" for c in text)
    return (broken, severity) if broken != text else None


def _typographic(text: str, rng: random.Random) -> str:
    curly = text.replace("'", "’")
    if curly != text:
        return curly
    words = text.split(" ")
    at = rng.randrange(len(words))
    words[at] = rng.choice((f"“{words[at]}”", f"{words[at]} –", f"{words[at]} café", f"{words[at]}…"))
    return " ".join(words)


def _misread(text: str, encoding: str) -> str:
    return "".join(chr(b) if encoding == "latin-1" else _cp1252(b) for b in text.encode("utf-8"))


def _cp1252(byte: int) -> str:
    return bytes([byte]).decode("cp1252", errors="ignore") or chr(byte)


def cut(text: str, severity: str, rng: random.Random) -> str | None:
    """The text cut off: a third is left (gross), a half (plain), or all but the end (slight), inside a word.

    None where the text is too short.
    """
    keep = {"gross": 0.35, "plain": 0.55, "slight": 0.8}[severity] + rng.uniform(-0.05, 0.05)
    if len(text) < 12:
        return None
    end = int(len(text) * keep)
    if " " in text:
        # inside a word: what ends with a whole word can't be told from a short message
        inside = [
            at
            for at in range(3, len(text) - 1)
            if text[at - 1].isalpha() and text[at - 2].isalpha() and text[at].isalpha()
        ]
        if not inside:
            return None
        end = min(inside, key=lambda at: abs(at - end))
    return text[:end]


def refusal(severity: str, rng: random.Random, *, japanese: bool) -> str:
    """What a chat model says instead of an answer: a refusal, its preamble, or the same in passing."""
    if japanese and rng.random() < 0.4:
        return rng.choice(REFUSALS_JAPANESE)
    return rng.choice(REFUSALS[severity])
