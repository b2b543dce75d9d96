"""From arrays to vectors: the towers applied to numbered articles and customers."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fashion_recsys.two_tower.history import History, Ints, histories_at
from fashion_recsys.two_tower.inputs import Inputs
from fashion_recsys.two_tower.model import Shape, TwoTower
from fashion_recsys.two_tower.settings import TwoTowerSettings
from fashion_recsys.two_tower.vectors import Vectors

CHUNK = 8192


def build_model(inputs: Inputs, settings: TwoTowerSettings, seed: int) -> TwoTower:
    """Return the untrained model for ``inputs``; the same seed gives the same weights."""
    shape = Shape(
        articles=len(inputs.articles.log_popularity),
        article_codes=inputs.articles.codes.size,
        customer_codes=inputs.customers.codes.size,
        customer_numbers=inputs.customers.numbers.shape[1],
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return TwoTower(
            shape,
            dim=settings.dim - 1,
            history=settings.history,
            word_buckets=settings.word_buckets,
            temperature=settings.temperature,
        )


@dataclass(frozen=True)
class Encoder:
    """A model beside the arrays that it reads."""

    model: TwoTower
    inputs: Inputs
    history: int

    def articles(self, numbers: Ints, with_id: npt.NDArray[np.bool_] | None = None) -> Tensor:
        """Return unit vectors (U, dim) of articles; with ``with_id`` False, without their id."""
        given = self.inputs.articles
        ids = numbers + 1 if with_id is None else np.where(with_id, numbers + 1, 0)
        vectors: Tensor = self.model.article(
            torch.from_numpy(ids),
            torch.from_numpy(given.codes.codes[numbers]),
            torch.from_numpy(given.words[numbers]),
            torch.from_numpy(given.price[numbers]),
        )
        return vectors

    def customers(self, numbers: Ints, history: History, vectors: Tensor) -> Tensor:
        """Return vectors (B, dim) of customers.

        Args:
            numbers: (B,) customers.
            history: their histories; articles are places in ``vectors``.
            vectors: (U, dim) of articles.
        """
        given = self.inputs.customers
        places = torch.from_numpy(history.articles)
        there = places >= 0
        numbers_in = np.concatenate([history.aggregates, given.numbers[numbers]], axis=1)
        read = vectors.index_select(0, places.clamp(min=0).flatten())
        units: Tensor = self.model.customer(
            read.view(*places.shape, -1),
            there,
            torch.from_numpy(history.ages),
            torch.from_numpy(given.codes.codes[numbers]),
            torch.from_numpy(numbers_in),
        )
        return units

    @torch.no_grad()
    def all_articles(self) -> Vectors:
        """Return the unit vectors (n, dim) of all articles."""
        n = len(self.inputs.articles.log_popularity)
        chunks = [
            self.articles(np.arange(begin, min(begin + CHUNK, n))).numpy()
            for begin in range(0, n, CHUNK)
        ]
        return np.concatenate(chunks)

    @torch.no_grad()
    def customers_in_chunks(self, articles: Vectors, n: int) -> Iterator[tuple[int, Vectors]]:
        """Yield (first customer, vectors) for customers 0 to ``n`` - 1 on ``as_of``."""
        vectors = torch.from_numpy(articles)
        for begin in range(0, n, CHUNK):
            numbers = np.arange(begin, min(begin + CHUNK, n))
            history = histories_at(
                self.inputs.histories, numbers, self.inputs.as_of, length=self.history
            )
            yield begin, self.customers(numbers, history, vectors).numpy()
