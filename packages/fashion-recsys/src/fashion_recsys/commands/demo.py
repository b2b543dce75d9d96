"""fashion-recsys demo: the whole path on a generated shop, explained for a newcomer."""

from collections.abc import Iterator
from dataclasses import asdict
from textwrap import fill

from fashion_recsys.config import Demo
from fashion_recsys.console import say, show, show_json, stdout
from fashion_recsys.dataset import Dataset
from fashion_recsys.errors import check_range
from fashion_recsys.evaluation.evaluate import Evaluation, evaluate
from fashion_recsys.evaluation.table import render as evaluation_table
from fashion_recsys.ingestion.ingest import ingest
from fashion_recsys.ingestion.report import IngestReport
from fashion_recsys.progress import progress_bars
from fashion_recsys.split import TimeSplit
from fashion_recsys.synth.facts import Facts, measure
from fashion_recsys.synth.facts import render as facts_table
from fashion_recsys.synth.generate import generate

_ARTICLES = 105_542
_DAYS = 42
_INTRO = """\
A recommender for a fashion shop narrows 105,542 articles to a few per customer.
This demo makes the data, checks it, and measures the two simple lists that a
model has to beat: the best sellers, and what the customer bought before."""
_MEASURES = """\
The last seven days are kept back, and two lists are made from those before:
- best sellers: one list for everybody, by the sales of the last week before;
- own purchases: what the customer bought before, latest first;
and one of both: the own purchases, then the best sellers.

recall@K is the share of the purchases to predict that are among a customer's
first K recommendations. MAP@12 tells how good the first 12 are: a hit counts
more the earlier it stands, and 1 is perfect. Warm are the customers with a
purchase in the days to learn from.
"""
_NEXT = """\
The figures above are of a made-up shop: they show the method. For real ones,
download H&M's three CSV files (a free Kaggle account, rules accepted) from
https://www.kaggle.com/c/h-and-m-personalized-fashion-recommendations/data
into any folder, zipped or not. Then
(inside the workspace, put 'uv run --package fashion-recsys' in front):
  fashion-recsys ingest FOLDER --out data/hm
  fashion-recsys evaluate --data data/hm"""
_MIN_CUSTOMERS = 1_000
"""Fewer buy so little that no list can be judged."""


def run(config: Demo) -> None:
    """Generate a shop, ingest it, measure the lists, and say what was learned."""
    check_range(_MIN_CUSTOMERS, customers=config.customers)
    check_range(0, seed=config.seed)
    if not config.json:
        say(_INTRO)
    raw, data = config.out / "raw", config.out / "data"
    with progress_bars() as progress:
        generate(
            raw,
            customers=config.customers,
            articles=_ARTICLES,
            days=_DAYS,
            seed=config.seed,
            progress=progress,
        )
        report = ingest(raw, data, progress=progress)
        dataset = Dataset.open(data)
        facts = measure(dataset)
        split = TimeSplit.of_last_days(dataset.first_day, dataset.last_day)
        result = evaluate(dataset, split, progress=progress)
    if config.json:
        show_json({"ingest": report.as_dict(), "facts": asdict(facts), **result.as_dict()})
    else:
        _tell(config, report, facts, result)


def _tell(config: Demo, report: IngestReport, facts: Facts, result: Evaluation) -> None:
    _heading("1. A made-up shop of H&M's shape: how it compares with six real days")
    show(facts_table(facts))
    _heading("2. Its three CSV files, checked and turned into Parquet")
    log = report.log
    say(
        f"{log.rows:,} purchases of {report.customers.in_log:,} customers and "
        f"{report.articles.in_log:,} articles,\n{log.first_day} to {log.last_day}; "
        f"{log.duplicates:,} repeat customer, article and day; {len(report.bad_rows)} bad rows.\n"
        f"Every column and count: {config.out}/data/report.json"
    )
    _heading("3. Which articles will each customer buy in the last week?")
    say(_MEASURES)
    show(evaluation_table(result))
    _heading("What this says")
    for lesson in _lessons(result):
        say(fill(lesson, 80, initial_indent="- ", subsequent_indent="  "))
    _heading("With the real data")
    say(_NEXT)


def _heading(text: str) -> None:
    stdout().print(f"\n[bold cyan]{text}[/bold cyan]")


def _lessons(result: Evaluation) -> Iterator[str]:
    scores = {(score.ranking, score.group): score for score in result.scores}
    best = scores["best sellers", "all"]
    longest = max(best.recall)
    yield (
        f"The first {longest:,} best sellers, one list for everybody, hold "
        f"{best.recall[longest]:.0%} of what is bought next. A model that does not beat them at "
        "the same K has learned nothing useful."
    )
    own = scores.get(("own purchases + best sellers", "warm"))
    if own is None:
        return
    plain = scores["best sellers", "warm"].map_at_12
    if own.map_at_12 > plain > 0:
        yield (
            f"{own.customers / best.customers:.0%} of the customers are warm: they bought in the "
            "days to learn from. Putting their own purchases before the best sellers makes their "
            f"MAP@12 {own.map_at_12 / plain:.1f} times as high: people buy again what they just "
            "bought."
        )
    yield (
        f"For them, {longest:,} candidates still miss {1 - own.recall[longest]:.0%} of what is "
        "bought next: that is the room for a retrieval model."
    )
