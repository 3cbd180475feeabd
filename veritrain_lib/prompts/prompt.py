"""`Prompt`: a named Jinja template for a chat model, and its rendering into chat messages."""

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
    """A prompt for a chat model: a named Jinja template.

    A block named `system`, `user` or `assistant` becomes a message of that role, in the order of the blocks; a template
    without such blocks is one user message. An undefined name is an error, never an empty text. A template can neither
    import nor change anything (Jinja's sandbox). If the template puts tags around data (`<examples>`), no value can
    open or close such a tag: its `<` is written as `&lt;`.

    Attributes:
        name: The name of the prompt.
        text: The template.
        origin: The source of the template, for people: `built in`, `task file` or the name of a file.
    """

    name: str
    text: str
    origin: str

    @property
    def digest(self) -> str:
        """SHA-256 of the template's text with normalized line endings, as 64 hex digits."""
        return of_json(_plain(self.text))

    def render(self, **values: Any) -> tuple[Message, ...]:
        """Fill in the template and return the chat messages.

        Args:
            values: The values of the template's names.

        Raises:
            UserError: when the template can't be parsed, uses a name that is not among `values`, or renders no text.
        """
        from jinja2 import TemplateError

        template = self._template()
        values = {name: escape_tags(value, template_tags(self.text)) for name, value in values.items()}
        available = ", ".join(sorted(values))
        try:
            roles = [role for role in template.blocks if role in get_args(Role)]
            context = template.new_context(values)
            parts = (
                [(role, "".join(template.blocks[role](context))) for role in roles]
                if roles
                else [("user", template.render(values))]
            )
        except (TemplateError, TypeError, ValueError, ArithmeticError, OverflowError) as error:
            # The expressions in a template are the user's, so any error they raise is an error of the template.
            raise UserError(
                f"prompt {self.name} ({self.origin}) can't be filled in: {str(error).rstrip('.')}. "
                f"The names it may use: {available or 'none'}"
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
                f"prompt {self.name} ({self.origin}) is not a valid Jinja template: line {error.lineno}: {error.message}"
            ) from error


def template_tags(template: str) -> frozenset[str]:
    """Return the names of the tags in a prompt template in lower case, such as `examples` for `</examples>`."""
    return frozenset(name.casefold() for name in _TAG.findall(template))


def escape_tags(value: Any, tags: frozenset[str]) -> Any:
    """Escape `<` as `&lt;` in a prompt's value wherever it would open or close a tag of the template.

    Args:
        value: The value; texts inside lists and mappings are escaped too.
        tags: The names of the template's tags, see `template_tags`.
    """
    if not tags:
        return value
    if isinstance(value, str):
        if not any(character in value for character in "<＜﹤"):
            return value
        names = "|".join(map(re.escape, sorted(tags)))
        return re.sub(rf"[<＜﹤](?=[\s/／\\]*(?:{names})(?![\w-]))", "&lt;", value, flags=re.IGNORECASE)
    if isinstance(value, Mapping):
        return {escape_tags(key, tags): escape_tags(item, tags) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [escape_tags(item, tags) for item in value]
    return value


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _role(name: str) -> Role:
    matching: Role = next(role for role in get_args(Role) if role == name)
    return matching


@cache
def _compiled(text: str) -> Template:
    # A probe renders the same template hundreds of times.
    return _environment().from_string(text)


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # No escaping, because a prompt is plain text. `json` keeps all characters readable for the model, while Jinja's
    # `tojson` would write HTML-safe escapes of quotes and angle brackets.
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    environment.filters["json"] = _as_json
    return environment


def _as_json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
