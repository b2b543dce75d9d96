"""The sections of the report below the headline."""

from collections.abc import Iterator

from fashion_recsys.evaluation.ledger import METRICS, Ledger, Retrieval, SourceUse
from fashion_recsys.evaluation.period import GROUPS
from fashion_recsys.evaluation.report import plots
from fashion_recsys.evaluation.report.data import Report
from fashion_recsys.evaluation.report.markup import (
    Gain,
    figure,
    grid,
    paragraph,
    section,
    table,
)

_PLOT_GROUPS = ("all", "warm", "warm, new to customer")
_TOP_FEATURES = 20


def stages(report: Report) -> str:
    """What each stage adds: recall at one K, and over all K."""
    ledger = report.latest
    parts = []
    for place, group in enumerate(_PLOT_GROUPS):
        rows = _retrieval(ledger, group)
        if rows:
            k = min(rows[0].recall, key=lambda k: abs(k - 300))
            bars = figure(
                plots.stages(rows, k, f"stages-{place}"), f"recall@{k:,} with 95% intervals."
            )
            curve = figure(plots.recall_curves(rows, f"curves-{place}"), "recall@K.")
            parts.append(f"<h3>{_caption(group)[:-1]}</h3>{grid([bars, curve])}")
    if not parts:
        return ""
    intro = paragraph(
        "Before anything can be ranked it must be found. Each bar is the share of what customers "
        "bought next that a stage has among its first candidates; the dashed line is the best "
        "sellers, one list for everybody. A bar that ends left of it finds less than that list "
        "does at the same length; a short list such as own purchases earns its place by what no "
        "other source finds."
    )
    return section("What each stage adds", [intro, *parts, _recall_table(ledger)], "stages")


def sources(report: Report) -> str:
    """What each source brings, and what is lost without it."""
    ledger = report.latest
    parts = []
    for place, group in enumerate(_PLOT_GROUPS[:2]):
        uses = _uses(ledger, group)
        if uses:
            svg = plots.contributions(ledger, group, f"found-{place}")
            parts.append(figure(svg, _caption(group)))
    if not parts:
        return ""
    pool = next(row for row in ledger.pool if row.group == "all")
    words = (
        f"Together the sources propose {pool.per_customer:,.0f} candidates per customer, which "
        f"hold {pool.recall.value:.1%} of the purchases. Ordered perfectly they would give "
        f"MAP@12 {pool.oracle_map.value:.3f}: the room that the ranker has."
    )
    plots_and_table = [grid([*parts, *_losses(ledger)]), _source_table(ledger)]
    note = paragraph("Candidates are means per customer of the test.", "small")
    return section("What each source brings", [paragraph(words), *plots_and_table, note], "sources")


def lists(report: Report) -> str:
    """The metrics of the lists, by group."""
    ledger = report.latest
    parts = []
    for size in ledger.groups:
        rows = [row for row in ledger.lists if row.group == size.group]
        head = ["list", *METRICS.values(), "coverage", "novelty, bits", "gain of the final, MAP@12"]
        cells = [
            (
                row.name,
                *(row.metrics[metric] for metric in METRICS),
                "" if row.coverage is None else f"{row.coverage:.2%}",
                "" if row.novelty is None else f"{row.novelty:.2f}",
                Gain(**vars(row.gain["map"])) if row.gain else "",
            )
            for row in rows
        ]
        strong = [place for place, row in enumerate(rows) if row.name == ledger.final]
        words = f"{_caption(size.group)} {size.customers:,} customers, {size.pairs:,} purchases."
        body = paragraph(words, "small") + table(head, cells, strong)
        opened = " open" if size.group in ("all", "warm") else ""
        parts.append(f"<details{opened}><summary>{size.group}</summary>{body}</details>")
    return section("The final list, by group", parts, "lists")


def periods(report: Report) -> str:
    """MAP@12 over the test periods."""
    ledgers = report.periods
    if len(ledgers) < 2:
        return ""
    figures = [
        figure(plots.periods(ledgers, group, f"periods-{place}"), _caption(group))
        for place, group in enumerate(("all", "warm"))
        if any(row.group == group for row in ledgers[-1].lists)
    ]
    names = [row.name for row in ledgers[-1].lists if row.group == "all"]
    head = ["test", *(f"MAP@12 {name}" for name in names)]
    rows = []
    for ledger in ledgers:
        scores = [ledger.list_score(name) for name in names]
        cells = [score.metrics["map"] if score else "" for score in scores]
        rows.append((_days(ledger), *cells))
    words = paragraph("Every model is fitted again before each period, on earlier days only.")
    return section("Test periods", [words, grid(figures), table(head, rows)], "periods")


