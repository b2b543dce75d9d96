"""The plots of the report, each an inline SVG."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter

from fashion_recsys.evaluation.bootstrap import Estimate
from fashion_recsys.evaluation.ledger import BEST_SELLERS, IN_TURN, RANKED, Ledger, Retrieval
from fashion_recsys.evaluation.report.data import FeatureGain
from fashion_recsys.evaluation.report.svg import BACK, FAINT, INK, SERIES, drawing

_BAR = 0.34
"""Inches per bar."""
_MARGIN = 0.75
"""Inches for the axis."""


def stages(rows: Sequence[Retrieval], k: int, name: str) -> str:
    """Draw recall@k of every stage beside the best sellers."""
    shares = [row.recall[k] for row in rows]
    names = [row.name for row in rows]
    colours = [_stage_colour(row.name) for row in rows]
    title = f"recall@{k} of each stage"
    with drawing(name, _MARGIN + _BAR * len(rows), title) as (axes, out):
        _bars(axes, names, shares, colours)
        for row, share in zip(rows, shares, strict=True):
            if row.name == BEST_SELLERS:
                axes.axvline(share.value, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_xlim(0, max(0.01, 1.12 * max(share.high for share in shares)))
        axes.set_xlabel(f"found among the first {k:,} candidates")
    return out[0]


def recall_curves(rows: Sequence[Retrieval], name: str) -> str:
    """Draw recall@K over K, for every list of candidates."""
    with drawing(name, 3.9, "recall@K of each list of candidates") as (axes, out):
        colours = iter(SERIES[1:] * len(rows))
        for row in rows:
            ks, shares = list(row.recall), [share.value for share in row.recall.values()]
            (line,) = axes.plot(ks, shares, marker="o", markersize=3, label=row.name, linewidth=1.4)
            if row.name == BEST_SELLERS:
                line.set(color=INK, linestyle=(0, (4, 3)))
            elif row.name in (RANKED, IN_TURN):
                line.set(color=SERIES[0], linewidth=2.8 if row.name == RANKED else 1.4)
            else:
                line.set(color=next(colours))
        axes.set_xscale("log")
        axes.set_xticks(
            ks := list(rows[0].recall), labels=[f"{k:,}" if k != 200 else "" for k in ks]
        )
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_ylim(bottom=0)
        axes.set_xlabel("K, candidates per customer")
        axes.figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return out[0]


def contributions(ledger: Ledger, group: str, name: str) -> str:
    """Draw how many purchases each source found, and how many of them alone."""
    uses = [use for use in ledger.sources if use.group == group]
    pairs = next(size.pairs for size in ledger.groups if size.group == group)
    height = _MARGIN + 0.35 + _BAR * len(uses)
    with drawing(name, height, "purchases found by each source") as (axes, out):
        labels = [use.source for use in uses]
        alone = [use.found_only / pairs for use in uses]
        shared = [(use.found - use.found_only) / pairs for use in uses]
        axes.barh(labels, alone, color=SERIES[0], height=0.62, label="only this source")
        axes.barh(
            labels, shared, left=alone, color=SERIES[0], alpha=0.35, height=0.62, label="others too"
        )
        _categories(axes)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_xlabel("share of the purchases that the source found")
        axes.figure.legend(loc="outside upper right", ncols=2, fontsize=9)
    return out[0]


def losses(rows: Sequence[tuple[str, Estimate]], label: str, name: str) -> str:
    """Draw what is lost without each of some parts, with intervals."""
    with drawing(name, _MARGIN + _BAR * len(rows), label) as (axes, out):
        places = range(len(rows))
        for place, (_, loss) in zip(places, rows, strict=True):
            sure = loss.low > 0 or loss.high < 0
            colour = SERIES[0] if sure else FAINT
            axes.plot([loss.low, loss.high], [place, place], color=colour, linewidth=2)
            axes.plot([loss.value], [place], "o", color=colour, markersize=6)
        axes.axvline(0, color=INK, linewidth=1)
        axes.set_yticks(places, labels=[part for part, _ in rows])
        axes.set_ylim(-0.6, len(rows) - 0.4)
        _categories(axes)
        axes.locator_params(axis="x", nbins=5)
        axes.set_xlabel(label)
    return out[0]


def periods(ledgers: Sequence[Ledger], group: str, name: str) -> str:
    """Draw MAP@12 of every list over the test periods, with intervals."""
    lists = [row.name for row in ledgers[-1].lists if row.group == group]
    with drawing(name, 3.2, f"MAP@12 in each test period, {group}") as (axes, out):
        for place, listed in enumerate(lists):
            shift = 0.12 * (place - (len(lists) - 1) / 2)
            colour = SERIES[0] if listed == ledgers[-1].final else SERIES[1 + place % 7]
            points = [
                (x + shift, score.metrics["map"])
                for x, ledger in enumerate(ledgers)
                if (score := ledger.list_score(listed, group))
            ]
            for x, value in points:
                axes.plot([x, x], [value.low, value.high], color=colour, linewidth=2)
            xs, values = [x for x, _ in points], [value.value for _, value in points]
            axes.plot(xs, values, "o", color=colour, label=listed, markersize=6)
        days = [f"{ledger.as_of:%d %b}" for ledger in ledgers]
        axes.set_xticks(range(len(ledgers)), labels=days)
        axes.set_xlim(-0.5, len(ledgers) - 0.5)
        axes.set_ylim(bottom=0)
        axes.set_ylabel("MAP@12")
        axes.grid(visible=False, axis="x")
        axes.figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return out[0]


def importance(rows: Sequence[FeatureGain], name: str) -> str:
    """Draw the features with the largest shares of the gain."""
    with drawing(name, _MARGIN + 0.24 * len(rows), "features by share of the gain") as (axes, out):
        shares = [row.share for row in rows]
        axes.barh([row.name for row in rows], shares, color=SERIES[0], height=0.62)
        _categories(axes)
        axes.tick_params(axis="y", labelsize=9)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:.0%}"))
        axes.set_xlabel("share of the gain of all splits")
    return out[0]


def _bars(
    axes: Axes, names: Sequence[str], values: Sequence[Estimate], colours: Sequence[str]
) -> None:
    heights = [value.value for value in values]
    axes.barh(names, heights, color=colours, height=0.62)
    for place, value in enumerate(values):
        axes.plot([value.low, value.high], [place, place], color=INK, linewidth=1.2)
        axes.annotate(
            f"{value.value:.1%}",
            (value.high, place),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            bbox={"facecolor": BACK, "edgecolor": "none", "pad": 0.5},
        )
    _categories(axes)


def _categories(axes: Axes) -> None:
    """Order horizontal bars from the top, without lines across."""
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")


def _stage_colour(name: str) -> str:
    return {BEST_SELLERS: FAINT, IN_TURN: SERIES[0], RANKED: SERIES[0]}.get(name, SERIES[1])
