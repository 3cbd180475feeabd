"""Reading of hand-written business sentences, and filling of their slots and alternative wordings."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.translation_slots import Value, draw, on_day

SLOT = re.compile(r"\{([a-z]+)(\d?)(?::([^}]*))?\}")
WORDING = re.compile(r"\[([^\]]*\|[^\]]*)\]")
HIRAGANA_AND_SIGNS = re.compile(r"[\u3040-\u309f\W_]+")
TRIES = 12


@dataclass(frozen=True)
class Situation:
    """Sentences of one situation, with speaker and preceding context."""

    name: str
    speakers: tuple[str, ...]
    contexts: tuple[str, ...]
    scene: str
    track: str
    sentences: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Pair:
    """A filled sentence in both languages. `values` are its slots by key, such as `d2`."""

    text: str
    translation: str
    context: str
    scene: str
    track: str
    speaker: str
    situation: str = field(compare=False)
    values: dict[str, Value] = field(compare=False, default_factory=dict)


def read_situations(folder: Path) -> list[Situation]:
    """Read the situations of every text file of a folder, in order.

    Raises:
        ValueError: a head has other than five parts, a Japanese line has no English one, or the two have different
            slots or wordings; the message names the file and the line.
    """
    return [situation for path in sorted(folder.glob("*.txt")) for situation in _read(path)]


def _read(path: Path) -> list[Situation]:
    found: list[Situation] = []
    for block in re.split(r"^== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, *lines = [line for line in block.split("\n") if line.strip()]
        parts = [part.strip() for part in head.split(" | ")]
        if len(parts) != 5 or len(lines) % 2:
            raise ValueError(
                f"{path.name}: {head!r} must have 5 parts and pairs of lines; {len(parts)}, {len(lines)}"
            )
        sentences = tuple(zip(lines[::2], lines[1::2], strict=True))
        for japanese, english in sentences:
            _must_agree(path, japanese, english)
        name, scene, track, speakers, contexts = parts
        found.append(
            Situation(name, tuple(speakers.split(",")), tuple(contexts.split(" / ")), scene, track, sentences)
        )
    return found


def _must_agree(path: Path, japanese: str, english: str) -> None:
    slots = [{match[0] for match in SLOT.finditer(line)} for line in (japanese, english)]
    wordings = [
        [len(match[1].split("|")) for match in WORDING.finditer(line)] for line in (japanese, english)
    ]
    if slots[0] != slots[1] or wordings[0] != wordings[1]:
        raise ValueError(f"{path.name}: slots or wordings differ: {japanese!r} and {english!r}")


def pairs_of(situations: list[Situation], times: int, rng: random.Random) -> list[Pair]:
    """Fill every sentence up to `times` times, each time with other changes than of hiragana and punctuation only.

    A sentence without slots gives at most one pair for each of its wordings.
    """
    seen: set[str] = set()
    pairs = []
    for situation in situations:
        for sentence in situation.sentences:
            made = 0
            for _ in range(TRIES):
                pair = _filled(situation, sentence, rng)
                bones = HIRAGANA_AND_SIGNS.sub("", pair.text)
                if made < times and bones not in seen:
                    seen.add(bones)
                    pairs.append(pair)
                    made += 1
    return pairs


def _filled(situation: Situation, sentence: tuple[str, str], rng: random.Random) -> Pair:
    context = rng.choice(situation.contexts)
    values = _values([*sentence, context], rng, spoken=situation.track == "spoken")
    chosen = [rng.randrange(len(match[1].split("|"))) for match in WORDING.finditer(sentence[0])]
    japanese, english = (_worded(line, chosen) for line in sentence)
    return Pair(
        text=_with(japanese, {key: value.japanese for key, value in values.items()}),
        translation=_with(english, {key: value.english for key, value in values.items()}),
        context=_with(context, {key: value.japanese for key, value in values.items()}),
        scene=situation.scene,
        track=situation.track,
        speaker=rng.choice(situation.speakers),
        situation=situation.name,
        values=values,
    )


def _values(lines: list[str], rng: random.Random, *, spoken: bool) -> dict[str, Value]:
    """Draw values of the slots, all different within a kind; a second date is 3 days to 3 weeks after the first."""
    kinds: dict[str, dict[str, str]] = {}
    for match in SLOT.finditer("\n".join(lines)):
        kinds.setdefault(match[1], {})[match[1] + match[2]] = match[3] or ""
    values: dict[str, Value] = {}
    for kind, keys in kinds.items():
        drawn: list[Value] = []
        for _, argument in sorted(keys.items()):
            value = draw(kind, argument, rng, spoken=spoken)
            while value in drawn:
                value = draw(kind, argument, rng, spoken=spoken)
            drawn.append(value)
        if kind == "d":
            drawn = [drawn[0], *(on_day(drawn[0].order + rng.randint(3, 21)) for _ in drawn[1:])]
        values |= zip(sorted(keys), drawn, strict=True)
    return values


def _worded(line: str, chosen: list[int]) -> str:
    turns = iter(chosen)
    return WORDING.sub(lambda match: match[1].split("|")[next(turns)], line)


def _with(line: str, texts: dict[str, str]) -> str:
    filled = SLOT.sub(lambda match: texts[match[1] + match[2]], line)
    return filled.replace(".m..", ".m.")  # the point of an abbreviation ends its sentence too
