"""Whether two messages are near copies, word by word. Slips were put right before (`spelling`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Sequence
from difflib import SequenceMatcher

from veritrain_lib.quality.duplicates.function_words import FRAME_WORDS, TURNING_WORDS
from veritrain_lib.quality.duplicates.typos import is_slip

EDITS = 2  # words that may be other, added or missing
HIRAGANA_EDITS = 4  # hiragana characters likewise, in a text without spaces
LEAST_CONTENT = 2  # content words that two texts must share for an edit to be let pass
EXCHANGED = 3  # longest run of words that counts as one of two slot values which changed places
BETWEEN = 4  # longest run of words between them
CLAUSE_WORDS = 5  # longest clause that counts as put in front or at the end
REST_CONTENT = 4  # content words that must be left without that clause

# Weights of a logistic regression of planted edits against what clean rows of CLINC150 differ in, in units of
# the weight of one rare run; `NEW` is what a word pair that stands nowhere else counts for.
ANY, AT_END, FRAME, CONTENT, SLIP, NEW = 1.8, 1.3, 0.65, 3.6, 1.0, 1.15

Light = Callable[[str], bool]


def reordered(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether the same words in another order say the same: not where two short runs changed places round
    others, as in `from boston to denver` and `from denver to boston`, or `today not tomorrow`."""
    ahead = 0
    while one[ahead] == other[ahead]:
        ahead += 1
    behind = 0
    while one[-1 - behind] == other[-1 - behind]:
        behind += 1
    left, right = list(one[ahead : len(one) - behind]), list(other[ahead : len(other) - behind])
    if len(left) > 2 * EXCHANGED + BETWEEN:
        return True
    return not any(
        left[:a] == right[len(right) - a :] and left[len(left) - b :] == right[:b]
        and left[a : len(left) - b] == right[b : len(right) - a]
        for a in range(1, EXCHANGED + 1)
        for b in range(1, EXCHANGED + 1)
        if 0 < len(left) - a - b <= BETWEEN
    )  # fmt: skip


def edited(
    one: Sequence[str],
    other: Sequence[str],
    light: Light,
    written: tuple[Sequence[str], Sequence[str]] | None = None,
    rare: Container[str] = (),
) -> float | None:
    """How many rare runs of words two texts must share to be called one text and an edit of it; None: never.

    Words in the same order, at most `EDITS` of them changed (`HIRAGANA_EDITS` hiragana). A light word may be
    added, left out or changed for another; a content word may be added or left out unless it holds a digit or
    turns the meaning round, never changed for another: that is how templated requests differ. Clean requests
    differ from each other at their ends, in their frame and by a content word more often than copies do from
    their originals, which costs `AT_END`, `FRAME` and `CONTENT`. A slip that was put right
    as another word costs `SLIP`: `written` are the words before that, `rare` those that stand in one text only.
    """
    raw, others = written or (one, other)
    shared = (Counter(one) & Counter(other)).elements()
    if sum(not light(word) for word in shared) < LEAST_CONTENT:
        return None
    spent, needed = 0.0, ANY
    for tag, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        left, right = one[a:b], other[c:d]
        changed = (*left, *right)
        if "".join(left) == "".join(right):
            spent += 1
            continue
        if b - a == d - c and all(_slipped(x, y, rare) for x, y in zip(raw[a:b], others[c:d], strict=True)):
            spent += b - a
            needed += SLIP * (b - a)
            continue
        content = [word for word in changed if not light(word)]
        if not all(_may_change(word) for word in content) or (content and left and right):
            return None
        kana = all("\u3040" <= word <= "\u309f" for word in changed)
        spent += max(len(left), len(right)) * (EDITS / HIRAGANA_EDITS if kana else 1)
        needed += AT_END * (not kana and (a == 0 or b == len(one))) + CONTENT * bool(content)
        needed += FRAME * sum(word in FRAME_WORDS for word in changed)
    return needed if spent <= EDITS else None


def with_clause(one: Sequence[str], other: Sequence[str], light: Light) -> float | None:
    """The same where the longer text is the shorter one with a short clause in front or at the end."""
    short, long = sorted((list(one), list(other)), key=len)
    more = len(long) - len(short)
    if not 0 < more <= CLAUSE_WORDS or sum(not light(word) for word in short) < REST_CONTENT:
        return None
    extra = long[:more] if long[more:] == short else long[-more:] if long[:-more] == short else None
    return None if extra is None or not all(map(_may_change, extra)) else ANY + AT_END + CONTENT


def _slipped(one: str, other: str, rare: Container[str]) -> bool:
    return (one in rare or other in rare) and is_slip(one, other)


def _may_change(word: str) -> bool:
    return not (word in TURNING_WORDS or any(character.isdigit() for character in word))
