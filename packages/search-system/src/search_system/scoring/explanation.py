"""Why a document has its score, computed from its postings alone, apart from the kernels.

Every number is computed by the same operations in the same order as in the kernels, so parts and
score equal those of a search to the last bit.
"""

import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from search_system.scoring.kernels.preparation import compute_impacts
from search_system.scoring.merging import Term, combine, searched_fields, text_of
from search_system.scoring.parameters import BM25F
from search_system.scoring.source import IndexStatistics, PostingsSource


@dataclass(frozen=True, slots=True)
class FieldExplanation:
    """What a term's occurrences in one field are worth."""

    field: str
    tf: int
    length: int
    average_length: float
    weight: float
    b: float
    frequency: float
    """``weight * tf / (1 - b + b * length / average_length)``."""


@dataclass(frozen=True, slots=True)
class TermExplanation:
    """One term's part of a document's score."""

    term: str
    query_weight: float
    df: int
    idf: float
    fields: tuple[FieldExplanation, ...]
    """The fields of the document that have the term."""
    frequency: float
    """The sum of the fields'."""
    saturation: float
    """``frequency / (k1 + frequency)``, from 0 to 1."""
    part: float
    """``query_weight * idf * saturation``, rounded to float32 and to a multiple of 2^-40."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A document's score, term by term."""

    n_docs: int
    k1: float
    terms: tuple[TermExplanation, ...]
    """The query's terms that the document has."""
    score: float
    """The sum of the terms' parts, added in this order."""


@dataclass(frozen=True, slots=True)
class Explainer:
    """Explains scores of an index under some parameters."""

    sources: Sequence[PostingsSource]
    statistics: IndexStatistics
    parameters: BM25F

    def __call__(self, terms: Mapping[Term, float], segment: int, doc: int) -> Explanation:
        """Explain the score of a document, given by its segment and its number in it."""
        explained = (self._term(term, weight, segment, doc) for term, weight in terms.items())
        found = tuple(term for term in explained if term is not None)
        return Explanation(
            n_docs=self.statistics.n_docs,
            k1=self.parameters.k1,
            terms=found,
            # Not sum(): from Python 3.12 on it compensates rounding, which kernels do not.
            score=reduce(operator.add, (term.part for term in found), 0.0),
        )

    def _term(self, term: Term, weight: float, segment: int, doc: int) -> TermExplanation | None:
        live = self.sources[segment].live
        if live is not None and not live[doc]:
            return None
        fields = tuple(self._fields(self.sources[segment], term, doc))
        if not fields:
            return None
        lists = (combine(s, term, self.parameters, self.statistics) for s in self.sources)
        df = sum(len(postings.docs) for postings in lists)
        idf = self.parameters.idf(self.statistics.n_docs, df)
        frequency = reduce(operator.add, (field.frequency for field in fields))
        impact = np.empty(1, np.float32)
        compute_impacts(np.array([frequency]), weight * idf, self.parameters.k1, impact)
        return TermExplanation(
            term=text_of(term),
            query_weight=weight,
            df=df,
            idf=idf,
            fields=fields,
            frequency=frequency,
            saturation=frequency / (self.parameters.k1 + frequency),
            part=float(impact[0]),
        )

    def _fields(self, source: PostingsSource, term: Term, doc: int) -> Iterator[FieldExplanation]:
        """Yield the fields in which the document has the term."""
        for name in searched_fields(term, self.parameters):
            docs, tfs = source.postings(name, text_of(term)) or (np.empty(0), np.empty(0))
            place = int(np.searchsorted(docs, doc))
            if place == len(docs) or docs[place] != doc:
                continue
            values, average = self.parameters.fields[name], self.statistics.average_lengths[name]
            tf, length = int(tfs[place]), int(source.lengths(name)[doc])
            yield FieldExplanation(
                field=name,
                tf=tf,
                length=length,
                average_length=average,
                weight=values.counted,
                b=values.b,
                frequency=values.counted * tf / (1.0 - values.b + values.b * length / average),
            )
