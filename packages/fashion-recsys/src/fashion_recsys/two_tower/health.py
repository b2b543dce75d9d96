"""The alarm for a model that learned nothing.

Two signs. Towers collapse when all vectors of one side become the same: then the cosines between
random customers and articles no longer vary along that side. And a loss no lower than that of
popularity alone (with equal popularity, the log of the number of articles in the sample) says that
the cosines carry nothing.
"""

from dataclasses import dataclass

import numpy as np

from fashion_recsys.errors import CollapseError
from fashion_recsys.two_tower.vectors import Vectors

MIN_SPREAD = 0.02
"""Unit vectors of 64 random numbers have cosines with a deviation of 0.125."""


@dataclass(frozen=True)
class Spread:
    """How the cosines between random customers and articles vary."""

    mean: float
    over_customers: float
    """Deviation among customers for one article, averaged over articles."""
    over_articles: float
    """Deviation among articles for one customer, averaged over customers."""

    @property
    def collapsed(self) -> bool:
        """Whether one side's vectors are nearly all the same."""
        return min(self.over_customers, self.over_articles) < MIN_SPREAD


def measure_spread(customers: Vectors, articles: Vectors) -> Spread:
    """Measure the cosines (B, M) between unit vectors (B, dim) and (M, dim)."""
    cosines = customers @ articles.T
    over_customers = float(cosines.std(axis=0).mean()) if len(customers) > 1 else 1.0
    over_articles = float(cosines.std(axis=1).mean()) if len(articles) > 1 else 1.0
    return Spread(float(np.mean(cosines)), over_customers, over_articles)


def alarm(spread: Spread, loss: float, popularity_loss: float) -> str | None:
    """Return what is wrong with a model in words for the training log; None if nothing.

    Args:
        spread: of random customers and articles.
        loss: mean loss of an epoch.
        popularity_loss: what popularity alone gets on the same steps. The loss of a first epoch may
            well be above it: random vectors are worse than none.
    """
    if spread.collapsed:
        return "collapsed: vectors are nearly all the same"
    if not loss < popularity_loss:
        return "the loss is not below that of popularity alone"
    return None


def check_collapse(spread: Spread) -> None:
    """Refuse a trained model whose vectors say nothing.

    Raises:
        CollapseError: it has collapsed.
    """
    if spread.collapsed:
        raise CollapseError(
            f"the two-tower model collapsed: cosines vary by {spread.over_customers:.4f} among "
            f"customers and {spread.over_articles:.4f} among articles, expected at least "
            f"{MIN_SPREAD}; lower --learning-rate or raise --temperature"
        )
