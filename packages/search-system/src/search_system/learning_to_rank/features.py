"""What a model sees of a query and a document: one code path for training and for searching.

A document's features depend on the query and on the index, never on the other documents that they
are computed with. So features of judged documents, for training, and of candidates, in a search,
are the same numbers, which the tests hold to the last bit.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search_system.errors import OptionError
from search_system.learning_to_rank.first_stage import SIGNALS, Candidates, FirstStage
from search_system.learning_to_rank.text_features import (
    Column,
    Numbers,
    field_feature_names,
    field_features,
)
from search_system.schema import DateField, NumberField
from search_system.segments.format import MISSING_INTEGER
from search_system.understanding.keyword_values import KeywordValues
from search_system.understanding.occurrences import by_segment

Features = NDArray[np.float32]

_QUERY = ("terms", "idf_sum", "idf_max", "is_brand")
_DOCUMENT = ("of_brand", "value_match", "values")
RISING = ("first_stage", *SIGNALS)
"""Features that are built to rise with relevance: a model may not turn them around."""


class FeatureExtractor:
    """Computes the features of documents for the queries of one first stage."""

    def __init__(self, stage: FirstStage, priors: Sequence[str] = ()) -> None:
        """Prepare the features.

        Args:
            stage: the first stage, whose signals and fields they are made of.
            priors: number or date fields whose values are features: a price, a date.

        Raises:
            OptionError: a prior is no field of type number or date.
        """
        self.stage = stage
        self._searcher = stage.searcher
        schema = self._searcher.schema
        columns = schema.of_type(NumberField) | schema.of_type(DateField)
        if unknown := [name for name in priors if name not in columns]:
            raise OptionError(f"no number or date field '{unknown[0]}'; there are {[*columns]}")
        self._priors = tuple(priors)
        self._understanding = stage.understanding
        self.names: tuple[str, ...] = (
            "first_stage", *SIGNALS, "bm25f_share", "coverage",
            *field_feature_names(self._searcher, [*stage.scorer.parameters.fields]),
            *_QUERY, *_DOCUMENT, *(f"prior:{name}" for name in self._priors),
        )  # fmt: skip
        self._value_terms: dict[tuple[str, ...], list[int]] = {}
        if self._values:
            for number, (_, text) in enumerate(self._values.values):
                terms = tuple(self._searcher.analyzer.query_terms(text))
                self._value_terms.setdefault(terms, []).append(number)

    @property
    def _values(self) -> KeywordValues | None:
        return self._understanding.category_values if self._understanding else None

    def __call__(self, candidates: Candidates, numbers: Numbers) -> Features:
        """Return the features of some documents for a query, shape (documents, features)."""
        numbers = np.asarray(numbers, np.int64)
        signals = candidates.signals(numbers)
        columns: dict[str, Column] = {"first_stage": candidates.blended(signals), **signals}
        columns["bm25f_share"] = signals["bm25f"] / max(candidates.best_bm25f, 1e-12)
        columns |= field_features(
            self._searcher, self.stage.scorer, candidates.query.terms, numbers
        )
        fields = self.stage.scorer.parameters.fields
        columns["coverage"] = np.max([columns[f"coverage:{field}"] for field in fields], axis=0)
        columns |= self._query_features(candidates, len(numbers))
        columns |= self._document_features(candidates, numbers)
        columns |= {f"prior:{name}": self._prior(name, numbers) for name in self._priors}
        return np.column_stack([columns[name] for name in self.names]).astype(np.float32)

    def _query_features(self, candidates: Candidates, n: int) -> dict[str, Column]:
        snapshot, query = self._searcher.snapshot, candidates.query
        scorer = self.stage.scorer
        idf = [
            scorer.parameters.idf(
                scorer.statistics.n_docs,
                max(snapshot.df(field, term) for field in scorer.parameters.fields),
            )
            for term in dict.fromkeys(query.terms)
        ]
        values = {
            "terms": len(query.terms),
            "idf_sum": sum(idf),
            "idf_max": max(idf, default=0.0),
            "is_brand": query.brand is not None and not query.meaning,
        }
        return {name: np.full(n, float(value)) for name, value in values.items()}

    def _document_features(self, candidates: Candidates, numbers: Numbers) -> dict[str, Column]:
        """Return the brand's match, the share of values that are the query, and their number."""
        n = len(numbers)
        brand = np.zeros(n)
        if self._understanding:
            brand = self._understanding.is_of_brand(candidates.query, numbers).astype(np.float64)
        match, count = np.zeros(n), np.zeros(n)
        if self._values:
            owners, codes = self._values.of(numbers)
            count = np.log1p(np.bincount(owners, minlength=n))
            wanted = self._value_terms.get(candidates.query.terms, [])
            match[owners[np.isin(codes, wanted)]] = 1.0
        return {"of_brand": brand, "value_match": match, "values": count}

    def _prior(self, name: str, numbers: Numbers) -> Column:
        """Return a column's values; nan where there is none. Numbers are on a logarithmic scale."""
        values = np.full(len(numbers), np.nan)
        for segment, places, docs in by_segment(self._searcher.snapshot, numbers):
            column = self._searcher.snapshot.views[segment].segment.numbers(name)[docs]
            missing = np.isnan(column) if column.dtype.kind == "f" else column == MISSING_INTEGER
            values[places] = np.where(missing, np.nan, column.astype(np.float64))
        return np.asarray(np.sign(values) * np.log1p(np.abs(values)), np.float64)
