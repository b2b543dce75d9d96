"""The report's sections, each from its part of the evaluation."""

from collections.abc import Sequence

from search_system.evaluation.comparison import Comparison, compare
from search_system.evaluation.estimate import Estimate
from search_system.evaluation.evaluate import Evaluation
from search_system.evaluation.labels import LABELS, MEANINGS, format_p, name_some
from search_system.evaluation.report.markup import Html, element, join, plain, user_text
from search_system.evaluation.report.model import AblationRow, Baseline, Report
from search_system.evaluation.report.plots import (
    cost_bar,
    histogram,
    interval_plot,
    share_bar,
    win_loss_plot,
)
from search_system.evaluation.report.words import gain_interval, interval, is_clear, number, signed

SHOWN_QUERIES = 10
MEASURED = (
    "Measures as in trec_eval: gains are the grades, the discount is log2(rank + 1), equal scores "
    "go by document id, descending. What has no judgment counts as irrelevant."
)
ONLY_RELEVANT = (
    "The judgments list relevant documents only. Whatever else is found counts as irrelevant, "
    "good or not, so compare systems by nDCG@10; judged@10 and condensed nDCG@10 say next to "
    "nothing here."
)
TESTED = (
    "95% intervals: Student's t over the queries. Comparisons: the same queries in pairs; p by a "
    "randomisation test of all sign patterns, or of 20,000 drawn with a fixed seed."
)


def tiles(evaluation: Evaluation) -> Html:
    """Return the three figures to know, and what they are about."""
    shown = []
    for name in ("ndcg_at_10", "condensed_ndcg_at_10", "judged_at_10"):
        estimate = Estimate.of(list(evaluation.values(name).values()))
        value = f"{estimate.mean:.0%}" if name == "judged_at_10" else number(estimate.mean)
        under = (
            "of the first ten have a judgment"
            if name == "judged_at_10"
            else f"95%: {interval(estimate)}"
        )
        shown.append(_tile(LABELS[name], value, under))
    under = f"of {evaluation.queries:,} judged have a relevant document"
    shown.append(_tile("queries", f"{evaluation.positive_queries:,}", under))
    return element("div", *shown, class_="tiles")


def _tile(name: str, value: str, under: str) -> Html:
    parts = (("span", name, "name"), ("b", value, None), ("span", under, "under"))
    return element("div", *(element(t, x, class_=c) for t, x, c in parts), class_="tile")


def unjudged(evaluation: Evaluation) -> Html:
    """Return a sentence on how much of the result missing judgments may hide."""
    if not evaluation.irrelevant_judgments:
        return element("p", ONLY_RELEVANT, class_="soft")
    plain_mean, condensed, judged = (
        Estimate.of(list(evaluation.values(name).values())).mean
        for name in ("ndcg_at_10", "condensed_ndcg_at_10", "judged_at_10")
    )
    if judged == 1:
        return element("p", "All of the first ten results have been judged.", class_="soft")
    apart = abs(condensed - plain_mean)
    without = (
        f"nDCG@10 is {number(condensed)}: the {number(apart)} in between may be missing judgments, "
        "not bad results."
        if round(apart, 3)
        else "nDCG@10 is the same."
    )
    return element(
        "p", f"Nobody has judged {1 - judged:.0%} of the first ten results, and these count as "
        f"irrelevant. Without them {without}", class_="soft",
    )  # fmt: skip


def all_measures(evaluation: Evaluation, baseline: Baseline | None) -> Html:
    """Return a table of every measure, with its interval, and with the gain over a baseline."""
    heads = ["measure", "mean", "0 to 1, with 95% interval"]
    heads += ["there", "gain", "95% interval", "p"] if baseline else ["95% interval"]
    rows = [_measure_row(name, evaluation, baseline) for name in LABELS]
    legend = "Dot: the mean. Bar: its 95% interval."
    if baseline:
        legend += (
            f" Upright line: {plain(baseline.name)}. p: paired randomisation test. A gain in "
            "colour is more than chance explains."
        )
    return join(
        element("h2", "All measures"),
        element("p", f"Means over the {evaluation.positive_queries:,} queries with a relevant "
                "document, as trec_eval computes them."),
        _table(heads, rows, plot=2),
        element("p", legend, class_="note"),
    )  # fmt: skip


