"""Stage ``ledger-DATE``: measure every stage on one test period."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from fashion_recsys.candidates.best_sellers import BestSellers
from fashion_recsys.candidates.fusion import in_turn
from fashion_recsys.candidates.own_purchases import OwnPurchases
from fashion_recsys.columns import ARTICLE, CUSTOMER, RANK
from fashion_recsys.dataset import Dataset
from fashion_recsys.evaluation.builder import LedgerBuilder
from fashion_recsys.evaluation.ledger import Ledger
from fashion_recsys.evaluation.period import Period
from fashion_recsys.pipeline.stage import Stage, StageContext
from fashion_recsys.ranking.popularity import PopularNow
from fashion_recsys.ranking.settings import RuleSettings
from fashion_recsys.split import TimeSplit
from fashion_recsys.stages import ablation, data, names
from fashion_recsys.stages.days import split_of, split_params
from fashion_recsys.stages.lists import popular_on, rules_on
from fashion_recsys.stages.pool import LIST_LENGTH, read_found, read_known, read_shards
from fashion_recsys.stages.ranker import MODEL

FINAL = "final"
_LEDGER = "ledger.json"
_LIST = 12


def ledger_stage(split: TimeSplit, rules: RuleSettings, seed: int, *, ablated: bool) -> Stage:
    """Return the stage that measures on the test period of ``split``.

    Args:
        split: the period; a customer is warm with a purchase in its training rows.
        rules: from the ranked candidates to the lists.
        seed: of the bootstrap.
        ablated: the stage that ranks without each source is there.
    """
    day = split.as_of
    inputs = (names.DATA, names.pool(day), names.ranker(day))
    return Stage(
        names.ledger(day),
        measure,
        params={
            **split_params(split),
            "rules": asdict(rules),
            "seed": seed,
            "ablated": ablated,
        },
        inputs=(*inputs, names.ablation(day)) if ablated else inputs,
        doc=f"measure every stage on {split.as_of} to {split.test_end}",
    )


def measure(context: StageContext) -> Mapping[str, Any]:
    """Rank the pool, make the lists, and write the ledger."""
    split = split_of(context.params)
    dataset = data.dataset_of(context.input(names.DATA))
    pool = context.input(names.pool(split.as_of))
    with dataset.reading():
        n_articles = dataset.articles.select(pl.len()).collect().item()
        period = Period.of(dataset.log, split, n_articles)
        found = read_found(pool)
        builder = LedgerBuilder(period, tuple(found))
        for name, hits in found.items():
            builder.add_source(name, hits)
        _add_final(builder, context, dataset, pool)
        _add_baselines(builder, dataset.log, period)
    retrained = _add_without(builder, context, period) if context.params["ablated"] else {}
    ledger = builder.ledger(FINAL, retrained=retrained, seed=context.params["seed"])
    text = json.dumps(ledger.as_dict(), indent=1)
    (context.out / _LEDGER).write_text(text + "\n", encoding="utf-8")
    final = ledger.list_score(FINAL)
    return {} if final is None else {"MAP@12": final.metrics["map"].value}


def read_ledger(output: Path) -> Ledger:
    """Return the ledger, given the output of this stage."""
    return Ledger.from_dict(json.loads((output / _LEDGER).read_text(encoding="utf-8")))


def _add_final(builder: LedgerBuilder, context: StageContext, dataset: Dataset, pool: Path) -> None:
    from fashion_recsys.ranking.ranker import Ranker

    split = split_of(context.params)
    as_of = split.as_of
    ranker = Ranker.load(context.input(names.ranker(as_of)) / MODEL)
    popular = popular_on(dataset, as_of, split.test_days)
    rules = rules_on(dataset, as_of, RuleSettings(**context.params["rules"]), popular)
    known = read_known(pool)
    for number, table in enumerate(read_shards(pool)):
        ranked = pl.concat(
            [
                ranker.rank(table.join(known, on=CUSTOMER, how="semi", maintain_order="left")),
                _by_popularity(table.join(known, on=CUSTOMER, how="anti"), popular),
            ]
        )
        builder.add_pool(table)
        builder.add_ranked(ranked)
        builder.add_list(FINAL, rules.apply(ranked, table[CUSTOMER].unique()))
        context.progress("rank", 1 - 1 / (number + 2))
    context.progress("rank", 1.0)


def _by_popularity(candidates: pl.DataFrame, popular: PopularNow) -> pl.DataFrame:
    """Return the candidates of customers without history in the order of what sells now."""
    lists = popular.candidates(candidates[CUSTOMER].unique(), LIST_LENGTH)
    return lists.join(candidates, on=[CUSTOMER, ARTICLE], how="semi", maintain_order="left")


def _add_baselines(builder: LedgerBuilder, log: pl.LazyFrame, period: Period) -> None:
    """Add the lists that need no model."""
    customers = period.pairs[CUSTOMER].unique().sort()
    best = BestSellers().fit(log, period.as_of).candidates(customers, _LIST)
    own = OwnPurchases().fit(log, period.as_of).candidates(customers, _LIST)
    builder.add_list(BestSellers().name, best)
    builder.add_list(f"{OwnPurchases.name} + {BestSellers().name}", in_turn([own, best], _LIST))


def _add_without(builder: LedgerBuilder, context: StageContext, period: Period) -> dict[str, str]:
    """Add the lists that were ranked without each source: source -> name of its list."""
    output = context.input(names.ablation(period.as_of))
    lists = ablation.read_lists(output)
    asked = period.pairs[CUSTOMER].n_unique()
    if any(table[CUSTOMER].n_unique() < asked for table in lists.values()):
        return {}
    for source, table in lists.items():
        builder.add_list(f"without {source}", table.select(CUSTOMER, ARTICLE, RANK))
    return {source: f"without {source}" for source in lists}
