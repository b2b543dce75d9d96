"""Plots as inline SVG: a mean with its interval, a histogram, wins and losses.

Colours come from the page's style by class, so that they follow its light and dark scheme. A plot
is drawn in its natural pixels and scales with the page.
"""

import math
from collections.abc import Sequence

from search_system.evaluation.estimate import Estimate
from search_system.evaluation.report.markup import Html, element, join

WIDTH = 880
_MOST_BARS = 1000
"""More bars than pixels show nothing more."""
_LEFT = 48
_WIDEST_BAR = 40.0


def interval_plot(
    estimate: Estimate, low: float, high: float, marker: float | None = None, width: int = 200
) -> Html:
    """Draw a mean as a dot on its interval, on an axis from ``low`` to ``high``.

    ``marker`` is another system's mean, drawn as an upright line.
    """
    height, pad = 18, 6

    def x(value: float) -> float:
        share = (value - low) / (high - low)
        return pad + min(1.0, max(0.0, share)) * (width - 2 * pad)

    middle = height / 2
    parts = [_line(x(low), middle, x(high), middle, "rail")]
    if estimate.low is not None and estimate.high is not None:
        parts.append(_line(x(estimate.low), middle, x(estimate.high), middle, "whisker"))
    parts.append(element("circle", cx=x(estimate.mean), cy=middle, r=4.5, class_="dot"))
    if marker is not None:
        parts.append(_line(x(marker), 2, x(marker), height - 2, "marker"))
    return _svg(parts, width, height, f"{estimate.mean:.3f}", fixed=True)


def cost_bar(value: float, largest: float, width: int = 110) -> Html:
    """Draw a cost as a bar, whose full width is the largest cost."""
    length = max(1.0, width * value / largest) if largest > 0 else 0.0
    bar = element("rect", x=width - length, y=0, width=length, height=5, rx=2, class_="tie")
    return _svg([bar], width, 6, f"{value:.2f}", fixed=True)


def histogram(values: Sequence[float], x_label: str, bins: int = 10) -> Html:
    """Draw how many queries have each value from 0 to 1; exact zeros have a bar of their own."""
    counts = [0] * (bins + 1)
    for value in values:
        counts[0 if value <= 0 else 1 + min(bins - 1, int(value * bins))] += 1
    width, top, bottom = WIDTH // 2 - 10, 22, 150
    step, gap = (width - 8) / (bins + 1.5), 3
    parts = []
    for number, count in enumerate(counts):
        left = 4 + number * step + (step / 2 if number else 0)
        height = (bottom - top) * count / max(1, *counts)
        name = "exactly 0" if not number else f"{(number - 1) / bins:g} to {number / bins:g}"
        bar = element("rect", element("title", f"{name}: {count:,} queries"),
                      x=left, y=bottom - height, width=step - gap, height=height, rx=2,
                      class_="loss" if not number else "bar")  # fmt: skip
        label = _text(left + (step - gap) / 2, bottom - height - 5, f"{count:,}" if count else "")
        parts += [bar, label]
        if number > 1:
            parts.append(_text(left - gap / 2, bottom + 16, f"{(number - 1) / bins:g}"))
    parts.append(_text(4 + (step - gap) / 2, bottom + 16, "0"))
    parts.append(_text(4 + (bins + 1.5) * step - gap, bottom + 16, "1", "end"))
    parts.append(_line(0, bottom, width, bottom, "axis"))
    parts.append(_text(width / 2, bottom + 36, x_label))
    return _svg(parts, width, bottom + 44, x_label)


def win_loss_plot(differences: Sequence[tuple[str, float]], measure: str) -> Html:
    """Draw each query's difference as a bar, the largest gain first, with a name to point at.

    ``differences`` are (query, difference) pairs of the queries that differ, in any order.
    """
    ordered = sorted(differences, key=lambda pair: -pair[1])
    n = len(ordered)
    if n > _MOST_BARS:  # evenly spaced of a sorted list: the curve stays what it was
        ordered = [ordered[place * n // _MOST_BARS] for place in range(_MOST_BARS)]
    top, bottom = 14, 250
    limit = _nice_limit(max(abs(d) for _, d in ordered))
    middle = (top + bottom) / 2
    scale = (bottom - top) / 2 / limit
    step = min(_WIDEST_BAR, (WIDTH - _LEFT) / len(ordered))
    parts = _grid(limit, middle, scale)
    for place, (query, difference) in enumerate(ordered):
        height = max(abs(difference) * scale, 1.0)
        parts.append(
            element(
                "rect", element("title", f"{query}: {_signed(difference)}"),
                x=_LEFT + place * step, y=middle - height if difference > 0 else middle,
                width=max(step - min(2, step / 4), 0.5), height=height,
                class_="win" if difference > 0 else "loss",
            )
        )  # fmt: skip
    parts.append(_line(_LEFT, middle, WIDTH, middle, "axis"))
    caption = (
        f"{n:,} {'query differs' if n == 1 else 'queries differ'}, each a bar: difference in "
        f"{measure}, largest gain first"
    )
    parts.append(_text(_LEFT + (WIDTH - _LEFT) / 2, bottom + 24, caption))
    return _svg(parts, WIDTH, bottom + 32, caption)


def share_bar(parts: Sequence[tuple[str, int, str]]) -> Html:
    """Draw counts as the parts of one bar; each is (name, count, class)."""
    total = max(1, sum(count for _, count, _ in parts))
    drawn, left, height = [], 0.0, 34
    for name, count, class_ in parts:
        width = WIDTH * count / total
        if count:
            drawn.append(
                element(
                    "rect", element("title", f"{name}: {count:,}"),
                    x=left, y=0, width=max(width - 2, 1.0), height=height, rx=3, class_=class_,
                )
            )  # fmt: skip
        label = f"{count:,} {name}"
        if width > 8 * len(label):
            drawn.append(_text(left + width / 2, 22, label, class_=f"on {class_}-text"))
        left += width
    return _svg(drawn, WIDTH, height, ", ".join(f"{count:,} {name}" for name, count, _ in parts))


def _grid(limit: float, middle: float, scale: float) -> list[Html]:
    lines = []
    for value in (limit, limit / 2, 0.0, -limit / 2, -limit):
        y = middle - value * scale
        lines.append(_line(_LEFT, y, WIDTH, y, "rail"))
        lines.append(_text(_LEFT - 8, y + 4, _signed(value, 2), "end"))
    return lines


def _nice_limit(largest: float) -> float:
    """Return the next round number above the largest difference: 1, 2 or 5 times a power of 10."""
    power = 10.0 ** math.floor(math.log10(largest))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= largest * (1 - 1e-9))


def _signed(value: float, digits: int = 3) -> str:
    return f"{value:+.{digits}f}".replace("-", "\N{MINUS SIGN}") if round(value, digits) else "0"


def _line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Html:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def _text(x: float, y: float, text: str, anchor: str = "middle", class_: str = "label") -> Html:
    return element("text", text, x=x, y=y, text_anchor=anchor, class_=class_) if text else Html()


def _svg(
    parts: Sequence[Html], width: int, height: float, label: str, *, fixed: bool = False
) -> Html:
    size = {"width": width, "height": height} if fixed else {}
    return element(
        "svg", join(*parts), viewBox=f"0 0 {width} {height:g}", role="img", aria_label=label, **size
    )