def _measure_row(name: str, evaluation: Evaluation, baseline: Baseline | None) -> list[str]:
    estimate = Estimate.of(list(evaluation.values(name).values()))
    label = join(LABELS[name], element("span", MEANINGS[name], class_="under"))
    other = baseline.comparisons[name] if baseline else None
    plot = interval_plot(estimate, 0, 1, other.baseline_mean if other else None)
    row = [label, number(estimate.mean), plot]
    if other is None:
        return [*row, interval(estimate)]
    p = format_p(other.p_randomisation)
    return [*row, number(other.baseline_mean), _gain(other), gain_interval(other.gain), p]


def against(report: Report, baseline: Baseline) -> Html:
    """Return the comparison with another run, query by query."""
    comparison = baseline.comparisons["ndcg_at_10"]
    differences = comparison.differences
    counts = (
        ("better", comparison.wins, "win"),
        ("equal", comparison.ties, "tie"),
        ("worse", comparison.losses, "loss"),
    )
    named = [(plain(report.queries[q], 80), d) for q, d in differences.items() if d]
    ordered = sorted(differences, key=lambda q: differences[q])
    lost = [q for q in ordered if differences[q] < 0][:SHOWN_QUERIES]
    won = [q for q in reversed(ordered) if differences[q] > 0][:SHOWN_QUERIES]
    return join(
        element("h2", "Against ", user_text(baseline.name)),
        element(
            "p",
            f"nDCG@10 of the {comparison.gain.n:,} queries, one by one: {comparison.wins:,} "
            f"better, {comparison.losses:,} worse, {comparison.ties:,} equal. Here: this system. "
            "There: ",
            user_text(baseline.name),
            ".",
        ),
        share_bar(counts),
        element("h3", "Where it wins and loses"),
        win_loss_plot(named, "nDCG@10") if named else element("p", "No query differs."),
        element(
            "div",
            _biggest("Largest gains", won, report, baseline),
            _biggest("Largest losses", lost, report, baseline),
            class_="columns",
        ),
    )


def _biggest(title: str, ids: Sequence[str], report: Report, baseline: Baseline) -> Html:
    here, there = report.evaluation.by_query, baseline.evaluation.by_query
    differences = baseline.comparisons["ndcg_at_10"].differences
    rows = [
        [
            user_text(report.queries[q], 100),
            number(there[q].ndcg_at_10),
            number(here[q].ndcg_at_10),
            _coloured(differences[q]),
        ]
        for q in ids
    ]
    table = _table(["query", "there", "here", "nDCG@10"], rows) if rows else element("p", "None.")
    return element("div", element("h3", title), table)


def stages(rows: Sequence[AblationRow]) -> Html:
    """Return quality and milliseconds of each stage, side by side."""
    estimates = [row.quality for row in rows]
    low = min(e.mean if e.low is None else e.low for e in estimates)
    high = max(e.mean if e.high is None else e.high for e in estimates)
    pad = max(0.02, (high - low) / 10)
    slowest = max(row.milliseconds for row in rows)
    body = []
    for place, (row, estimate) in enumerate(zip(rows, estimates, strict=True)):
        gain, chance = "", ""
        if place:
            step = compare(row.by_query, rows[place - 1].by_query)
            bounds = element("span", gain_interval(step.gain), class_="under")
            gain = join(_gain(step), bounds)
            chance = format_p(step.p_randomisation)
        plot = interval_plot(estimate, low - pad, high + pad)
        cost = join(f"{row.milliseconds:,.2f}", cost_bar(row.milliseconds, slowest))
        body.append([user_text(row.name), number(estimate.mean), plot, gain, chance, cost])
    axis = f"{number(low - pad)} to {number(high + pad)}, with 95% interval"
    heads = ["stage", "nDCG@10", axis, "gain on the one above", "p", "ms per query"]
    return join(
        element("h2", "Stage by stage"),
        element("p", f"What each stage adds to the one above it, over {estimates[0].n:,} queries, "
                "and what a query costs."),
        _table(heads, body, plot=2),
        element("p", "A gain in colour is more than chance explains. Bars: 95% intervals of the "
                "means. They overlap even where a gain is clear, because hard queries are hard for "
                "every stage; the gain's own interval, of the differences query by query, is the "
                "one to go by.", class_="note"),
    )  # fmt: skip


