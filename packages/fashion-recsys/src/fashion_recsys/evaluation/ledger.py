"""The stage ledger: what every stage of the recommender adds, as plain data.

One ``Ledger`` is about one test period. It answers four questions, each for every group of
purchases (``period.GROUPS``) and with a 95% interval (``bootstrap``):

- Which candidates does each source bring? recall@K of each source, of all sources in turn and of
  the ranked pool, beside the best sellers at the same K (``Retrieval``).
- What would be lost without a source? The purchases that only it found, and the pool without it
  (``SourceUse``).
- How good could a ranking of the pool be? Its oracle MAP@12: of a list that begins with all the
  hits of the pool (``PoolScore``).
- How good is the list? MAP@12, NDCG@12, hit rate@12, recall@12 beside those of baselines, with the
  paired interval of the difference, coverage and novelty (``ListScore``).

Definitions of recall, MAP, NDCG and hit rate: ``metrics``. Coverage is the share of the catalogue's
articles that stand in at least one list (Ge et al. 2010, "Beyond accuracy"). Novelty is the mean of
``-log2(share of the sales before as_of)`` over all places of all lists (the self-information of
Zhou et al. 2010), where an article without sales counts as sold once.
"""

from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

from fashion_recsys.evaluation.bootstrap import Estimate

BEST_SELLERS = "best sellers"
"""The list that everything is measured against; the name of its source."""
IN_TURN = "all sources in turn"
"""The pool before a ranker: every source's first, then every source's second, and so on."""
RANKED = "ranked pool"
METRICS = {
    "map": "MAP@12",
    "ndcg": "NDCG@12",
    "hit_rate": "hit rate@12",
    "recall": "recall@12",
}


@dataclass(frozen=True)
class GroupSize:
    """How much there is to predict in a group."""

    group: str
    customers: int
    pairs: int


@dataclass(frozen=True)
class Retrieval:
    """recall@K of one list of candidates in one group, K -> figure."""

    name: str
    group: str
    recall: dict[int, Estimate]
    gain: dict[int, Estimate]
    """Paired difference: this recall - the best sellers' recall. Empty for the best sellers."""
    ratio: dict[int, float | None]
    """This recall / the best sellers'; None where theirs is 0. Empty for the best sellers."""


@dataclass(frozen=True)
class PoolScore:
    """The pool of all candidates in one group."""

    group: str
    per_customer: float
    """Mean number of candidates of the group's customers."""
    recall: Estimate
    oracle_map: Estimate


@dataclass(frozen=True)
class SourceUse:
    """What one source brings to the pool of one group."""

    source: str
    group: str
    per_customer: float
    """Mean number of its candidates in the pool."""
    only_per_customer: float
    """Mean number of those that no other source proposed."""
    found: int
    """Purchases among its candidates."""
    found_only: int
    """Purchases that no other source found."""
    recall_loss: Estimate
    """Recall of the pool - recall of the pool without what only this source proposed."""
    oracle_loss: Estimate
    """The same for oracle MAP@12."""
    map_loss: Estimate | None
    """MAP@12 of the final list - that of a list ranked without the source; None if not made."""


@dataclass(frozen=True)
class ListScore:
    """A list of 12 in one group; the keys of ``METRICS`` -> figure."""

    name: str
    group: str
    metrics: dict[str, Estimate]
    gain: dict[str, Estimate]
    """Paired difference: final list - this list. Empty for the final list."""
    coverage: float | None
    """Of the lists of the group's customers; None for groups that cut through customers."""
    novelty: float | None
    """In bits; None for groups that cut through customers, or without a place in any list."""


@dataclass(frozen=True)
class Ledger:
    """All that is known about one test period."""

    as_of: date
    test_end: date
    final: str
    """Name of the final list."""
    groups: tuple[GroupSize, ...]
    retrieval: tuple[Retrieval, ...]
    pool: tuple[PoolScore, ...]
    sources: tuple[SourceUse, ...]
    lists: tuple[ListScore, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; days are ISO dates."""
        days = {"as_of": self.as_of.isoformat(), "test_end": self.test_end.isoformat()}
        return asdict(self) | days

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> "Ledger":
        """Return the ledger of ``as_dict``, also after a round trip through JSON."""
        return cls(
            as_of=date.fromisoformat(plain["as_of"]),
            test_end=date.fromisoformat(plain["test_end"]),
            final=plain["final"],
            groups=_rows(GroupSize, plain["groups"]),
            retrieval=_rows(Retrieval, plain["retrieval"]),
            pool=_rows(PoolScore, plain["pool"]),
            sources=_rows(SourceUse, plain["sources"]),
            lists=_rows(ListScore, plain["lists"]),
        )

    def list_score(self, name: str, group: str = "all") -> ListScore | None:
        """Return the score of a list in a group, or None if there is none."""
        return next((row for row in self.lists if (row.name, row.group) == (name, group)), None)


def _rows(kind: type[Any], rows: list[dict[str, Any]]) -> tuple[Any, ...]:
    names = {field.name for field in fields(kind)}
    return tuple(kind(**{name: _value(row[name]) for name in row if name in names}) for row in rows)


def _value(plain: Any) -> Any:
    """Undo JSON: an estimate is a mapping of its three fields, a list length is text."""
    if not isinstance(plain, dict):
        return plain
    if plain.keys() == {"value", "low", "high"}:
        return Estimate(**plain)
    return {int(key) if str(key).isdigit() else key: _value(part) for key, part in plain.items()}
