"""One HTML file without any outside resource: readable from a mail, offline, on a phone.

The numbers come from plain data (``report.data``) and every text of it is escaped, so an article's
name in a list cannot run in the reader's browser; the page holds no script at all. The same report
gives the same bytes.
"""

from importlib.resources import files
from pathlib import Path

from fashion_recsys.evaluation.period import GROUPS
from fashion_recsys.evaluation.report import sections
from fashion_recsys.evaluation.report.data import Report
from fashion_recsys.evaluation.report.headline import headline
from fashion_recsys.evaluation.report.markup import paragraph, section, text
from fashion_recsys.files import replaced_file

_TERMS = {
    "recall@K": "Share of all purchases of the test period, each (customer, article) once, that "
    "are among the customer's first K candidates.",
    "MAP@12": "Mean over customers of the average precision: the sum of (hits up to rank r) / r "
    "over the hits of the first 12, divided by the smaller of 12 and the number of articles that "
    "the customer bought. Kaggle's definition.",
    "NDCG@12": "Sum of 1 / log2(rank + 1) over the hits, divided by that of a perfect list.",
    "hit rate@12": "Share of customers with at least one hit among the first 12.",
    "coverage": "Share of the catalogue that stands in at least one customer's list.",
    "novelty": "Mean of -log2(the article's share of the sales before the test) over all places.",
    "oracle MAP@12": "MAP@12 of a list that begins with all hits of the pool: no ranking of these "
    "candidates can be better.",
    "all sources in turn": "The candidates before ranking: every source's first, then every "
    "source's second, and so on.",
    "95% interval": "From 1,000 resampled sets of customers (Poisson bootstrap). Differences are "
    "paired: both lists are judged by the same customers each time.",
}


def render_page(report: Report) -> str:
    """Return the page."""
    latest = report.latest
    tested = f"Tested on {latest.as_of}"
    if latest.test_end != latest.as_of:
        tested += f" to {latest.test_end}"
    parts = [
        headline(report),
        sections.stages(report),
        sections.sources(report),
        sections.lists(report),
        sections.periods(report),
        sections.ranker(report),
        sections.costs(report),
        _definitions(),
        section("How this was made", [paragraph(note) for note in report.notes], "notes"),
    ]
    style = files("fashion_recsys.evaluation.report").joinpath("style.css").read_text("utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{text(report.title)}</title>'
        f"<style>\n{style}</style></head>\n<body><header><h1>{text(report.title)}</h1>"
        f"{paragraph(f'{tested}. {_size(report)}', 'small')}</header>\n<main>"
        + "\n".join(part for part in parts if part)
        + "</main></body></html>\n"
    )


def write_report(report: Report, out: Path) -> None:
    """Write the page to ``out``; an earlier one is replaced when the new one is complete.

    Raises:
        OutputError: the file cannot be written.
    """
    page = render_page(report)
    with replaced_file(out) as partial:
        partial.write_text(page, encoding="utf-8")


def _size(report: Report) -> str:
    size = report.latest.groups[0]
    return f"{size.customers:,} customers, {size.pairs:,} purchases to predict."


def _definitions() -> str:
    terms = _TERMS | {f"group: {name}": f"{meaning}." for name, meaning in GROUPS.items()}
    lines = [f"<dt>{text(term)}</dt><dd>{text(meaning)}</dd>" for term, meaning in terms.items()]
    body = f"<details><summary>Show</summary><dl>{''.join(lines)}</dl></details>"
    return section("Definitions", [body], "definitions")
