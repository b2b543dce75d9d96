"""What a query means in an index: its words corrected, its brand, the kind of document it is after.

Steps go from the letters to the meaning: spelling, compounds, then the brand among the words that
result. The category needs seed documents, which only a search can give, so it is a second call
(`QueryUnderstanding.category`). Each step has a switch, so that what it is worth can be measured.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from search_system.searching.searcher import Searcher
from search_system.understanding.brands import Brand, BrandDetector
from search_system.understanding.catalogue import Catalogue
from search_system.understanding.categories import CategoryProfile
from search_system.understanding.compounds import Compounds
from search_system.understanding.keyword_values import KeywordValues, Numbers

_KEPT = 4096
"""How many queries are remembered: people ask the same ones, and so does tuning."""


@dataclass(frozen=True, slots=True)
class Switches:
    """Which steps are taken."""

    spelling: bool = True
    """Replace words that no document has by likely ones that some have."""
    compounds: bool = True
    """Join and split words as the index writes them."""
    brands: bool = True
    """Tell a brand's name from the other words."""
    categories: bool = True
    """Prefer documents of the kind that the nearest in meaning are."""


@dataclass(frozen=True, slots=True)
class UnderstoodQuery:
    """A query as it is searched."""

    typed: str
    text: str
    """In its best spelling."""
    terms: tuple[str, ...]
    """Its terms in their order."""
    brand: Brand | None

    @property
    def meaning(self) -> str:
        """What to look for by meaning: the words beside the brand; empty if it is all there is."""
        return self.brand.rest if self.brand else self.text


class QueryUnderstanding:
    """Understands the queries of one state of an index; safe for use by several threads."""

    def __init__(
        self,
        searcher: Searcher,
        catalogue: Catalogue | None = None,
        switches: Switches | None = None,
    ) -> None:
        """Read what the catalogue says.

        Args:
            searcher: of the snapshot.
            catalogue: which fields say what; by default none says anything.
            switches: the steps to take; by default all.

        Raises:
            OptionError: a field is none of type keyword.
        """
        self.searcher = searcher
        self._kept = lru_cache(_KEPT)(self._understand)
        self.switches = switches or Switches()
        fields = catalogue or Catalogue()
        self._compounds = Compounds(searcher) if self.switches.compounds else None
        brand = [fields.brand_field] if fields.brand_field else []
        self.brand_values = KeywordValues(searcher.snapshot, brand)
        self._brands: BrandDetector | None = None
        if fields.brand_field and self.switches.brands:
            self._brands = BrandDetector(searcher, self.brand_values, fields.brand_field)
        self.category_values: KeywordValues | None = None
        if fields.category_fields and self.switches.categories:
            self.category_values = KeywordValues(searcher.snapshot, fields.category_fields)

    def __call__(self, query: str) -> UnderstoodQuery:
        """Return what is understood of a query; that of the last queries is kept."""
        return self._kept(query)

    def _understand(self, query: str) -> UnderstoodQuery:
        analyzer = self.searcher.analyzer
        text = query
        if self.switches.spelling:
            text = self.searcher.did_you_mean(text) or text
        if self._compounds:
            text = self._compounds.rewrite(text, list(analyzer.query_tokens(text))) or text
        tokens = list(analyzer.query_tokens(text))
        brand = self._brands.find(text, tokens) if self._brands else None
        return UnderstoodQuery(query, text, tuple(token.term for token in tokens), brand)

    def category(self, seeds: Numbers) -> CategoryProfile | None:
        """Return the kind of some seed documents; None without category fields or seeds."""
        if self.category_values is None or not len(seeds):
            return None
        return CategoryProfile.of(self.category_values, seeds)

    def is_of_brand(self, query: UnderstoodQuery, numbers: Numbers) -> NDArray[np.bool_]:
        """Return which documents are of the brand that a query names."""
        if query.brand is None:
            return np.zeros(len(numbers), np.bool_)
        return self.brand_values.has(query.brand.number, numbers)