def by_query(report: Report) -> Html:
    """Return how the queries differ, the worst ones, and all of them folded away."""
    evaluation = report.evaluation
    values = evaluation.values("ndcg_at_10")
    judged = evaluation.values("judged_at_10")
    ordered = sorted(values, key=lambda q: (values[q], -judged[q]))
    heads = ["query", "nDCG@10", "condensed", "MRR", "judged@10"]
    rows = [_query_row(report, q) for q in ordered]
    return join(
        element("h2", "Query by query"),
        element("p", "A mean hides what single queries get. Orange: nothing relevant in the first "
                "ten, or nothing judged."),
        element("div", element("div", histogram(list(values.values()), "nDCG@10 of the queries")),
                element("div", histogram(list(judged.values()), "judged@10 of the queries")),
                class_="columns"),
        element("h3", "The worst queries"),
        _table(heads, rows[:SHOWN_QUERIES]),
        element("details", element("summary", f"All {len(rows):,} queries, the worst first"),
                _table(heads, rows)),
    )  # fmt: skip


def _query_row(report: Report, query_id: str) -> list[str]:
    m = report.evaluation.by_query[query_id]
    figures = (m.ndcg_at_10, m.condensed_ndcg_at_10, m.reciprocal_rank)
    return [
        user_text(report.queries[query_id]),
        *map(number, figures),
        f"{m.judged_at_10:.0%}",
    ]


def method(report: Report) -> Html:
    """Return the settings, the denominators, and how to read the figures."""
    evaluation = report.evaluation
    pairs = [(k, v) for k, v in report.settings.items()]
    missing = evaluation.without_positive
    notes = [MEASURED, TESTED]
    if missing:
        notes.insert(0, f"{len(missing):,} of {evaluation.queries:,} judged queries have no "
                     "relevant document and would score 0 in any ranking; they are left out above: "
                     f"{plain(name_some(missing, 40), 2000)}.")  # fmt: skip
    return join(
        element("h2", "How it was measured"),
        element("dl", *(join(element("dt", k), element("dd", user_text(v))) for k, v in pairs)),
        *(element("p", note, class_="soft") for note in notes),
    )


def _gain(comparison: Comparison) -> Html:
    """Return a mean difference, in colour only if it is more than chance explains."""
    mean = comparison.gain.mean
    return _coloured(mean) if is_clear(comparison) else element("span", signed(mean), class_="soft")


def _coloured(difference: float) -> Html:
    class_ = "gain" if difference > 0 else "drop" if difference < 0 else "soft"
    return element("span", signed(difference), class_=class_)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], plot: int | None = None) -> Html:
    """Return a table: its first column is text, ``plot`` a drawing, the others are figures."""

    def line(tag: str, cells: Sequence[str]) -> Html:
        classes = [
            "query" if not n else "plot" if n == plot else "number" for n in range(len(cells))
        ]
        row = zip(cells, classes, strict=True)
        return element("tr", *(element(tag, cell, class_=class_) for cell, class_ in row))

    head = element("thead", line("th", heads))
    body = element("tbody", *(line("td", row) for row in rows))
    return element("div", element("table", head, body), class_="scroll")
