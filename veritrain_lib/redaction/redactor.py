"""Redactor, which removes the secrets of an environment from texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from veritrain_lib.redaction.addresses import redact_passwords
from veritrain_lib.redaction.forms import MIN_PREFIX_LENGTH, PREFIX_LENGTH, encoded_forms
from veritrain_lib.redaction.secret_values import Secret, find_secrets

_TERMINAL_COLOUR = re.compile(r"(\x1b\[[0-9;?]*[A-Za-z])")
"""Pattern of a terminal's colour code, which may occur inside a word and split a secret."""

_BETWEEN = r"""(?:["'\s:=,>(]|\\["'nt]|<[^<>]{0,80}>|&quot;|&\#(?:x27|39);){1,12}"""
"""Pattern of the characters that may stand between a variable's name and its value in a mapping, a table or a page."""

LINEAR_SEARCH_LIMIT = 50
"""Largest number of encodings of secrets that are searched for one by one; for more an index is used."""

KEY_LENGTH = 4
"""Number of characters at the beginning of an encoding that are its key in the index; no encoding is shorter."""


class Redactor:
    """Callable that replaces each secret of an environment by `[hidden: NAME]`, with the name of its variable."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._free_forms: dict[str, str] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], str]]] = {}
        self._full_values: dict[str, str] = {}
        for secret in find_secrets(environment):
            if secret.scope == "named":
                self._patterns.setdefault(secret.value, []).append((_named_pattern(secret), secret.name))
                continue
            for form in encoded_forms(secret.value):
                if secret.scope == "word":
                    self._patterns.setdefault(form, []).append((_standalone_pattern(form), secret.name))
                else:
                    self._free_forms.setdefault(form, secret.name)
            if secret.scope == "anywhere" and len(secret.value) >= MIN_PREFIX_LENGTH:
                self._full_values.setdefault(secret.value[:PREFIX_LENGTH], secret.value)
        self._forms = [*{**self._free_forms, **self._patterns}]
        self._longest = max(map(len, self._forms), default=0)
        # Searching for each of thousands takes too long: an index by first characters tells which may be there.
        self._by_key: dict[str, list[str]] = {}
        for form in self._forms:
            self._by_key.setdefault(form[:KEY_LENGTH], []).append(form)

    def __bool__(self) -> bool:
        """Return whether the environment holds any secret; passwords in URLs are redacted in any case."""
        return bool(self._forms)

    def __repr__(self) -> str:
        return f"Redactor({len(self._forms)} forms)"

    def __call__(self, text: str) -> str:
        """Return the text without secrets and without passwords in URLs."""
        if "\x1b" in text:
            parts = _TERMINAL_COLOUR.split(text)
            parts[::2] = self.redact_pieces(parts[::2])
            return "".join(parts)
        return self._redact(text)

    def redact_pieces(self, texts: Sequence[str]) -> list[str]:
        """Return consecutive pieces of one stream without secrets; a secret may be split over several pieces."""
        joined = "".join(texts)
        spans = [*self._spans(joined)]
        if not spans:
            return [redact_passwords(text) for text in texts]
        starts, position = [], 0
        for text in texts:
            starts.append(position)
            position += len(text)
        redacted = []
        for start, text in zip(starts, texts, strict=True):
            out, last = [], 0
            for first, end, replacement in spans:
                low, high = max(first - start, 0), min(end - start, len(text))
                if low < high:
                    out += [text[last:low], replacement if first >= start else ""]
                    last = high
            redacted.append(redact_passwords("".join([*out, text[last:]])))
        return redacted

    def partial_secret_length(self, text: str, min_length: int) -> int:
        """Return how many characters at the end of a text may be the beginning of a secret; 0 if none.

        Args:
            text: The text, which may continue later.
            min_length: Shortest beginning of a secret that counts, 4 characters or more.
        """
        for position in range(max(len(text) - self._longest, 0), len(text) - min_length + 1):
            suffix = text[position:]
            if any(
                len(form) > len(suffix) and form.startswith(suffix)
                for form in self._by_key.get(suffix[:KEY_LENGTH], ())
            ):
                return len(suffix)
        return 0

    def value(self, value: Any) -> Any:
        """Return a copy of a JSON value, its keys included, without the secrets of the environment."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {self.value(key): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    def contains_secret(self, text: str) -> bool:
        """Return whether a text contains a secret of the environment or a password in a URL."""
        return self._redact(text) != text

    def _redact(self, text: str) -> str:
        text = redact_passwords(text)
        out, last = [], 0
        for first, end, replacement in self._spans(text):
            out += [text[last:first], replacement]
            last = end
        return "".join([*out, text[last:]]) if out else text

    def _spans(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Yield start, end and replacement of each secret in a text, in order and without overlaps."""
        present = self._present(text)
        if not present:
            return
        spans = []
        free_forms = [form for form in present if form in self._free_forms]
        if free_forms:
            # Longest first: a short secret may be part of a long one.
            pattern = re.compile("|".join(map(re.escape, sorted(free_forms, key=len, reverse=True))))
            spans += [
                (match.start(), self._end(match, text), self._free_forms[match[0]])
                for match in pattern.finditer(text)
            ]
        for form in present:
            for pattern, name in self._patterns.get(form, ()):
                spans += [(*match.span("value"), name) for match in pattern.finditer(text)]
        last = 0
        for first, end, name in sorted(spans):
            if first >= last:
                yield first, end, f"[hidden: {name}]"
                last = end

    def _present(self, text: str) -> list[str]:
        """Return the encodings of secrets that occur in the text."""
        if len(self._forms) <= LINEAR_SEARCH_LIMIT:
            return [form for form in self._forms if form in text]
        starts = {text[position : position + KEY_LENGTH] for position in range(len(text) - KEY_LENGTH + 1)}
        return [
            form for start in self._by_key.keys() & starts for form in self._by_key[start] if form in text
        ]

    def _end(self, match: re.Match[str], text: str) -> int:
        """Return the position where a matched secret ends.

        A match of only the beginning of a long value is extended by the characters that continue the value.
        """
        end, value = match.end(), self._full_values.get(match[0], "")
        while end - match.start() < len(value) and text[end : end + 1] == value[end - match.start()]:
            end += 1
        return end


def _standalone_pattern(form: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9])(?P<value>{re.escape(form)})(?![A-Za-z0-9])")


def _named_pattern(secret: Secret) -> re.Pattern[str]:
    names = "|".join([re.escape(secret.name), r"(?i:pass(?:word|wd|phrase)?|pwd|secret|token)"])
    return re.compile(
        rf"(?:{names}){_BETWEEN}(?P<value>{re.escape(secret.value)})(?![A-Za-z0-9])", re.VERBOSE
    )
