"""Slot values by kind, and changing them in a text."""

from __future__ import annotations

import random
import re

_KINDS = (
    "paris london boston chicago denver seattle miami atlanta dallas houston austin phoenix tokyo berlin rome madrid",
    "monday tuesday wednesday thursday friday saturday sunday",
    "january february march april june july august september october november december",
    "one two three four five six seven eight nine ten twelve twenty thirty fifty",
    "german french spanish italian portuguese japanese chinese korean russian english",
    "tom john mary jane bob bill jim mike susan kate jack ken emi jill sarah david james",
    "pizza pasta rice chicken beef salad soup steak tacos lasagna curry spaghetti sushi",
    "checking savings",
    "visa mastercard amex discover",
    "chase citibank barclays hsbc",
    "today tomorrow yesterday tonight",
    "morning afternoon evening",
    "mother father sister brother wife husband son daughter aunt uncle",
    "red blue green black white yellow",
    "dog cat horse bird",
    "dollars euros pounds yen pesos",
    "cups tablespoons teaspoons ounces pints quarts grams",
    "england france germany spain italy japan china mexico canada brazil america",
    "book letter newspaper magazine dictionary",
    "tennis baseball soccer golf basketball football",
    "piano guitar violin",
)
_JAPANESE = (
    "トム ジョン メアリー ジェーン ボブ ビル ジム マイク スーザン ケイト ジャック ケン エミ",
    "月曜 火曜 水曜 木曜 金曜 土曜 日曜",
    "一月 二月 三月 四月 五月 六月 七月 八月",
    "パリ ロンドン ボストン シカゴ 東京 大阪 京都 神戸 北海道 ニューヨーク",
    "母 父 姉 兄 妹 弟",
    "英語 フランス語 ドイツ語 日本語 中国語 スペイン語",
    "今日 明日 昨日",
    "犬 猫 馬 鳥",
    "テニス 野球 サッカー ゴルフ",
    "ピアノ ギター バイオリン",
    "本 手紙 新聞 辞書",
    "アメリカ イギリス フランス ドイツ 日本 中国 カナダ",
)
SLOTS = tuple(tuple(line.split()) for line in _KINDS)
SLOTS_JAPANESE = tuple(tuple(line.split()) for line in _JAPANESE)


def swap_slots(text: str, rng: random.Random, count: int) -> tuple[str, int]:
    """The text with up to `count` slot values and numbers changed, and how many were."""
    found: list[tuple[int, int, str]] = []
    for match in re.finditer(r"(?<![\d.])\d+(?![\d.])", text):
        number = int(match[0])
        found.append(
            (match.start(), match.end(), str(number + rng.randrange(1, 9) * (10 if number > 99 else 1)))
        )
    for kind in SLOTS:
        for match in re.finditer(rf"\b(?:{'|'.join(kind)})\b", text):
            found.append((*match.span(), rng.choice([one for one in kind if one != match[0]])))
    for kind in SLOTS_JAPANESE:
        for match in re.finditer("|".join(sorted(kind, key=len, reverse=True)), text):
            found.append((*match.span(), rng.choice([one for one in kind if one != match[0]])))
    chosen: list[tuple[int, int, str]] = []
    for one in rng.sample(found, len(found)):
        if len(chosen) < count and all(one[1] <= other[0] or one[0] >= other[1] for other in chosen):
            chosen.append(one)
    for start, end, new in sorted(chosen, reverse=True):
        text = text[:start] + new + text[end:]
    return text, len(chosen)
