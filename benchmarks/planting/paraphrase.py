"""Other words for the same thing, by rule: what a rewriting model would do, more crudely."""

from __future__ import annotations

import random
import re

FRAMES = (
    ("can you tell me", "could you tell me", "would you tell me", "i'd like to know", "i want to know", "let me know",
     "please tell me", "do you know", "i need to know", "tell me"),
    ("how do i", "how can i", "what is the way to", "what do i do to", "show me how to"),
    ("i need to", "i want to", "i'd like to", "i have to", "i wish to", "i am trying to"),
    ("can you", "could you", "would you", "will you", "please"),
    ("what is", "what's", "tell me"),
)  # fmt: skip
SYNONYMS = (
    "buy purchase get", "big large huge", "quick fast rapid", "begin start", "find locate", "trip journey", "help assist",
    "show display", "phone cell mobile", "car vehicle", "bill invoice", "movie film", "job work", "money cash", "pick choose",
    "cost price", "fix repair", "add put", "cancel stop", "call ring", "make create", "recipe instructions",
    "restaurant diner", "hotel lodging", "vacation holiday leave", "song track tune", "reserve book", "suggest recommend",
    "send transfer", "lost missing", "remove delete", "change switch", "meeting appointment", "kids children", "meal dish",
    "store shop", "sick ill", "talk speak", "nice good", "house home", "street road", "correct right", "explain describe",
)  # fmt: skip
JAPANESE = (
    ("私は", "僕は", "わたしは"), ("です。", "だ。", "なんです。"), ("ます。", "るのです。"), ("彼は", "あの人は", "あいつは"),
    ("彼女は", "あの子は", "あの女性は"), ("ません", "ないです"), ("ました。", "たのです。"), ("とても", "すごく", "大変"),
    ("たくさん", "多く", "いっぱい"), ("今日", "本日"), ("明日", "あした", "あす"), ("昨日", "きのう"), ("本当に", "実に", "まことに"),
    ("あなたは", "君は", "おまえは"), ("しかし", "けれども"), ("ない。", "ありません。"), ("いつも", "常に"), ("もし", "仮に"),
)  # fmt: skip


def paraphrase(text: str, rng: random.Random) -> str | None:
    """Another frame and other words where there are any; None with fewer than two changes."""
    changes = 0
    for group in (*FRAMES, *(tuple(line.split()) for line in SYNONYMS)):
        pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(group, key=len, reverse=True)))})\b")
        match = pattern.search(text)
        if match:
            other = rng.choice([one for one in group if one != match[0]])
            text, changes = text[: match.start()] + other + text[match.end() :], changes + 1
    for group in JAPANESE:
        for one in group:
            if one in text:
                text = text.replace(one, rng.choice([other for other in group if other != one]), 1)
                changes += 1
                break
    return text if changes >= 2 else None
