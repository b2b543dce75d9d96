"""Rules between the ranked candidates and the list that is shown.

A rule is a choice of the shop, not of the model: what to do with articles that the customer has,
how many alike to show, what can be sold at all. They are applied in this order, all to whole tables
and none by chance: leave out what is not available (or owned), put owned articles first, spread the
kinds, cut at k, fill up.

Diversity by places, not by scores: LambdaRank's scores have no scale that compares between
customers, so MMR's trade of score against similarity (Carbonell & Goldstein 1998) would mean
another thing for each. Here an article goes back ``diversity`` places for every better article of
its kind: 0 changes nothing, and a large value deals the kinds out in turn.
"""

from datetime import date, timedelta

import polars as pl

from fashion_recsys.candidates.fusion import in_turn
from fashion_recsys.candidates.source import CandidateSource, before
from fashion_recsys.columns import ARTICLE, CANDIDATE_SCHEMA, CUSTOMER, DATE, RANK, SCORE
from fashion_recsys.ranking.settings import RuleSettings

_KIND = "__kind"
_OWNED = "__owned"
_ORDER = "__order"


def available_articles(log: pl.LazyFrame, as_of: date, days: int, articles: int) -> pl.Series:
    """Return the articles (u32) sold in the last ``days`` days before ``as_of``, and unsold ones.

    An article that was never sold is taken to be new; one whose last sale is long ago is gone.

    Args:
        log: the purchases; rows from ``as_of`` on are ignored.
        as_of: the day of the lists.
        days: length of the window.
        articles: number of articles, 0..articles-1.
    """
    last = before(log, as_of).group_by(ARTICLE).agg(pl.col(DATE).max())
    gone = last.filter(pl.col(DATE) < as_of - timedelta(days=days)).select(ARTICLE).collect()
    every = pl.DataFrame({ARTICLE: pl.arange(0, articles, dtype=pl.UInt32, eager=True)})
    return every.join(gone, on=ARTICLE, how="anti", maintain_order="left")[ARTICLE]


def owned_pairs(log: pl.LazyFrame, as_of: date) -> pl.DataFrame:
    """Return the distinct (customer, article) pairs bought before ``as_of``, sorted."""
    pairs = before(log, as_of).select(CUSTOMER, ARTICLE).unique()
    return pairs.collect(engine="streaming").sort(CUSTOMER, ARTICLE)


class Rules:
    """The rules of a shop, for the lists of one day."""

    def __init__(
        self,
        settings: RuleSettings,
        fill: CandidateSource,
        *,
        owned: pl.DataFrame,
        kinds: pl.DataFrame | None = None,
        available: pl.Series | None = None,
    ) -> None:
        """Take what the rules look at.

        Args:
            settings: which rules, how strong.
            fill: a fitted source for lists that are too short, such as best sellers.
            owned: distinct (customer, article) pairs bought before.
            kinds: article and one column of its kind, such as the product type; None for a shop
                that has no kinds, where diversity does nothing.
            available: articles that may be shown; None for all.
        """
        self._settings = settings
        self._fill = fill
        self._owned = owned.select(CUSTOMER, ARTICLE)
        self._kinds = None
        if kinds is not None:
            kind = pl.exclude(ARTICLE).name.map(lambda _: _KIND)
            self._kinds = kinds.select(ARTICLE, kind)
        self._available = None if available is None else available.alias(ARTICLE).to_frame()

    def apply(self, ranked: pl.DataFrame, customers: pl.Series) -> pl.DataFrame:
        """Return up to k articles for each of ``customers``, best first.

        A list is shorter than k only if the source of fillers has too few.

        Args:
            ranked: customer, article, rank and more, as a ranker gives it; customers may be absent.
            customers: whom to give a list, distinct (u32).

        Returns:
            customer, article, rank (from 1), score (minus the rank); sorted by customer and rank.
        """
        each = customers.alias(CUSTOMER).cast(pl.UInt32).to_frame()
        wanted = self._allowed(ranked.join(each, on=CUSTOMER, how="semi"))
        order = self._spread(self._owned_first(wanted))
        lists = _as_candidates(order.sort(CUSTOMER, _ORDER, RANK, ARTICLE), self._settings.k)
        return self._filled(lists, each)

    def _allowed(self, ranked: pl.DataFrame) -> pl.DataFrame:
        if self._available is not None:
            ranked = ranked.join(self._available, on=ARTICLE, how="semi")
        if self._settings.owned == "drop":
            ranked = ranked.join(self._owned, on=[CUSTOMER, ARTICLE], how="anti")
        return ranked

    def _owned_first(self, ranked: pl.DataFrame) -> pl.DataFrame:
        """Renumber the ranks, owned articles first if the settings say so."""
        ranked = ranked.with_columns(pl.lit(0).alias(_OWNED))
        if self._settings.owned == "first":
            owned = self._owned.with_columns(pl.lit(-1).alias(_OWNED))
            ranked = ranked.drop(_OWNED).join(owned, on=[CUSTOMER, ARTICLE], how="left")
            ranked = ranked.with_columns(pl.col(_OWNED).fill_null(0))
        return _as_candidates(ranked.sort(CUSTOMER, _OWNED, RANK, ARTICLE))

    def _spread(self, ranked: pl.DataFrame) -> pl.DataFrame:
        strength = self._settings.diversity
        if self._kinds is None or not strength:
            return ranked.with_columns(pl.lit(0.0).alias(_ORDER))
        kinds = ranked.join(self._kinds, on=ARTICLE, how="left", maintain_order="left")
        better = pl.int_range(pl.len()).over(CUSTOMER, _KIND)
        return kinds.with_columns((pl.col(RANK) + strength * better).alias(_ORDER))

    def _filled(self, lists: pl.DataFrame, customers: pl.DataFrame) -> pl.DataFrame:
        """Append fillers; ask for twice as many while the rules leave somebody too few."""
        k, length = self._settings.k, self._settings.k
        while True:
            full = lists.group_by(CUSTOMER).len().filter(pl.col("len") >= k)
            short = customers.join(full, on=CUSTOMER, how="anti").sort(CUSTOMER)
            fill = self._fill.candidates(short[CUSTOMER], length)
            lists = in_turn([lists, self._allowed(fill).sort(CUSTOMER, RANK)], k)
            if fill.is_empty() or fill[RANK].to_numpy().max() < length:
                return lists.sort(CUSTOMER, RANK)
            length *= 2


def _as_candidates(ordered: pl.DataFrame, k: int | None = None) -> pl.DataFrame:
    """Number the rows of each customer, in their order, and cut at ``k``."""
    rank = pl.int_range(1, pl.len() + 1).over(CUSTOMER).alias(RANK)
    numbered = ordered.select(CUSTOMER, ARTICLE, rank)
    if k is not None:
        numbered = numbered.filter(pl.col(RANK) <= k)
    score = (-pl.col(RANK).cast(pl.Float32)).alias(SCORE)
    return numbered.with_columns(score).select(CANDIDATE_SCHEMA.names()).cast(CANDIDATE_SCHEMA)
