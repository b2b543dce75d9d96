"""The ledger for a terminal of 100 columns."""

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from fashion_recsys.evaluation.bootstrap import Estimate
from fashion_recsys.evaluation.ledger import RANKED, Ledger, Retrieval

_KS = (12, 100, 300, 1000)
_GROUPS = ("all", "warm", "warm, new to customer")
_NAME = 34
"""Characters of a name that are shown."""
_RETRIEVAL = (
    "Share of the purchases among the first K candidates; in brackets, times the best sellers' at "
    "the same K."
)
_SOURCES = (
    "Candidates per customer and purchases found, of which only this source brought; what the pool "
    "loses without the source: recall, oracle MAP@12 (a perfect order of the pool), and MAP@12 of "
    "a list ranked without it."
)
_LISTS = (
    "MAP@12 with its 95% interval; gain: final list - this list, paired, * where it is surely not "
    "0. Coverage: share of the catalogue shown; novelty: mean -log2(share of the sales), in bits."
)
_GROUP_LINES = "MAP@12 of the final list by group of purchases, and its gain over the other lists."
_PERIODS = "MAP@12 of the final list in each test period, and its gain over the other lists."


def render(ledger: Ledger) -> RenderableType:
    """Return the tables of one test period."""
    size = ledger.groups[0]
    title = (
        f"[bold]Stage ledger[/bold]: test {ledger.as_of} to {ledger.test_end}, "
        f"{size.customers:,} customers, {size.pairs:,} purchases"
    )
    parts: list[RenderableType] = [title]
    for group in _GROUPS:
        rows = [row for row in ledger.retrieval if row.group == group]
        if rows:
            parts += _part(f"Candidates, {group}", _RETRIEVAL, _retrieval(rows))
    for pool in ledger.pool:
        if pool.group in ("all", "warm"):
            words = (
                f"Pool, {pool.group}: {pool.per_customer:,.0f} candidates per customer, recall "
                f"{pool.recall.value:.3f}, oracle MAP@12 {pool.oracle_map.value:.3f}"
            )
            parts += _part(words, _SOURCES, _sources(ledger, pool.group))
    for group in ("all", "warm"):
        if ledger.list_score(ledger.final, group):
            parts += _part(f"Lists, {group}", _LISTS, _lists(ledger, group))
    return Group(*parts, *_part("Groups", _GROUP_LINES, _groups(ledger)))


def render_periods(ledgers: Sequence[Ledger]) -> RenderableType:
    """Return the final list's MAP@12 over several test periods, for all and for warm customers."""
    parts: list[RenderableType] = []
    for group in ("all", "warm"):
        if any(ledger.list_score(ledger.final, group) for ledger in ledgers):
            parts += _part(f"Test periods, {group}", _PERIODS, _periods(ledgers, group))
    return Group(*parts)


def _periods(ledgers: Sequence[Ledger], group: str) -> Table:
    final, *others = _names(ledgers[-1])
    table = _table("test", "purchases", final, *(f"gain over\n{name}" for name in others))
    for ledger in ledgers:
        score = ledger.list_score(ledger.final, group)
        scores = [ledger.list_score(name, group) for name in others]
        table.add_row(
            str(ledger.as_of),
            next((f"{size.pairs:,}" for size in ledger.groups if size.group == group), "0"),
            _interval(score.metrics["map"]) if score else "",
            *(_gain(other.gain["map"]) if other else "" for other in scores),
        )
    return table


def _part(title: str, words: str, table: Table) -> list[RenderableType]:
    return ["", f"[bold cyan]{escape(title)}[/bold cyan]", f"[dim]{escape(words)}[/dim]", table]


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 0, 0, 1))
    for place, column in enumerate(columns):
        table.add_column(escape(column), justify="right" if place else "left", no_wrap=True)
    return table


def _retrieval(rows: list[Retrieval]) -> Table:
    ks = [k for k in rows[0].recall if k in _KS] or list(rows[0].recall)[:4]
    table = _table("list", *(f"recall@{k}" for k in ks))
    for row in rows:
        cells = [f"{row.recall[k].value:.3f}{_times(row.ratio.get(k))}" for k in ks]
        table.add_row(_name(row.name), *cells, style="bold" if row.name == RANKED else "")
    return table


def _sources(ledger: Ledger, group: str) -> Table:
    table = _table(
        "source", "candi-\ndates", "only\nits", "found", "only\nby it", "recall\nlost",
        "oracle\nlost", "MAP lost",
    )  # fmt: skip
    for use in ledger.sources:
        if use.group == group:
            table.add_row(
                _name(use.source),
                f"{use.per_customer:.1f}",
                f"{use.only_per_customer:.1f}",
                f"{use.found:,}",
                f"{use.found_only:,}",
                f"{use.recall_loss.value:.4f}",
                f"{use.oracle_loss.value:.4f}",
                _gain(use.map_loss) if use.map_loss else "-",
            )
    return table


def _lists(ledger: Ledger, group: str) -> Table:
    table = _table(
        "list",
        "MAP@12",
        "gain",
        "NDCG\n@12",
        "hit\nrate",
        "recall\n@12",
        "cover-\nage",
        "nov-\nelty",
    )
    for row in ledger.lists:
        if row.group == group:
            table.add_row(
                _name(row.name),
                _interval(row.metrics["map"]),
                f"{row.gain['map'].value:+z.4f}{_star(row.gain['map'])}" if row.gain else "",
                *(f"{row.metrics[metric].value:.3f}" for metric in ("ndcg", "hit_rate", "recall")),
                "" if row.coverage is None else f"{row.coverage:.1%}",
                "" if row.novelty is None else f"{row.novelty:.1f}",
                style="bold" if row.name == ledger.final else "",
            )
    return table


def _groups(ledger: Ledger) -> Table:
    final, *others = _names(ledger)
    table = _table("group", "purchases", "MAP@12", *(f"gain over\n{name}" for name in others))
    for size in ledger.groups:
        scores = [ledger.list_score(name, size.group) for name in (final, *others)]
        values = [_interval(scores[0].metrics["map"])] if scores[0] else [""]
        values += [_gain(score.gain["map"]) if score else "" for score in scores[1:]]
        table.add_row(size.group, f"{size.pairs:,}", *values)
    return table


def _names(ledger: Ledger) -> list[str]:
    """Return the final list and up to two others: more do not fit."""
    names = [row.name for row in ledger.lists if row.group == "all" and row.name != ledger.final]
    return [ledger.final, *names[:2]]


def _name(name: str) -> str:
    return escape(name if len(name) <= _NAME else f"{name[: _NAME - 1]}…")


def _interval(value: Estimate) -> str:
    return f"{value.value:.4f} ({value.low:.4f}-{value.high:.4f})"


def _gain(value: Estimate) -> str:
    return f"{value.value:+z.4f}{_star(value)}"


def _star(value: Estimate) -> str:
    return "*" if value.low > 0 or value.high < 0 else " "


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f" ({min(ratio, 99.99):.2f})"
