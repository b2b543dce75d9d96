"""The parameters of BM25F, all free to change with every query.

For a query q and a document d of N, with fields f of weight w and length normalisation b::

    score(q, d) = sum over the terms t of q of  weight(t in q) * idf(t) * saturation(t, d)
    idf(t)           = ln(1 + (N - df + 0.5) / (df + 0.5))
    saturation(t, d) = x / (k1 + x)
    x(t, d)          = sum over f of  w * tf / (1 - b + b * length / average length)

This is Robertson and Zaragoza's "simple BM25 extension" (The Probabilistic Relevance Framework,
2009, section 3.6): the fields' frequencies are added before they saturate, so that a second
occurrence in another field counts as a second occurrence. df counts the documents that have t in
any of the fields. With one field of weight 1 it is BM25 as Lucene has it since version 8, and as
bm25s has it under ``method="lucene"``, but for Lucene's lengths, which it rounds to one byte.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from search_system.errors import OptionError

LARGEST_K1 = 1_000_000.0
"""Far beyond any use. At 10^11 and more, impacts vanish below the grid that they are rounded to."""
LARGEST_WEIGHT = 1_000_000.0


@dataclass(frozen=True, slots=True)
class FieldParameters:
    """How a text field counts."""

    weight: float = 1.0
    """How much an occurrence here counts; 0: only terms that name the field are looked for here."""
    b: float = 0.75
    """How far a field's length discounts its occurrences; 0: not at all, 1: in proportion."""

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= LARGEST_WEIGHT:
            raise OptionError(
                f"a field's weight must be from 0 to {LARGEST_WEIGHT:,.0f}, not {self.weight}"
            )
        if not 0 <= self.b <= 1:
            raise OptionError(f"b must be a number from 0 to 1, not {self.b}")

    @property
    def counted(self) -> float:
        """The weight of an occurrence that is looked for: 1 in a field of weight 0."""
        return self.weight or 1.0


@dataclass(frozen=True, slots=True)
class BM25F:
    """Saturation, and the fields that count, in the order in which their parts are added."""

    fields: Mapping[str, FieldParameters] = field(
        default_factory=lambda: MappingProxyType({"text": FieldParameters()})
    )
    k1: float = 1.2
    """How much further occurrences of a term in a document count; 0: not at all."""

    def __post_init__(self) -> None:
        if not 0 <= self.k1 <= LARGEST_K1:
            raise OptionError(f"k1 must be a number from 0 to {LARGEST_K1:,.0f}, not {self.k1}")
        if not self.fields:
            raise OptionError("expected at least one field to score, found none")

    def idf(self, n_docs: int, df: int) -> float:
        """Return the weight of a term that ``df`` of ``n_docs`` documents contain."""
        return math.log(1 + (n_docs - df + 0.5) / (df + 0.5))
