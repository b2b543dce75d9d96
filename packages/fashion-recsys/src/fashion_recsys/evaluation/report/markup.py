"""Small pieces of HTML; everything that comes from data is escaped here."""

from collections.abc import Iterable, Sequence
from html import escape

from fashion_recsys.evaluation.bootstrap import Estimate


def text(value: object) -> str:
    """Return a value as text that no browser takes for markup."""
    return escape(str(value))


def paragraph(words: str, kind: str = "") -> str:
    """Return a paragraph of plain text."""
    return f"<p{_class(kind)}>{text(words)}</p>"


def figure(svg: str, caption: str) -> str:
    """Return a plot with its caption."""
    return f"<figure>{svg}<figcaption>{text(caption)}</figcaption></figure>"


def section(title: str, parts: Iterable[str], anchor: str) -> str:
    """Return a section with a heading, or nothing if it has no parts."""
    inner = "".join(parts)
    return f'<section id="{anchor}"><h2>{text(title)}</h2>{inner}</section>' if inner else ""


def grid(parts: Iterable[str]) -> str:
    """Return parts side by side where there is room."""
    return f'<div class="grid">{"".join(parts)}</div>'


def card(label: str, figure: str, below: str, tone: str = "") -> str:
    """Return a figure to be read first."""
    return (
        f'<div class="card {tone}"><div class="label">{text(label)}</div>'
        f'<div class="figure">{text(figure)}</div><div class="below">{text(below)}</div></div>'
    )


def table(
    head: Sequence[str], rows: Iterable[Sequence[str | Estimate]], strong: Iterable[int] = ()
) -> str:
    """Return a table that scrolls sideways on a small screen; the first column is text.

    Args:
        head: names of the columns.
        rows: cells; an estimate has its interval below it.
        strong: numbers of the rows that stand out.
    """
    marked = set(strong)
    lines = [
        f"<tr{_class('strong' if number in marked else '')}>"
        f'<th scope="row">{text(first)}</th>'
        + "".join(f"<td>{_cell(cell)}</td>" for cell in cells)
        + "</tr>"
        for number, (first, *cells) in enumerate(rows)
    ]
    names = "".join(f'<th scope="col">{text(name)}</th>' for name in head)
    return (
        f'<div class="scroll"><table><thead><tr>{names}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def number(value: float, *, signed: bool = False) -> str:
    """Return a metric with four digits."""
    return f"{value:{'+' if signed else ''}z.4f}".replace("-", "\N{MINUS SIGN}")


def interval(figure: Estimate, *, signed: bool = False) -> str:
    """Return the interval of a metric: 0.0365 to 0.0429."""
    return f"{number(figure.low, signed=signed)} to {number(figure.high, signed=signed)}"


class Gain(Estimate):
    """A difference, written with its sign."""


def _cell(cell: str | Estimate) -> str:
    if isinstance(cell, str):
        return text(cell)
    signed = isinstance(cell, Gain)
    value, below = number(cell.value, signed=signed), interval(cell, signed=signed)
    return f"{text(value)}<small>{text(below)}</small>"


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
