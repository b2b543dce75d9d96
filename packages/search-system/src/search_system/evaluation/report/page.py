"""The report as one file: no script, no font, nothing from outside, so that it can be mailed.

It begins with the answer (a figure, its interval, better or not), then shows what the figure is
made of, and ends with how it was measured.
"""

from pathlib import Path

from search_system.evaluation.estimate import Estimate
from search_system.evaluation.report.markup import Html, element, plain, user_text
from search_system.evaluation.report.model import Report
from search_system.evaluation.report.sections import (
    against,
    all_measures,
    by_query,
    method,
    stages,
    tiles,
    unjudged,
)
from search_system.evaluation.report.style import CSS
from search_system.evaluation.report.words import interval, number, verdict
from search_system.files import write_text


def write_report(path: Path, report: Report) -> None:
    """Write a report as an HTML file; raise `OutputError` if that fails."""
    write_text(path, render(report))


def render(report: Report) -> str:
    """Return a report as an HTML page.

    Raises:
        OptionError: the rows of the ablation do not have the same queries.
    """
    title = f"Search quality: {plain(report.title)}"
    head = element(
        "head",
        Html('<meta charset="utf-8">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        element("title", title),
        Html(f"<style>{CSS}</style>"),
    )
    main = element("main", *_body(report))
    return f'<!DOCTYPE html>\n<html lang="en">{head}{element("body", main)}</html>\n'


def _body(report: Report) -> list[Html]:
    parts = [
        element("p", "Search quality", class_="kicker"),
        element("h1", user_text(report.title)),
        *_answer(report),
    ]
    if report.evaluation.positive_queries:
        parts += [tiles(report.evaluation), unjudged(report.evaluation)]
        if report.baseline:
            parts.append(against(report, report.baseline))
        if report.ablation:
            parts.append(stages(report.ablation))
        parts += [all_measures(report.evaluation, report.baseline), by_query(report)]
    return [*parts, method(report)]


def _answer(report: Report) -> list[Html]:
    """Return the result in a sentence, and in another how it compares."""
    evaluation = report.evaluation
    if not evaluation.positive_queries:
        return [_lead("No query has a relevant document, so there is nothing to measure.")]
    estimate = Estimate.of(list(evaluation.values("ndcg_at_10").values()))
    answer = _lead(
        f"The first ten results reach {estimate.mean:.0%} of the best possible score (nDCG@10 "
        f"{number(estimate.mean)}, 95% interval {interval(estimate)}), on average over the "
        f"{evaluation.positive_queries:,} queries that have a relevant document."
    )
    if report.baseline is None:
        return [answer]
    comparison = report.baseline.comparisons["ndcg_at_10"]
    return [answer, _lead(verdict(comparison, plain(report.baseline.name)))]


def _lead(sentence: str) -> Html:
    return element("p", sentence, class_="lead")
