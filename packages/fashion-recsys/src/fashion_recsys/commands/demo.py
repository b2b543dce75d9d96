"""fashion-recsys demo: the whole path on a generated shop, explained for a newcomer."""

from collections.abc import Iterator
from dataclasses import asdict

from rich.table import Table

from fashion_recsys.config import Demo
from fashion_recsys.console import say, show, show_json, stdout
from fashion_recsys.dataset import Dataset
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
A recommender for a fashion shop narrows 105,542 articles down to a few per customer.
This demo builds the data and measures the simple lists that every model has to beat."""
_NEXT = """\
Get the three CSV files, with a free account that accepts the rules, from
https://www.kaggle.com/competitions/h-and-m-personalized-fashion-recommendations/data
into any folder, zipped or not. Then, with 'uv run --package fashion-recsys' in front
inside the workspace:
  fashion-recsys ingest FOLDER --out data/hm
  fashion-recsys evaluate --data data/hm"""


def run(config: Demo) -> None:
    """Generate a shop, ingest it, measure the lists, and say what was learned."""
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
    say(_INTRO)
    _heading("1. A shop is generated: no row is real, the shape is H&M's")
    show(facts_table(facts))
    _heading("2. Its three CSV files are checked and become Parquet")
    log = report.log
    say(
        f"{log.rows:,} purchases of {report.customers.in_log:,} customers and "
        f"{report.articles.in_log:,} articles,\n{log.first_day} to {log.last_day}; "
        f"{log.duplicates:,} repeat customer, article and day; {len(report.bad_rows)} bad rows.\n"
        f"Every column and count: {config.out}/data/report.json"
    )
    _heading("3. Which articles will each customer buy in the last week?")
    say(
        "recall@K: share of the week's purchases among a customer's first K recommendations.\n"
        "MAP@12: how good the first 12 are, early hits counting more; 1 is perfect.\n"
    )
    show(evaluation_table(result))
    _heading("What this says")
    bullets = Table.grid(padding=(0, 1))
    for lesson in _lessons(result):
        bullets.add_row("-", lesson)
    show(bullets)
    _heading("With the real data")
    say(_NEXT)


def _heading(text: str) -> None:
    stdout().print(f"\n[bold cyan]{text}[/bold cyan]")


def _lessons(result: Evaluation) -> Iterator[str]:
    scores = {(score.ranking, score.group): score for score in result.scores}
    best = scores["best sellers", "all"]
    longest = max(best.recall)
    yield (
        f"The week's {longest:,} best sellers, one list for everybody, hold "
        f"{best.recall[longest]:.0%} of what is bought next. A model that does not beat them at "
        "the same K has learned nothing useful."
    )
    own = scores.get(("own purchases + best sellers", "warm"))
    if own is None:
        return
    times = own.map_at_12 / scores["best sellers", "warm"].map_at_12
    yield (
        f"{own.customers / best.customers:.0%} of the customers have bought before. For them, "
        f"their own purchases in front of the best sellers make MAP@12 {times:.1f} times as high: "
        "people buy again what they just bought."
    )
    yield (
        f"{longest:,} candidates still miss {1 - own.recall[longest]:.0%} of what they buy next: "
        "that is the room for a retrieval model."
    )
