"""Invert documents: from terms per document to documents per term.

Tokens are collected as numbers and turned into sorted (term, document, frequency) runs, a batch at
a time, by one NumPy sort of 64-bit keys. Runs come in document order, so at the end each run's
postings go behind those of the runs before it, term by term, and nothing is sorted again. A token's
term number is looked up by the token as written: the analysis behind it (stop words, stemming) runs
once per distinct token.

Everything is in memory until the end: some ten bytes per posting, and several Python strings and
dictionary entries per distinct token, which weigh more where the vocabulary is large. A million
synthetic documents of 60 words (2.7 million terms, some 45 million postings) need 1.89 GB at the
peak (``benchmarks/scale.py 1000000``); reading them from a file adds a dictionary of their ids. Ten
million would want another design: several segments, merged on disk.
"""

from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search_system.analysis.analyzer import Analyzer

_BATCH_TOKENS = 2_000_000
_STOP_WORD = -1


@dataclass(frozen=True, slots=True)
class _Run:
    """The postings of some consecutive documents, grouped by term."""

    terms: NDArray[np.int32]
    """Term numbers, ascending; term i has ``sizes[i]`` postings."""
    sizes: NDArray[np.int64]
    docs: NDArray[np.int32]
    tfs: NDArray[np.unsignedinteger]


@dataclass(frozen=True, slots=True)
class Postings:
    """An inverted index: term i's postings are ``offsets[i]:offsets[i + 1]``."""

    terms: list[bytes]
    """UTF-8, ascending."""
    offsets: NDArray[np.int64]
    docs: NDArray[np.int32]
    tfs: NDArray[np.unsignedinteger]
    lengths: NDArray[np.int32]
    """Terms per document."""


class _TermNumbers(dict[str, int]):
    """The term number of each token, which is analysed and numbered when first seen."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.terms: dict[str, int] = {}
        self._analyzer = analyzer

    def __missing__(self, token: str) -> int:
        term = self._analyzer.term(token)
        number = self.terms.setdefault(term, len(self.terms)) if term else _STOP_WORD
        self[token] = number
        return number


class Inverter:
    """Collects texts in document order; `finish` returns their postings."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._numbers = _TermNumbers(analyzer)
        self._tokens = array("i")
        self._sizes = array("i")
        self._documents = 0
        self._runs: list[_Run] = []
        self._lengths: list[NDArray[np.int64]] = []

    def add(self, text: str) -> None:
        """Add the next document's text."""
        tokens = self._analyzer.tokens(text)
        self._tokens.extend([self._numbers[token] for token in tokens])
        self._sizes.append(len(tokens))
        if len(self._tokens) >= _BATCH_TOKENS:
            self._end_run()

    def _end_run(self) -> None:
        tokens = np.array(self._tokens, dtype=np.int64)
        documents = np.repeat(np.arange(len(self._sizes)), self._sizes)
        kept = tokens != _STOP_WORD
        tokens, documents = tokens[kept], documents[kept]
        self._lengths.append(np.bincount(documents, minlength=len(self._sizes)))
        keys, tfs = np.unique((tokens << 32) | (documents + self._documents), return_counts=True)
        terms, sizes = np.unique(keys >> 32, return_counts=True)
        docs = (keys & 0xFFFFFFFF).astype(np.int32)
        self._runs.append(_Run(terms.astype(np.int32), sizes, docs, _smallest(tfs)))
        self._documents += len(self._sizes)
        self._tokens, self._sizes = array("i"), array("i")

    def finish(self) -> Postings:
        """Return the postings of everything added."""
        self._end_run()
        terms = [term.encode() for term in self._numbers.terms]
        by_bytes = sorted(range(len(terms)), key=terms.__getitem__)
        rank = np.empty(len(terms), dtype=np.int32)
        rank[by_bytes] = np.arange(len(terms))
        sizes = np.zeros(len(terms), dtype=np.int64)
        for run in self._runs:
            sizes[rank[run.terms]] += run.sizes
        offsets = np.zeros(len(terms) + 1, dtype=np.int64)
        np.cumsum(sizes, out=offsets[1:])
        docs, tfs = self._merge(rank, offsets)
        return Postings(
            terms=[terms[i] for i in by_bytes],
            offsets=offsets,
            docs=docs,
            tfs=tfs,
            lengths=np.concatenate(self._lengths).astype(np.int32),
        )

    def _merge(
        self, rank: NDArray[np.int32], offsets: NDArray[np.int64]
    ) -> tuple[NDArray[np.int32], NDArray[np.unsignedinteger]]:
        """Return documents and frequencies by term rank, and forget the runs on the way."""
        docs = np.empty(int(offsets[-1]), dtype=np.int32)
        tfs = np.empty(len(docs), dtype=np.result_type(*(run.tfs for run in self._runs)))
        free = offsets[:-1].copy()  # where each term's next postings go
        self._runs.reverse()
        while self._runs:
            run = self._runs.pop()
            ranks, begins = rank[run.terms], np.cumsum(run.sizes) - run.sizes
            places = np.repeat(free[ranks] - begins, run.sizes) + np.arange(len(run.docs))
            docs[places], tfs[places] = run.docs, run.tfs
            free[ranks] += run.sizes
        return docs, tfs


def _smallest(tfs: NDArray[np.int64]) -> NDArray[np.unsignedinteger]:
    """Return frequencies in the smallest type that holds them."""
    return tfs.astype(np.min_scalar_type(int(tfs.max(initial=0))))
