"""Examples and the steps that they are learned in.

An example is a purchase: the customer's history on that day, and the article bought. Half a week of
H&M data has few customers who came twice, so most examples (``basket_share``) also show the rest of
the day's basket as history: learning which articles are bought together is what then carries from
today's purchases to tomorrow's. The others show earlier days only, as serving does.

All randomness of an epoch comes from (seed, epoch), so that training resumed at an epoch's start
makes the same steps.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fashion_recsys.two_tower.history import History, Ints, histories_of_rows
from fashion_recsys.two_tower.inputs import Inputs
from fashion_recsys.two_tower.settings import TwoTowerSettings


@dataclass(frozen=True)
class Batch:
    """One step: B examples, M articles drawn uniformly, and the U distinct articles in it all.

    Attributes:
        articles: (U,) article numbers.
        with_id: (U,) False for articles that are seen without their id.
        customers: (B,) customer numbers.
        history: histories; their articles are places in ``articles``, -1 for none.
        sample: (B + M,) places in ``articles`` of the bought and of the drawn articles.
        hits: (2, H) examples and places in ``sample`` of articles that the customer bought on that
            day, other than the example's own.
    """

    articles: Ints
    with_id: npt.NDArray[np.bool_]
    customers: Ints
    history: History
    sample: Ints
    hits: Tensor


def latest_examples(inputs: Inputs, limit: int) -> Ints:
    """Return the latest ``limit`` purchases, as rows of the histories."""
    days = inputs.histories.days
    if len(days) <= limit:
        return np.arange(len(days))
    # Counting is ten times as fast as sorting 31.8M rows. Of the earliest day only as many stay as
    # there is room for.
    since = int(days.min())
    later = np.cumsum(np.bincount(days - since)[::-1])[::-1]
    first = since + int(np.flatnonzero(later >= limit)[-1])
    kept = np.flatnonzero(days > first)
    spare = np.flatnonzero(days == first)[len(kept) - limit :]
    return np.sort(np.concatenate([kept, spare]))


class Batches:
    """The steps of every epoch."""

    def __init__(
        self, inputs: Inputs, examples: Ints, settings: TwoTowerSettings, seed: int
    ) -> None:
        self._inputs = inputs
        self._examples = examples
        self._settings = settings
        self._seed = seed
        self._articles = len(inputs.articles.log_popularity)
        described = inputs.articles.codes.codes.shape[1] + inputs.articles.words.shape[1]
        # Without attributes the id is all there is, and articles without it would be one.
        self._id_dropout = settings.id_dropout if described else 0.0

    def __len__(self) -> int:
        """Return the number of steps of an epoch."""
        return math.ceil(len(self._examples) / self._settings.batch_size)

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """Yield the steps of ``epoch``."""
        rng = np.random.default_rng([self._seed, epoch])
        # Steps of nearly equal size: a last step of one example would have no negatives.
        for rows in np.array_split(rng.permutation(self._examples), len(self)):
            yield self._batch(rows, rng)

    def _batch(self, rows: Ints, rng: np.random.Generator) -> Batch:
        settings, histories = self._settings, self._inputs.histories
        history = histories_of_rows(
            histories,
            rows,
            length=settings.history,
            with_basket=rng.random(len(rows)) < settings.basket_share,
        )
        drawn = rng.integers(0, self._articles, settings.uniform_negatives)
        bought = histories.articles[rows]
        there = history.articles >= 0
        articles = np.unique(np.concatenate([history.articles[there], bought, drawn]))
        places = np.where(there, np.searchsorted(articles, history.articles), -1)
        sample = np.searchsorted(articles, np.concatenate([bought, drawn]))
        return Batch(
            articles,
            rng.random(len(articles)) >= self._id_dropout,
            histories.customers[rows].astype(np.int64),
            History(places, history.ages, history.aggregates),
            sample,
            torch.from_numpy(self._hits(rows, articles[sample])),
        )

    def _hits(self, rows: Ints, sample: Ints) -> Ints:
        """Return (2, H): where the sample has what the example's customer bought on that day."""
        firsts, ends = self._inputs.histories.visits[rows].astype(np.int64).T
        examples, visit = _ranges(firsts, ends)
        order = np.argsort(sample, kind="stable")
        bought = self._inputs.histories.articles[visit]
        begins = np.searchsorted(sample, bought, side="left", sorter=order)
        pairs, places = _ranges(begins, np.searchsorted(sample, bought, "right", sorter=order))
        hits = np.stack([examples[pairs], order[places]])
        return hits[:, hits[0] != hits[1]]


def _ranges(begins: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Return which range each number is from, and the numbers of all ranges one after another."""
    lengths = ends - begins
    which = np.repeat(np.arange(len(begins)), lengths)
    firsts = np.cumsum(lengths) - lengths
    return which, np.arange(len(which)) - firsts[which] + begins[which]
