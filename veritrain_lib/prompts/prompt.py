"""A prompt: a Jinja template with a name, and the messages that it becomes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args

from veritrain_lib.core.digest import of_json
from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.records import Message

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import ImmutableSandboxedEnvironment

_TAG = re.compile(r"</?([A-Za-z][\w-]*)\s*/?>")

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True)
class Prompt:
    """A template. `origin` says for people where it is from: `built in`, `task file` or a file's name.

    A block named `system`, `user` or `assistant` becomes a message of that role, in the order in which the
    blocks stand; a template without such blocks is one user message. A name that nobody filled in is an error,
    never an empty text, and a template can neither import nor change anything (Jinja's sandbox). Where the template
    stands tags around data (`<examples>`), no value can open or close one: its `<` is written as `&lt;`.
    """

    name: str
    text: str
    origin: str

    @property
    def digest(self) -> str:
        """SHA-256 of the template's text, as 64 hex digits; how lines end on a machine does not count."""
        return of_json(_plain(self.text))

    def render(self, **values: Any) -> tuple[Message, ...]:
        """The messages of this prompt for some values.

        Raises UserError for a template that can't be read, for a name in it that is not among `values`, and
        for one that gives no text at all.
        """
        from jinja2 import TemplateError

        template = self._template()
        values = {name: harmless(value, tags_of(self.text)) for name, value in values.items()}
        known = ", ".join(sorted(values))
        try:
            roles = [role for role in template.blocks if role in get_args(Role)]
            context = template.new_context(values)
            parts = (
                [(role, "".join(template.blocks[role](context))) for role in roles]
                if roles
                else [("user", template.render(values))]
            )
        except (TemplateError, TypeError, ValueError, ArithmeticError, OverflowError) as error:
            # The expressions in a template are the user's: what they raise is about the template.
            raise UserError(
                f"prompt {self.name} ({self.origin}) can't be filled in: {str(error).rstrip('.')}. "
                f"The names it may use: {known or 'none'}"
            ) from error
        messages = [Message(_role(role), text.strip()) for role, text in parts if text.strip()]
        if not messages:
            raise UserError(f"prompt {self.name} ({self.origin}) gives no text; write what to ask")
        return tuple(messages)

    def _template(self) -> Template:
        from jinja2 import TemplateSyntaxError

        try:
            return _compiled(_plain(self.text))
        except TemplateSyntaxError as error:
            raise UserError(
                f"prompt {self.name} ({self.origin}) is no Jinja template: line {error.lineno}: {error.message}"
            ) from error


def tags_of(template: str) -> frozenset[str]:
    """The names of the tags that a template itself writes, such as `examples` for `</examples>`."""
    return frozenset(name.casefold() for name in _TAG.findall(template))


def harmless(value: Any, tags: frozenset[str]) -> Any:
    """A value that is filled in, in which each `<` that would begin one of the tags is `&lt;`, wherever it stands."""
    if not tags:
        return value
    if isinstance(value, str):
        if not any(sign in value for sign in "<＜﹤"):
            return value
        names = "|".join(map(re.escape, sorted(tags)))
        return re.sub(rf"[<＜﹤](?=[\s/／\\]*(?:{names})(?![\w-]))", "&lt;", value, flags=re.IGNORECASE)
    if isinstance(value, Mapping):
        return {harmless(key, tags): harmless(one, tags) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [harmless(one, tags) for one in value]
    return value


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _role(name: str) -> Role:
    found: Role = next(role for role in get_args(Role) if role == name)
    return found


@cache
def _compiled(text: str) -> Template:
    # A probe fills in the same template hundreds of times.
    return _environment().from_string(text)


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # No escaping: a prompt is plain text. JSON that a model reads keeps its letters (`tojson` would make
    # HTML-safe escapes of quotes and angle brackets).
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    environment.filters["json"] = _as_json
    return environment


def _as_json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
