"""Removal of active content (scripts, event handlers, embedded pages) from a notebook's HTML page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

ACTIVE_ELEMENTS = {"script", "iframe", "frame", "object", "embed", "applet", "link", "meta", "base", "form"}
"""HTML elements that load or run something; none belongs in the body of a page that shows results."""

# Browsers ignore blanks and control characters before and inside a URL scheme.
_IGNORED_CHARACTERS = re.compile(r"[\x00-\x20]+")
_SCRIPT_URL = re.compile(r"(^|;)(javascript|vbscript):", re.IGNORECASE)
_FOCUSABLE = re.compile(r"(^|\s)(jp-Cell-inputWrapper|jp-OutputArea-output)(\s|$)")
"""Pattern of the classes of elements that get keyboard focus, so that they can be scrolled with keys."""
_TAG_IN_STYLE = re.compile(r"<(?=[a-zA-Z/!?])")


def sanitize_html(page: str) -> str:
    """Return a notebook's HTML page without everything in its body that loads or runs something.

    A browser enforces the page's policy anyway, but mail programs and artifact viewers may not. The head was written by
    this library and is not changed. Everything after it counts as body, even what follows a `</body>` in a cell's
    output.
    """
    from bs4 import BeautifulSoup

    head, end, body = page.partition("</head>")
    if not end:
        head, body = "", page
    # One value per attribute: class names need not be split and joined again.
    soup = BeautifulSoup(body, features="html.parser", multi_valued_attributes=None)
    _remove_active_content(soup)
    return head + end + str(soup)


def _remove_active_content(soup: BeautifulSoup) -> None:
    from bs4.element import PreformattedString

    # Comments and declarations: a browser may see their end at another place than this parser.
    for node in soup.find_all(string=lambda text: isinstance(text, PreformattedString)):
        node.extract()
    for element in soup.find_all(ACTIVE_ELEMENTS):
        element.decompose()
    for element in soup.find_all(True):
        attributes = cast("dict[str, str]", element.attrs)
        for name in [name for name, value in attributes.items() if _is_active(name, value)]:
            del attributes[name]
        if element.name == "style":
            # Inside an SVG a browser would parse tags in it; in a style sheet the escape stands for the character.
            element.string = _TAG_IN_STYLE.sub(r"\\3c ", element.get_text())
        elif element.name == "img":
            attributes.setdefault("alt", "No description has been provided for this image")
        elif element.name == "div" and _FOCUSABLE.search(attributes.get("class", "")):
            attributes["tabindex"] = "0"


def _is_active(name: str, value: str) -> bool:
    """Return whether an HTML attribute runs something: it is an event handler, a script URL or an embedded page."""
    if name.startswith("on") or name == "srcdoc":
        return True
    if name == "src" and value.startswith("data:image/"):
        return False  # no need to search a picture
    return ":" in value and bool(_SCRIPT_URL.search(_IGNORED_CHARACTERS.sub("", value)))
