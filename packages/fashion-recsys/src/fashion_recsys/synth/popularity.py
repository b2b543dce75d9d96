"""Which articles sell: a popularity that is as skewed as H&M's, and drifts from day to day.

The skew is not fitted, it is copied: the cumulative share of the best sellers goes through the
points measured on the real week, with straight lines between them on a log-log scale. Which article
holds which rank is the generator's own: a latent appeal that wanders slowly (autoregressive, half
of it forgotten in 69 days), a boost for new articles that fades in weeks, and the appeal of the
article's group. An article sells nothing before its launch.
"""

import numpy as np
import numpy.typing as npt

from fashion_recsys.synth import taxonomy
from fashion_recsys.synth.articles import Articles

_CURVE = (
    (1, 0.0039),
    (12, 0.0282),
    (100, 0.1348),
    (300, 0.2679),
    (1_000, 0.5025),
    (5_000, 0.8572),
    (10_000, 0.9565),
    (17_161, 0.992),
    (60_000, 1.0),
)
"""(rank, share of the rows of the week that the articles up to this rank hold)."""
_MEMORY = 0.99
_NEW_BOOST = 2.0
_NEW_DAYS = 45.0
_OLDEST_DAYS = 400


class Popularity:
    """The popularity of all articles on one day; ``advance`` moves to the next.

    Attributes:
        groups: for every group, its articles and their cumulative shares of the group's sales.
        group_share: share of the sales that each group holds, (groups,).
    """

    def __init__(self, articles: Articles, days: int, rng: np.random.Generator) -> None:
        n = len(articles.price)
        self._rng = rng
        self._group = articles.group
        self._appeal = rng.standard_normal(n)
        self._offset = taxonomy.INDEXES["appeal"].to_numpy()[articles.group]
        self._age = -rng.integers(-_OLDEST_DAYS, days, n).astype(np.float64)
        self._share_of_rank = shares_by_rank(n)
        self._update()

    def advance(self) -> None:
        """Move to the next day."""
        noise = self._rng.standard_normal(len(self._appeal))
        self._appeal = _MEMORY * self._appeal + np.sqrt(1 - _MEMORY**2) * noise
        self._age += 1
        self._update()

    def _update(self) -> None:
        fresh = _NEW_BOOST * np.exp(-np.maximum(self._age, 0) / _NEW_DAYS)
        score = np.where(self._age >= 0, self._appeal + self._offset + fresh, -np.inf)
        share = np.empty(len(score))
        share[np.argsort(-score, kind="stable")] = self._share_of_rank
        share[self._age < 0] = 0.0
        share /= share.sum()
        n_groups = taxonomy.INDEXES.height
        self.group_share: npt.NDArray[np.float64] = np.bincount(
            self._group, share, minlength=n_groups
        ).astype(np.float64)
        self.groups = [_cumulative(share, self._group == group) for group in range(n_groups)]


Cumulative = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]


def _cumulative(share: npt.NDArray[np.float64], members: npt.NDArray[np.bool_]) -> Cumulative:
    articles = np.flatnonzero(members & (share > 0))
    return articles, np.cumsum(share[articles])


def shares_by_rank(n: int) -> npt.NDArray[np.float64]:
    """Return the share of the sales of ranks 1 to ``n``, summing to 1, falling with the rank."""
    ranks, shares = np.array(_CURVE).T
    up_to = np.exp(np.interp(np.log(np.arange(1, n + 1)), np.log(ranks), np.log(shares)))
    share: npt.NDArray[np.float64] = np.diff(up_to, prepend=0.0) / up_to[-1]
    return share
