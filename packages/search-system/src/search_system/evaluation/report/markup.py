"""HTML and SVG as nested calls, in which text cannot become markup.

Query texts come from users and hold anything. So every child of an element is escaped unless it is
`Html`, which only this module makes from text: forgetting to escape is not possible, only wrapping
twice is.
"""

import html
import re

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Marks that reverse the text around them."""


class Html(str):
    """Markup, with all text in it escaped."""

    __slots__ = ()


def element(name: str, *children: str, **attributes: object) -> Html:
    """Return an element.

    ``class_`` stands for class, another underscore in an attribute's name for a hyphen; an
    attribute that is None is left out.
    """
    head = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escape(_number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{head}>{join(*children)}</{name}>")


def join(*children: str) -> Html:
    """Return children one after the other, escaped unless they are markup."""
    return Html("".join(c if isinstance(c, Html) else _escape(c) for c in children))


def user_text(text: str, at_most: int = 160) -> Html:
    """Return a text of a user's in one line, cut if long; right-to-left text stays within it."""
    return element("bdi", plain(text, at_most))


def plain(text: str, at_most: int = 160) -> str:
    """Return a text in one line, cut if it is long, that cannot reverse what stands around it."""
    line = " ".join(_DIRECTIONS.sub("", text).split())
    return line if len(line) <= at_most else line[: at_most - 1] + "…"


def _number(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _escape(text: str) -> str:
    """Escape markup, and replace what HTML cannot hold: control codes and half surrogate pairs."""
    return html.escape(_UNPRINTABLE.sub("\ufffd", text))
