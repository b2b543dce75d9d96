"""The ledger against its definitions in plain Python."""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashion_recsys.evaluation.builder import LedgerBuilder
from fashion_recsys.evaluation.ledger import IN_TURN, Ledger

N_ARTICLES = 10
KS = (1, 3, 12)
SOURCES = ("best sellers", "other", "third")

Lists = dict[int, list[int]]
Purchase = tuple[int, int, int]
Build = Callable[..., LedgerBuilder]

LISTS = st.dictionaries(
    st.integers(0, 5), st.lists(st.integers(0, N_ARTICLES - 1), unique=True, max_size=10)
)
CANDIDATES = st.lists(LISTS, min_size=3, max_size=3)
PURCHASES = st.lists(
    st.tuples(st.integers(1, 5), st.integers(0, 4), st.integers(0, N_ARTICLES - 1)), max_size=40
)


@dataclass
class Oracle:
    """The definitions, written out for one group of purchases."""

    pairs: set[tuple[int, int]]

    def articles(self, customer: int) -> set[int]:
        return {article for who, article in self.pairs if who == customer}

    @property
    def customers(self) -> list[int]:
        return sorted({customer for customer, _ in self.pairs})

    def found(self, lists: Lists, k: int) -> set[tuple[int, int]]:
        return {(c, a) for c, a in self.pairs if a in lists.get(c, [])[:k]}

    def recall(self, lists: Lists, k: int) -> float:
        return len(self.found(lists, k)) / len(self.pairs)

    def map(self, lists: Lists, k: int = 12) -> float:
        total = 0.0
        for customer in self.customers:
            hits, score = 0, 0.0
            for place, article in enumerate(lists.get(customer, [])[:k]):
                if article in self.articles(customer):
                    hits += 1
                    score += hits / (place + 1)
            total += score / min(len(self.articles(customer)), k)
        return total / len(self.customers)

    def ndcg(self, lists: Lists, k: int = 12) -> float:
        total = 0.0
        for customer in self.customers:
            listed = enumerate(lists.get(customer, [])[:k])
            gains = [1 / log2(place + 2) for place, a in listed if a in self.articles(customer)]
            ideal = min(len(self.articles(customer)), k)
            total += sum(gains) / sum(1 / log2(place + 2) for place in range(ideal))
        return total / len(self.customers)

    def hit_rate(self, lists: Lists, k: int = 12) -> float:
        hit = {customer for customer, _ in self.found(lists, k)}
        return len(hit) / len(self.customers)

    def oracle_map(self, pool: Lists) -> float:
        """MAP of lists that begin with the pool's hits."""
        best = {
            c: sorted(articles, key=lambda a, c=c: a not in self.articles(c))
            for c, articles in pool.items()
        }
        return self.map(best)


def groups_of(purchases: list[Purchase]) -> dict[str, Oracle]:
    truth = {(c, a) for day, c, a in purchases if day == 5}
    past = {(c, a) for day, c, a in purchases if day < 5}
    warm = {c for day, c, _ in purchases if 3 <= day < 5}
    sold = {a for _, a in past}
    found = {
        "all": truth,
        "warm": {p for p in truth if p[0] in warm},
        "cold": {p for p in truth if p[0] not in warm},
        "new to customer": truth - past,
        "bought before": truth & past,
        "warm, new to customer": {p for p in truth - past if p[0] in warm},
        "warm, bought before": {p for p in truth & past if p[0] in warm},
        "cold articles": {p for p in truth if p[1] not in sold},
    }
    return {name: Oracle(pairs) for name, pairs in found.items() if pairs}


def union(sources: dict[str, Lists], without: str | None = None) -> Lists:
    found: Lists = {}
    for name, lists in sources.items():
        if name != without:
            for customer, articles in lists.items():
                found[customer] = sorted(set(found.get(customer, [])) | set(articles))
    return found


def in_turn(sources: dict[str, Lists]) -> Lists:
    found: Lists = {}
    for customer in range(6):
        turns = [lists.get(customer, []) for lists in sources.values()]
        ordered = [turn[i] for i in range(10) for turn in turns if i < len(turn)]
        found[customer] = list(dict.fromkeys(ordered))
    return found


