"""What acts is taken out of a page: scripts, event handlers, links that run something, pages inside the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

ACTIVE = {"script", "iframe", "frame", "object", "embed", "applet", "link", "meta", "base", "form"}
"""Elements that load or do something; none belongs into the body of a page of results."""

# A browser passes over blanks and control characters in front of a scheme and inside it.
_UNSEEN = re.compile(r"[\x00-\x20]+")
_SCRIPT_ADDRESS = re.compile(r"(^|;)(javascript|vbscript):", re.IGNORECASE)
_FOCUS = re.compile(r"(^|\s)(jp-Cell-inputWrapper|jp-OutputArea-output)(\s|$)")
"""What one can reach by the keyboard, to scroll it."""
_TAG_IN_STYLE = re.compile(r"<(?=[a-zA-Z/!?])")


def without_activity(page: str) -> str:
    """The page without elements, event handlers and links in its body that do something.

    The browser obeys the page's policy anyway; mail programs and artifact viewers may not. The head is ours
    (but for the title, which is escaped) and stays as it is. All the rest is taken for the body, also what
    follows an end tag of the body that a cell's output had in it.
    """
    from bs4 import BeautifulSoup

    head, end, body = page.partition("</head>")
    if not end:
        head, body = "", page
    # One value an attribute: class names need not be taken apart to be written again.
    soup = BeautifulSoup(body, features="html.parser", multi_valued_attributes=None)
    _quieten(soup)
    return head + end + str(soup)


def _quieten(soup: BeautifulSoup) -> None:
    from bs4.element import PreformattedString

    # Comments and declarations, whose end a browser may see elsewhere than we do.
    for hidden in soup.find_all(string=lambda text: isinstance(text, PreformattedString)):
        hidden.extract()
    for element in soup.find_all(ACTIVE):
        element.decompose()
    for element in soup.find_all(True):
        attributes = cast("dict[str, str]", element.attrs)
        for name in [name for name, value in attributes.items() if _acts(name, value)]:
            del attributes[name]
        if element.name == "style":
            # Inside a drawing a browser would read tags in it; a style sheet takes the escape for the letter.
            element.string = _TAG_IN_STYLE.sub(r"\\3c ", element.get_text())
        elif element.name == "img":
            attributes.setdefault("alt", "No description has been provided for this image")
        elif element.name == "div" and _FOCUS.search(attributes.get("class", "")):
            attributes["tabindex"] = "0"


def _acts(name: str, value: str) -> bool:
    """Whether an attribute does something: an event handler, a script's address, a page inside the page."""
    if name.startswith("on") or name == "srcdoc":
        return True
    if name == "src" and value.startswith("data:image/"):
        return False  # no need to search a whole picture
    return ":" in value and bool(_SCRIPT_ADDRESS.search(_UNSEEN.sub("", value)))
