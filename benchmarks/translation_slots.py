"""Values of the slots in business sentences, in Japanese and English: dates, money, names, places.

A slot is written `{kind}`, `{kind2}` for a second value of the kind, `{kind:argument}` with a range or a prefix.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

PEOPLE = (
    ("田中", "健一", "Kenichi", "Tanaka"),
    ("鈴木", "彩", "Aya", "Suzuki"),
    ("佐藤", "由美", "Yumi", "Sato"),
    ("高橋", "誠", "Makoto", "Takahashi"),
    ("伊藤", "大輔", "Daisuke", "Ito"),
    ("渡辺", "香織", "Kaori", "Watanabe"),
    ("山本", "修", "Osamu", "Yamamoto"),
    ("中村", "恵", "Megumi", "Nakamura"),
    ("小林", "達也", "Tatsuya", "Kobayashi"),
    ("加藤", "直美", "Naomi", "Kato"),
    ("吉田", "剛", "Tsuyoshi", "Yoshida"),
    ("松本", "里奈", "Rina", "Matsumoto"),
    ("井上", "浩", "Hiroshi", "Inoue"),
    ("清水", "千尋", "Chihiro", "Shimizu"),
)
"""Our own people: family name and first name in Japanese, first and family name in English."""

GUESTS = (
    ("工藤様", "Mr. Kudo"),
    ("三浦様", "Ms. Miura"),
    ("大野様", "Mr. Ono"),
    ("石井様", "Ms. Ishii"),
    ("岡田様", "Mr. Okada"),
    ("坂本様", "Ms. Sakamoto"),
    ("西村様", "Mr. Nishimura"),
    ("原様", "Ms. Hara"),
)
CLIENTS = (
    ("山吹商事", "Yamabuki Trading"),
    ("北斗電機", "Hokuto Electric"),
    ("みなと物流", "Minato Logistics"),
    ("青葉銀行", "Aoba Bank"),
    ("白樺製薬", "Shirakaba Pharma"),
    ("東雲建設", "Shinonome Construction"),
    ("千鳥食品", "Chidori Foods"),
    ("武蔵精機", "Musashi Precision"),
)
PRODUCTS = (
    ("つばめワークフロー", "Tsubame Workflow"),
    ("かえでポータル", "Kaede Portal"),
    ("はやてゲートウェイ", "Hayate Gateway"),
    ("こだま分析", "Kodama Analytics"),
    ("ひばり会計", "Hibari Accounting"),
)
DEPARTMENTS = (
    ("経理部", "Accounting Department"),
    ("人事部", "Human Resources Department"),
    ("総務部", "General Affairs Department"),
    ("法務部", "Legal Department"),
    ("情報システム部", "IT Systems Department"),
    ("品質保証部", "Quality Assurance Department"),
    ("営業部", "Sales Department"),
    ("開発部", "Development Department"),
)
CITIES = (
    ("大阪", "Osaka"),
    ("名古屋", "Nagoya"),
    ("福岡", "Fukuoka"),
    ("札幌", "Sapporo"),
    ("仙台", "Sendai"),
    ("広島", "Hiroshima"),
    ("横浜", "Yokohama"),
    ("金沢", "Kanazawa"),
)
ROOMS = (
    *((f"第{number}会議室", f"Meeting Room {number}") for number in range(1, 6)),
    ("大会議室", "the main conference room"),
    ("応接室", "the reception room"),
)
WEEKDAYS = (
    ("月曜日", "Monday"),
    ("火曜日", "Tuesday"),
    ("水曜日", "Wednesday"),
    ("木曜日", "Thursday"),
    ("金曜日", "Friday"),
)
MONTHS = ("January", "February", "March", "April", "May", "June",
          "July", "August", "September", "October", "November", "December")  # fmt: skip
YEN_RANGE = (300_000, 9_800_000)
YEN_STEPS = (100, 1_000, 10_000, 50_000)
"""Amounts are round: as a rule at most fifty steps reach the top of their range."""

PERCENT_RANGE = (3, 20)
YEAR = 2026

NAMES = frozenset({"p", "lp", "cp", "c", "x", "city", "dept"})
"""Kinds that name somebody or something."""

NUMBERS = frozenset({"n", "min", "tens", "nth", "pct", "yen", "t", "hm", "ver", "id"})
"""Kinds that are written with digits in both languages."""


@dataclass(frozen=True, order=True)
class Value:
    """One value of a slot in both languages; `order` sorts values of a kind in time."""

    order: int
    japanese: str
    english: str


def draw(kind: str, argument: str, rng: random.Random, *, spoken: bool) -> Value:
    """Draw a value of a kind.

    Money is written in units of ten thousand where it is spoken, else in digits.

    Raises:
        ValueError: the kind is unknown.
    """
    if kind in LISTED:
        return Value(0, *rng.choice(LISTED[kind]))
    if kind in MADE:
        return MADE[kind](argument, rng)
    if kind == "yen":
        return _yen(argument, rng, spoken)
    raise ValueError(f"no slot {kind!r}; allowed: {', '.join(sorted([*LISTED, *MADE, 'yen']))}")


def _yen(argument: str, rng: random.Random, spoken: bool) -> Value:
    low, high = _span(argument, YEN_RANGE)
    step = next(step for step in YEN_STEPS if high <= 50 * step or step == YEN_STEPS[-1])
    amount = rng.randrange(low, high + 1, step)
    said = f"{amount // 10_000:,}万円" if spoken and amount % 10_000 == 0 else f"{amount:,}円"
    return Value(amount, said, f"{amount:,} yen")


def _date(argument: str, rng: random.Random) -> Value:
    return on_day(rng.randrange(1, 330))


def on_day(number: int) -> Value:
    """Return a day of the year, 1 to 365, as a date."""
    day = date(YEAR, 1, 1) + timedelta(days=number - 1)
    return Value(number, f"{day.month}月{day.day}日", f"{MONTHS[day.month - 1]} {day.day}")


def _month(argument: str, rng: random.Random) -> Value:
    month = rng.randrange(12)
    return Value(month, f"{month + 1}月", MONTHS[month])


def _hour(argument: str, rng: random.Random) -> Value:
    hour = rng.choice((9, 10, 11, 1, 2, 3, 4, 5))
    morning = hour > 8
    half = "午前" if morning else "午後"
    return Value(hour + 12 * (not morning), f"{half}{hour}時", f"{hour} {'a.m.' if morning else 'p.m.'}")


def _clock(argument: str, rng: random.Random) -> Value:
    text = f"{rng.randint(*_span(argument, (8, 20)))}:{rng.choice(('00', '15', '30', '45'))}"
    return Value(0, text, text)


def _count(argument: str, rng: random.Random) -> Value:
    number = rng.randint(*_span(argument, (2, 9)))
    if number > 99:
        number -= number % 10
    return Value(number, str(number), str(number))


def _tens(argument: str, rng: random.Random) -> Value:
    low, high = _span(argument, (20, 90))
    number = str(rng.randrange(low, high + 1, 10))
    return Value(int(number), number, number)


def _minutes(argument: str, rng: random.Random) -> Value:
    low, high = _span(argument, (5, 30))
    number = rng.choice(
        [candidate for candidate in range(low, high + 1) if candidate < 10 or candidate % 5 == 0]
    )
    return Value(number, str(number), str(number))


def _ordinal(argument: str, rng: random.Random) -> Value:
    number = rng.randint(*_span(argument, (2, 9)))
    ending = "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return Value(number, str(number), f"{number}{ending}")


def _percent(argument: str, rng: random.Random) -> Value:
    share = f"{rng.randint(*_span(argument, PERCENT_RANGE))}%"
    return Value(0, share, share)


def _version(argument: str, rng: random.Random) -> Value:
    number = f"{rng.randint(2, 6)}.{rng.randint(0, 9)}"
    return Value(0, f"バージョン{number}", f"version {number}")


def _quarter(argument: str, rng: random.Random) -> Value:
    number = rng.randint(1, 4)
    return Value(number, f"第{number}四半期", f"Q{number}")


def _identity(argument: str, rng: random.Random) -> Value:
    text = f"{argument}-{rng.randint(1000, 9899)}"
    return Value(0, text, text)


def _span(argument: str, default: tuple[int, int]) -> tuple[int, int]:
    if not argument:
        return default
    low, _, high = argument.partition("-")
    return int(low), int(high)


LISTED: dict[str, tuple[tuple[str, str], ...]] = {
    "p": tuple((f"{family}さん", f"{latin}-san") for family, _, _, latin in PEOPLE),
    "lp": tuple((family + first, f"{given} {latin}") for family, first, given, latin in PEOPLE),
    "cp": GUESTS,
    "c": CLIENTS,
    "x": PRODUCTS,
    "dept": DEPARTMENTS,
    "city": CITIES,
    "room": ROOMS,
    "w": WEEKDAYS,
}
"""Kinds that are drawn from a list."""

MADE: dict[str, Callable[[str, random.Random], Value]] = {
    "d": _date,
    "m": _month,
    "t": _hour,
    "hm": _clock,
    "n": _count,
    "min": _minutes,
    "tens": _tens,
    "nth": _ordinal,
    "pct": _percent,
    "ver": _version,
    "q": _quarter,
    "id": _identity,
}
"""Kinds that are put together."""
