"""The two towers.

Article: the sum of an embedding of its id, one of each attribute, the mean of its words' and a
projection of its log price, refined by one residual layer; scaled to length 1.

Customer: the same vectors of the latest purchases, averaged with weights that come from their age,
their order and the vectors themselves; plus embeddings of the customer's attributes and aggregates.
Because both sides share the articles' vectors, what a customer owns scores high from the first step
on, which suits a shop where a fifth of the purchases are bought again. The length of the vector is
the confidence, learned for each age of the latest purchase: the rest of a basket says more about
the next article than what was bought a month ago, so the older the history, the more is left to
popularity.

Score: cosine * confidence / temperature + weight * log popularity. Popularity is one number per
article, so it becomes one more dimension of the article's vector, against a 1 in the customer's:
serving is a plain inner product.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, normalize

from fashion_recsys.two_tower.history import AGE_BOUNDS


@dataclass(frozen=True)
class Shape:
    """Sizes of what the towers read."""

    articles: int
    article_codes: int
    customer_codes: int
    customer_numbers: int
    aggregates: int = 5


class ArticleTower(nn.Module):
    """Vectors of articles from id, attribute codes, words and price."""

    def __init__(self, shape: Shape, dim: int, word_buckets: int) -> None:
        super().__init__()
        self.ids = nn.Embedding(shape.articles + 1, dim, sparse=True)
        self.codes = nn.Embedding(shape.article_codes, dim, sparse=True)
        self.words = nn.EmbeddingBag(word_buckets + 1, dim, mode="mean", padding_idx=0)
        # Without a bias: a part that all articles share would make their vectors alike.
        self.price = nn.Linear(2, dim, bias=False)
        self.hidden = nn.Linear(dim, dim)
        self.out = nn.Linear(dim, dim)
        for table in (self.ids, self.codes, self.words):
            nn.init.normal_(table.weight, std=0.1)
        nn.init.normal_(self.price.weight, std=0.03)
        nn.init.zeros_(self.words.weight[0])
        nn.init.zeros_(self.ids.weight[0])
        nn.init.zeros_(self.out.weight)

    def forward(self, ids: Tensor, codes: Tensor, words: Tensor, price: Tensor) -> Tensor:
        """Return unit vectors (U, dim).

        Args:
            ids: (U,) number + 1, or 0 for an article seen without its id.
            codes: (U, A) attribute codes.
            words: (U, W) word buckets, 0 for none.
            price: (U, 2) log price and whether it is known.
        """
        x = self.ids(ids) + self.codes(codes).sum(1) + self.price(price)
        if words.shape[1]:
            x = x + self.words(words)
        x = x + self.out(gelu(self.hidden(x)))
        return normalize(x, dim=-1)


class CustomerTower(nn.Module):
    """Vectors of customers from purchases, aggregates and attribute codes."""

    def __init__(self, shape: Shape, dim: int, history: int) -> None:
        super().__init__()
        self.age = nn.Embedding(len(AGE_BOUNDS) + 1, 1)
        self.order = nn.Embedding(history, 1)
        self.attention = nn.Linear(dim, 1)
        # By the age of the latest purchase; the last row is for customers without any.
        self.confidence = nn.Embedding(len(AGE_BOUNDS) + 2, 1)
        self.pooled = nn.Linear(dim, dim, bias=False)
        self.codes = nn.Embedding(shape.customer_codes, dim)
        self.numbers = nn.Linear(shape.aggregates + shape.customer_numbers, dim)
        self.hidden = nn.Linear(2 * dim, 2 * dim)
        self.out = nn.Linear(2 * dim, dim)
        for layer in (self.age, self.order, self.attention, self.confidence):
            nn.init.zeros_(layer.weight)
        nn.init.eye_(self.pooled.weight)
        nn.init.normal_(self.codes.weight, std=0.1)
        nn.init.normal_(self.out.weight, std=0.02)

    def forward(
        self, vectors: Tensor, there: Tensor, ages: Tensor, codes: Tensor, numbers: Tensor
    ) -> Tensor:
        """Return vectors (B, dim), their lengths the confidence (1 before training).

        Args:
            vectors: (B, N, dim) of the purchased articles, latest first.
            there: (B, N) False where the history is shorter.
            ages: (B, N) buckets of age.
            codes: (B, C) attribute codes.
            numbers: (B, F) aggregates and standardised attributes.
        """
        logits = (self.attention(vectors) + self.age(ages)).squeeze(-1) + self.order.weight[:, 0]
        weights = torch.softmax(logits.masked_fill(~there, -1e9), dim=-1) * there
        pooled = torch.einsum("bn,bnd->bd", weights, vectors)
        facts = self.numbers(numbers) + self.codes(codes).sum(1)
        mixed = self.out(gelu(self.hidden(torch.cat([pooled, facts], dim=-1))))
        latest = torch.where(there[:, 0], ages[:, 0], len(AGE_BOUNDS) + 1)
        units = normalize(self.pooled(pooled) + mixed, dim=-1)
        return units * torch.exp(self.confidence(latest))


class TwoTower(nn.Module):
    """Both towers, the temperature and the weight of popularity."""

    def __init__(
        self, shape: Shape, *, dim: int, history: int, word_buckets: int, temperature: float
    ) -> None:
        super().__init__()
        self.article = ArticleTower(shape, dim, word_buckets)
        self.customer = CustomerTower(shape, dim, history)
        self.log_scale = nn.Parameter(-torch.log(torch.tensor(temperature)))
        self.popularity = nn.Parameter(torch.ones(()))

    def scalars(self) -> list[Tensor]:
        """Return the weights that are single numbers, which need longer steps than tables do."""
        tables = (self.customer.age, self.customer.order, self.customer.confidence)
        return [self.log_scale, self.popularity, *(table.weight for table in tables)]

    def scores(self, customers: Tensor, articles: Tensor, log_popularity: Tensor) -> Tensor:
        """Return scores (B, M) of customers (B, dim) and articles (M, dim)."""
        offset = self.popularity * log_popularity
        return torch.addmm(offset, customers * self.log_scale.exp(), articles.T)