def ranker(report: Report) -> str:
    """Importance of the features and ablations of their groups."""
    parts = []
    if report.importance:
        top = sorted(report.importance, key=lambda row: -row.share)[:_TOP_FEATURES]
        svg = plots.importance(top, "importance")
        parts.append(figure(svg, f"The {len(top)} features that the ranker uses most"))
    if report.ablations:
        rows = [(row.features, row.loss) for row in report.ablations]
        svg = plots.losses(rows, "MAP@12 lost", "ablations")
        parts.append(figure(svg, "Trained again without a group of features"))
    return section("What the ranker looks at", [grid(parts)] if parts else [], "ranker")


def costs(report: Report) -> str:
    """Time and memory of the stages."""
    if not report.costs:
        return ""
    head = ["stage", "seconds", "peak memory, MiB", "rows", "rows per second"]
    rows = [
        (
            cost.stage,
            f"{cost.seconds:,.1f}",
            "" if cost.peak_mib is None else f"{cost.peak_mib:,.0f}",
            "" if cost.rows is None else f"{cost.rows:,}",
            f"{cost.rows / cost.seconds:,.0f}" if cost.rows and cost.seconds else "",
        )
        for cost in report.costs
    ]
    total = sum(cost.seconds for cost in report.costs)
    peaks = [cost.peak_mib for cost in report.costs if cost.peak_mib is not None]
    last = ("all", f"{total:,.1f}", f"{max(peaks):,.0f}" if peaks else "", "", "")
    return section("What it costs", [table(head, [*rows, last], [len(rows)])], "costs")


def _retrieval(ledger: Ledger, group: str) -> list[Retrieval]:
    return [row for row in ledger.retrieval if row.group == group]


def _uses(ledger: Ledger, group: str) -> list[SourceUse]:
    return [use for use in ledger.sources if use.group == group]


def _source_table(ledger: Ledger) -> str:
    head = ["source", "candidates", "only its own", "purchases found", "only by it"]
    rows = [
        (
            use.source,
            f"{use.per_customer:.1f}",
            f"{use.only_per_customer:.1f}",
            f"{use.found:,}",
            f"{use.found_only:,}",
        )
        for use in _uses(ledger, "all")
    ]
    return table(head, rows)


def _losses(ledger: Ledger) -> Iterator[str]:
    for place, group in enumerate(_PLOT_GROUPS[:2]):
        uses = _uses(ledger, group)
        rows = [(use.source, use.oracle_loss) for use in uses]
        if rows:
            svg = plots.losses(rows, "oracle MAP@12 lost without the source", f"oracle-{place}")
            yield figure(svg, f"Left out of the pool, nothing retrained. {_caption(group)}")
        made = [(use.source, use.map_loss) for use in uses if use.map_loss]
        if made:
            svg = plots.losses(made, "MAP@12 lost without the source", f"retrained-{place}")
            yield figure(svg, f"Left out and ranked again. {_caption(group)}")


def _recall_table(ledger: Ledger) -> str:
    rows = [row for group in _PLOT_GROUPS for row in _retrieval(ledger, group)]
    ks = list(rows[0].recall)
    cells = []
    for row in rows:
        shares = [f"{row.recall[k].value:.3f}{_times(row.ratio.get(k))}" for k in ks]
        cells.append((row.name, row.group, *shares))
    note = paragraph("In brackets: times the best sellers' recall at the same K.", "small")
    body = table(["candidates", "group", *(f"recall@{k:,}" for k in ks)], cells) + note
    return f"<details><summary>The figures</summary>{body}</details>"


def _caption(group: str) -> str:
    return f"{GROUPS[group][:1].upper()}{GROUPS[group][1:]}."


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f" ({ratio:.2f})"


def _days(ledger: Ledger) -> str:
    if ledger.as_of == ledger.test_end:
        return str(ledger.as_of)
    return f"{ledger.as_of} to {ledger.test_end}"
