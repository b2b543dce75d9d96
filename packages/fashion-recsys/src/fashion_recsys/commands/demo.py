"""fashion-recsys demo: the whole recommender on a generated shop, explained for a newcomer."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from textwrap import fill

from fashion_recsys.candidates.budgets import Budgets
from fashion_recsys.commands.evaluate import carry_out_shown
from fashion_recsys.commands.recommend import list_table
from fashion_recsys.config import Demo, Run
from fashion_recsys.console import say, show, show_json, stdout
from fashion_recsys.errors import check_range
from fashion_recsys.evaluation.ledger import BEST_SELLERS, RANKED, Ledger, Retrieval
from fashion_recsys.evaluation.ledger_table import render
from fashion_recsys.pipeline.table import render as stage_table
from fashion_recsys.progress import progress_bars
from fashion_recsys.ranking.settings import RankerSettings
from fashion_recsys.stages.finished import FinishedRun
from fashion_recsys.stages.outcome import REPORT, Outcome
from fashion_recsys.synth.facts import Facts, measure
from fashion_recsys.synth.facts import render as facts_table
from fashion_recsys.synth.generate import generate
from fashion_recsys.two_tower.settings import TwoTowerSettings

_ARTICLES = 20_000
_DAYS = 60
_INTRO = """\
A recommender for a fashion shop narrows thousands of articles to twelve per
customer. This demo makes a shop, then does what an engineer would do with a real
one: propose candidates, rank them, and prove on the days that follow whether each
stage is better than a list of best sellers."""
_MEASURES = """\
The last seven days are kept back. Candidate sources, from best sellers to a
two-tower neural network, each propose a list; a ranker orders all their
candidates, having learned from the week before; rules make the final list.

recall@K is the share of the purchases of those days that are among a customer's
first K candidates. MAP@12 tells how good a list of 12 is: a hit counts more the
earlier it stands, and 1 is perfect. Warm are the customers who bought before.
"""
_NEXT = """\
The figures above are of a made-up shop: they show the method. For real ones,
download H&M's three CSV files (a free Kaggle account, rules accepted) from
https://www.kaggle.com/c/h-and-m-personalized-fashion-recommendations/data
into any folder, zipped or not. Then
(inside the workspace, put 'uv run --package fashion-recsys' in front):
  fashion-recsys run --data FOLDER"""
_MIN_CUSTOMERS = 5_000
"""Fewer buy so little that no list can be judged, and no ranker taught."""


def run(config: Demo) -> None:
    """Generate a shop, run all stages on it, and say what was learned."""
    check_range(_MIN_CUSTOMERS, customers=config.customers)
    check_range(0, seed=config.seed)
    if not config.json:
        say(_INTRO)
    raw = config.out / "raw"
    with progress_bars() as progress:
        generate(
            raw,
            customers=config.customers,
            articles=_ARTICLES,
            days=_DAYS,
            seed=config.seed,
            progress=progress,
        )
    outcome = carry_out_shown(_run(config, raw), recommending=True)
    finished = FinishedRun.open(config.out / "run")
    facts = measure(finished.dataset)
    if config.json:
        show_json({"facts": asdict(facts), **outcome.as_dict()})
    else:
        _tell(config, finished, facts, outcome)


def _run(config: Demo, raw: Path) -> Run:
    """Return the run: a small model and one period of each kind, for two minutes in all."""
    return Run(
        data=raw,
        out=config.out / "run",
        test_periods=1,
        train_periods=1,
        ablation=False,
        budgets=Budgets(best_sellers_by_taste=60, bought_together=60, two_tower=60),
        two_tower=TwoTowerSettings(dim=32, epochs=2, max_examples=60_000),
        ranker=RankerSettings(models=1),
        seed=config.seed,
    )


def _tell(config: Demo, finished: FinishedRun, facts: Facts, outcome: Outcome) -> None:
    ledger = outcome.ledgers[0]
    _heading("1. A made-up shop of H&M's shape: how it compares with the real one")
    show(facts_table(facts))
    _heading("2. From raw files to lists for every customer: what each stage cost")
    show(stage_table(outcome.stages))
    _heading("3. What does each stage add?")
    say(_MEASURES)
    show(render(ledger))
    _heading("4. One customer's list, and where it comes from")
    number, customer_id = finished.customer(finished.example_customer())
    say(f"customer {customer_id}")
    show(list_table(finished.list_of(number)))
    _heading("What this says")
    for lesson in _lessons(ledger):
        say(fill(lesson, 80, initial_indent="- ", subsequent_indent="  "))
    say(f"- The same with plots: {config.out / 'run' / REPORT}")
    _heading("With the real data")
    say(_NEXT)


def _heading(text: str) -> None:
    stdout().print(f"\n[bold cyan]{text}[/bold cyan]")


def _lessons(ledger: Ledger) -> Iterator[str]:
    best, ranked = (_recall(ledger, name) for name in (BEST_SELLERS, RANKED))
    if best is not None and ranked is not None:
        k = max(k for k in best.recall if k <= 100)
        yield (
            f"Among {k} candidates, the ranked pool holds {ranked.recall[k].value:.1%} of what "
            f"customers buy next, the best sellers {best.recall[k].value:.1%}. A model that does "
            "not beat that list at the same K has learned nothing useful."
        )
    final = ledger.list_score(ledger.final)
    for other in ledger.lists:
        if other.group == "all" and other.name != ledger.final and final is not None:
            gain = other.gain["map"]
            yield (
                f"The final list's MAP@12 is {final.metrics['map'].value:.4f}, {gain.value:+.4f} "
                f"against {other.name} (95% interval {gain.low:+.4f} to {gain.high:+.4f})."
            )
    pool = next((pool for pool in ledger.pool if pool.group == "all"), None)
    if pool is not None:
        yield (
            f"A perfect ranking of the same candidates would reach {pool.oracle_map.value:.3f}: "
            "that is the room for a better ranker; the rest needs better candidates."
        )


def _recall(ledger: Ledger, name: str) -> Retrieval | None:
    rows = (row for row in ledger.retrieval if (row.name, row.group) == (name, "all"))
    return next(rows, None)