@settings(max_examples=30, deadline=None)
@given(purchases=PURCHASES, candidates=CANDIDATES, final=LISTS, baseline=LISTS)
def test_every_figure_equals_its_definition(
    build_ledger: Build,
    purchases: list[Purchase],
    candidates: list[Lists],
    final: Lists,
    baseline: Lists,
) -> None:
    purchases = [*purchases, (5, 0, 0)]
    sources = dict(zip(SOURCES, candidates, strict=True))
    builder = build_ledger(purchases, sources, {"final": final, "baseline": baseline})
    ledger = builder.ledger("final", ks=KS, replicates=20)
    oracles = groups_of(purchases)
    sizes = {row.group: (row.customers, row.pairs) for row in ledger.groups}
    assert sizes == {name: (len(o.customers), len(o.pairs)) for name, o in oracles.items()}
    for row in ledger.retrieval:
        lists = in_turn(sources) if row.name == IN_TURN else sources[row.name]
        oracle = oracles[row.group]
        for k in KS:
            recall, best = oracle.recall(lists, k), oracle.recall(sources["best sellers"], k)
            assert row.recall[k].value == pytest.approx(recall)
            if row.name != "best sellers":
                assert row.gain[k].value == pytest.approx(recall - best)
                assert row.ratio[k] == (pytest.approx(recall / best) if best else None)
    for pool in ledger.pool:
        oracle, whole = oracles[pool.group], union(sources)
        assert pool.recall.value == pytest.approx(oracle.recall(whole, 99))
        assert pool.oracle_map.value == pytest.approx(oracle.oracle_map(whole))
        mean = np.mean([len(whole.get(customer, [])) for customer in oracle.customers])
        assert pool.per_customer == pytest.approx(mean)
    check_sources(ledger, sources, oracles)
    check_lists(ledger, {"final": final, "baseline": baseline}, oracles)


def check_sources(ledger: Ledger, sources: dict[str, Lists], oracles: dict[str, Oracle]) -> None:
    whole = union(sources)
    for use in ledger.sources:
        oracle, mine, rest = oracles[use.group], sources[use.source], union(sources, use.source)
        assert use.found == len(oracle.found(mine, 99))
        assert use.found_only == len(oracle.found(mine, 99) - oracle.found(rest, 99))
        loss = oracle.recall(whole, 99) - oracle.recall(rest, 99)
        assert use.recall_loss.value == pytest.approx(loss)
        loss = oracle.oracle_map(whole) - oracle.oracle_map(rest)
        assert use.oracle_loss.value == pytest.approx(loss)
        only = [len(set(mine.get(c, [])) - set(rest.get(c, []))) for c in oracle.customers]
        assert use.only_per_customer == pytest.approx(np.mean(only))
        assert use.map_loss is None


def check_lists(ledger: Ledger, finals: dict[str, Lists], oracles: dict[str, Oracle]) -> None:
    for row in ledger.lists:
        oracle, lists = oracles[row.group], finals[row.name]
        expected = {
            "map": oracle.map(lists),
            "ndcg": oracle.ndcg(lists),
            "hit_rate": oracle.hit_rate(lists),
            "recall": oracle.recall(lists, 12),
        }
        assert {m: e.value for m, e in row.metrics.items()} == pytest.approx(expected)
        if row.name == "baseline":
            gain = oracle.map(finals["final"]) - oracle.map(finals["baseline"])
            assert row.gain["map"].value == pytest.approx(gain)
            assert row.gain["map"].low <= row.gain["map"].high
        if row.group in ("all", "warm", "cold"):
            shown = [a for c in oracle.customers for a in lists.get(c, [])]
            assert row.coverage == pytest.approx(len(set(shown)) / N_ARTICLES)
        else:
            assert row.coverage is None


@settings(max_examples=12, deadline=None)
@given(purchases=PURCHASES, candidates=CANDIDATES, final=LISTS, cut=st.integers(0, 6))
def test_shards_merge_to_the_whole(
    build_ledger: Build,
    purchases: list[Purchase],
    candidates: list[Lists],
    final: Lists,
    cut: int,
) -> None:
    purchases = [*purchases, (5, 0, 0)]
    sources = dict(zip(SOURCES, candidates, strict=True))
    whole = build_ledger(purchases, sources, {"final": final}).ledger("final", replicates=5)
    halves = []
    for low, high in ((cut, 6), (0, cut)):
        part = {
            name: {c: v for c, v in lists.items() if low <= c < high}
            for name, lists in (sources | {"final": final}).items()
        }
        ours = {name: part[name] for name in SOURCES}
        halves.append(build_ledger(purchases, ours, {"final": part["final"]}))
    first, second = halves
    first.merge(pickle.loads(pickle.dumps(second)))
    assert first.ledger("final", replicates=5) == whole
