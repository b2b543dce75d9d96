"""Which articles sell: a popularity that is as skewed as H&M's, and drifts from day to day.

The skew is not fitted, it is copied: the cumulative share of the best sellers goes through the
points measured on the real week, with straight lines between them on a log-log scale. Which article
holds which rank is the generator's own: a latent appeal that wanders slowly (autoregressive, half
of it forgotten in 69 days), a boost for new articles that fades in weeks, the appeal of the
article's index and the season of its type. An article sells nothing before its launch. Sales fall
about e-fold per unit of the score, so a season's height is one of log sales.
"""

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from fashion_recsys.synth import taxonomy
from fashion_recsys.synth.articles import Articles
from fashion_recsys.synth.cells import Cells, Floats, Ints

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
_SHARPER = 1.1
"""Tastes spread a part of the sales more evenly; this makes up for it."""
_MEMORY = 0.99
_NEW_BOOST = 2.0
_NEW_DAYS = 45.0
_OLDEST_DAYS = 400


class Popularity:
    """The popularity of all articles on one day; ``advance`` moves to the next.

    Attributes:
        indexes: the articles by index.
        types: by index and product type, cell ``index * n_types + type``.
        colours: by index and colour, cell ``index * n_colours + colour``.
        styles: by index and style, cell ``index * n_styles + style``.
    """

    def __init__(
        self, articles: Articles, first_day: date, days: int, rng: np.random.Generator
    ) -> None:
        n = len(articles.price)
        self._rng = rng
        self._day = first_day
        self._type = articles.product_type
        self._appeal = rng.standard_normal(n)
        self._offset = taxonomy.INDEXES["appeal"].to_numpy()[articles.group]
        self._age = -rng.integers(-_OLDEST_DAYS, days, n).astype(np.float64)
        self._share_of_rank = shares_by_rank(n) ** _SHARPER
        usual = np.exp(self._offset)
        usual /= usual.sum()
        self.indexes = _cells(articles.group, articles.group * 0, 1, usual)
        self.types = _cells(
            articles.group, articles.product_type, taxonomy.PRODUCT_TYPES.height, usual
        )
        self.colours = _cells(articles.group, articles.colour, taxonomy.COLOURS.height, usual)
        self.styles = _cells(articles.group, articles.style, len(taxonomy.STYLE_NAMES), usual)
        self._update()

    def advance(self) -> None:
        """Move to the next day."""
        noise = self._rng.standard_normal(len(self._appeal))
        self._appeal = _MEMORY * self._appeal + np.sqrt(1 - _MEMORY**2) * noise
        self._age += 1
        self._day += timedelta(days=1)
        self._update()

    def _update(self) -> None:
        fresh = _NEW_BOOST * np.exp(-np.maximum(self._age, 0) / _NEW_DAYS)
        score = self._appeal + self._offset + fresh + _season(self._day)[self._type]
        score[self._age < 0] = -np.inf
        share = np.empty(len(score))
        share[np.argsort(-score, kind="stable")] = self._share_of_rank
        share[self._age < 0] = 0.0
        share /= share.sum()
        for cells in (self.indexes, self.types, self.colours, self.styles):
            cells.update(share)


def _cells(group: Ints, number: Ints, n_numbers: int, usual: Floats) -> Cells:
    return Cells(group * n_numbers + number, taxonomy.INDEXES.height * n_numbers, usual)


def _season(day: date) -> Floats:
    """Return by how much each product type's log sales are above the year's middle, (types,)."""
    peak = taxonomy.PRODUCT_TYPES["peak"].to_numpy()
    angle = 2 * np.pi * (day.timetuple().tm_yday - peak) / 365
    height: Floats = taxonomy.PRODUCT_TYPES["season"].to_numpy() * np.cos(angle)
    return height


def shares_by_rank(n: int) -> npt.NDArray[np.float64]:
    """Return the share of the sales of ranks 1 to ``n``, summing to 1, falling with the rank."""
    ranks, shares = np.array(_CURVE).T
    up_to = np.exp(np.interp(np.log(np.arange(1, n + 1)), np.log(ranks), np.log(shares)))
    share: npt.NDArray[np.float64] = np.diff(up_to, prepend=0.0) / up_to[-1]
    return share
