"""Takes secrets out of texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from veritrain_lib.redaction.addresses import without_password
from veritrain_lib.redaction.forms import BEGINNING, LONG, forms_of
from veritrain_lib.redaction.secret_values import Secret, secrets_of

_COLOUR = re.compile(r"(\x1b\[[0-9;?]*[A-Za-z])")
"""A terminal's code; one may stand inside a word that is coloured."""

_BETWEEN = r"""(?:["'\s:=,>(]|\\["'nt]|<[^<>]{0,80}>|&quot;|&\#(?:x27|39);){1,12}"""
"""What may stand between a name and its value: in a mapping, a table, a page."""

FEW = 50
"""Forms of secrets up to which each is simply looked for."""

START = 4
"""Letters by which forms are told apart before they are looked for; no form has fewer."""


class Redactor:
    """Replaces the secrets of an environment by `[hidden: NAME]`, NAME being the variable that holds it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._names: dict[str, str] = {}
        self._bound: dict[str, list[tuple[re.Pattern[str], str]]] = {}
        self._begun: dict[str, str] = {}
        for secret in secrets_of(environment):
            if secret.where == "named":
                self._bound.setdefault(secret.value, []).append((_behind_its_name(secret), secret.name))
                continue
            for form in forms_of(secret.value):
                if secret.where == "word":
                    self._bound.setdefault(form, []).append((_alone(form), secret.name))
                else:
                    self._names.setdefault(form, secret.name)
            if secret.where == "anywhere" and len(secret.value) >= LONG:
                self._begun.setdefault(secret.value[:BEGINNING], secret.value)
        self._needles = [*{**self._names, **self._bound}]
        self._longest = max(map(len, self._needles), default=0)
        # To look for each of thousands in a long text takes too long: which may be there is told by their first letters.
        self._by_start: dict[str, list[str]] = {}
        for needle in self._needles:
            self._by_start.setdefault(needle[:START], []).append(needle)

    def __bool__(self) -> bool:
        """Whether there is anything to hide but passwords in addresses."""
        return bool(self._needles)

    def __repr__(self) -> str:
        return f"Redactor({len(self._needles)} forms)"

    def __call__(self, text: str) -> str:
        """The text without secrets and without passwords in addresses."""
        if "\x1b" in text:
            parts = _COLOUR.split(text)
            parts[::2] = self.pieces(parts[::2])
            return "".join(parts)
        return self._whole(text)

    def pieces(self, texts: Sequence[str]) -> list[str]:
        """Texts that follow each other (a stream came in pieces): a secret may be split over several."""
        whole = "".join(texts)
        spans = [*self._spans(whole)]
        if not spans:
            return [without_password(text) for text in texts]
        starts, at = [], 0
        for text in texts:
            starts.append(at)
            at += len(text)
        done = []
        for start, text in zip(starts, texts, strict=True):
            out, last = [], 0
            for first, end, said in spans:
                low, high = max(first - start, 0), min(end - start, len(text))
                if low < high:
                    out += [text[last:low], said if first >= start else ""]
                    last = high
            done.append(without_password("".join([*out, text[last:]])))
        return done

    def begun_at_end(self, text: str, shortest: int) -> int:
        """How many characters at the end of a text are the beginning, of `shortest` (4 or more), of a longer secret."""
        for at in range(max(len(text) - self._longest, 0), len(text) - shortest + 1):
            rest = text[at:]
            if any(
                len(one) > len(rest) and one.startswith(rest) for one in self._by_start.get(rest[:START], ())
            ):
                return len(rest)
        return 0

    def value(self, value: Any) -> Any:
        """A JSON value, its keys included, without secrets; the same object where there is none in it."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {self.value(key): self.value(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(one) for one in value]
        return value

    def holds(self, text: str) -> bool:
        """Whether a secret is in the text."""
        return self._whole(text) != text

    def _whole(self, text: str) -> str:
        text = without_password(text)
        out, last = [], 0
        for first, end, said in self._spans(text):
            out += [text[last:first], said]
            last = end
        return "".join([*out, text[last:]]) if out else text

    def _spans(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Where secrets are, in order, not over each other."""
        present = self._present(text)
        if not present:
            return
        found = []
        free = [one for one in present if one in self._names]
        if free:
            # The longest first: a short secret may be part of a long one.
            pattern = re.compile("|".join(map(re.escape, sorted(free, key=len, reverse=True))))
            found += [
                (match.start(), self._end(match, text), self._names[match[0]])
                for match in pattern.finditer(text)
            ]
        for needle in present:
            for pattern, name in self._bound.get(needle, ()):
                found += [(*match.span("value"), name) for match in pattern.finditer(text)]
        last = 0
        for first, end, name in sorted(found):
            if first >= last:
                yield first, end, f"[hidden: {name}]"
                last = end

    def _present(self, text: str) -> list[str]:
        """The forms of secrets that are in the text."""
        if len(self._needles) <= FEW:
            return [one for one in self._needles if one in text]
        starts = {text[at : at + START] for at in range(len(text) - START + 1)}
        return [
            one for start in self._by_start.keys() & starts for one in self._by_start[start] if one in text
        ]

    def _end(self, match: re.Match[str], text: str) -> int:
        """Where a match ends: of the beginning of a long value, as far as the text goes on like it."""
        end, value = match.end(), self._begun.get(match[0], "")
        while end - match.start() < len(value) and text[end : end + 1] == value[end - match.start()]:
            end += 1
        return end


def _alone(form: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9])(?P<value>{re.escape(form)})(?![A-Za-z0-9])")


def _behind_its_name(secret: Secret) -> re.Pattern[str]:
    names = "|".join([re.escape(secret.name), r"(?i:pass(?:word|wd|phrase)?|pwd|secret|token)"])
    return re.compile(
        rf"(?:{names}){_BETWEEN}(?P<value>{re.escape(secret.value)})(?![A-Za-z0-9])", re.VERBOSE
    )
