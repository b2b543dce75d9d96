"""Invert the texts of one field: from terms per document to documents per term.

Texts wait until there are some, and then their tokens become word numbers. Every few million of
these become a run of term numbers: one NumPy sort of 64-bit keys (term, place) groups them by term,
and since places ascend, by document and position within each term. At the end, each run's postings
go behind those of the runs before it, term by term, and nothing is sorted again.

An `Analyzer` that looks at one token at a time is asked once per distinct token, and the segment
then has the field's words too; most need not even split texts of ASCII, which compiled code does.
Any other callable is called on each text as a whole, and what it returns are the only words.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import cast

import numpy as np
from numpy.typing import NDArray

from search_system.analysis.analyzer import Analyzer
from search_system.segments.array_file import ArrayFileWriter
from search_system.segments.format import LARGE_TF, STOP_WORD
from search_system.segments.numbering import WordNumbers

Analyze = Callable[[str], Sequence[str | None]]
"""What turns a text into its terms, in order; None is a stop word, which still has its place."""

Text = str | Sequence[str | None]
"""A text as `FieldInverter.append` takes it: of ASCII, to be split, or as its tokens."""

_WAITING = 1 << 16
"""So many characters, or tokens, are numbered at once."""
_RUN_TOKENS = 2_000_000
_BYTES_PER_WORD = 200
"""A word's cost in memory: its bytes in the lexicon and when they are sorted, and its term's."""
_BYTES_PER_TOKEN = 16
"""A token's share of a run, and of the arrays that the runs become at the end."""


@dataclass(frozen=True, slots=True)
class _Run:
    """The postings of some consecutive documents, grouped by term."""

    terms: NDArray[np.int64]
    """Term numbers, ascending; term i has ``sizes[i]`` postings and ``tokens[i]`` positions."""
    sizes: NDArray[np.int64]
    tokens: NDArray[np.int64]
    docs: NDArray[np.uint32]
    tfs: NDArray[np.uint32]
    positions: NDArray[np.uint32]
    """Empty if the field keeps none."""


class FieldInverter:
    """Collects the texts of a field in document order; `write` writes their arrays."""

    def __init__(self, analyze: Analyze, *, positions: bool) -> None:
        self.prepare: Callable[[str], Text] = analyze
        """Returns a text as `append` takes it; what an analyzer may raise, it raises here."""
        self._numbers = WordNumbers(lambda words: [*words])
        self._folded = np.zeros(0, np.int8)
        # Edge n-grams make several terms of one token.
        self._has_words = isinstance(analyze, Analyzer) and not analyze.config.edge_grams
        if isinstance(analyze, Analyzer) and self._has_words:
            self.prepare, self._numbers = analyze.simplified, WordNumbers(analyze.terms)
            self._folded = np.frombuffer(analyze.folded or b"", np.int8)
        self._positions = positions
        self._waiting: list[Text] = []
        self._n_waiting = 0
        self._tokens: list[NDArray[np.int32]] = []
        self._sizes: list[NDArray[np.int64]] = []
        self._n_tokens = 0
        self._documents = 0
        self._tokens_in_runs = 0
        self._runs: list[_Run] = []
        self._lengths: list[NDArray[np.uint32]] = []

    @property
    def nbytes(self) -> int:
        """How much memory the field will need until it is written, about."""
        tokens = self._tokens_in_runs + self._n_tokens + self._n_waiting
        return tokens * _BYTES_PER_TOKEN + len(self._numbers.lexicon) * _BYTES_PER_WORD

    def append(self, text: Text) -> None:
        """Add the next document's text."""
        self._waiting.append(text)
        self._n_waiting += len(text)
        if self._n_waiting >= _WAITING:
            self._number()
            if self._n_tokens >= _RUN_TOKENS:
                self._end_run()

    def _number(self) -> None:
        """Number the words of the texts that wait."""
        lexicon = self._numbers.lexicon
        for split, texts in groupby(self._waiting, key=lambda text: isinstance(text, str)):
            if split:
                numbers, sizes = lexicon.split(cast("list[str]", list(texts)), self._folded)
            else:
                tokens = list(texts)
                numbers = lexicon.number([token or "" for text in tokens for token in text])
                sizes = np.fromiter(map(len, tokens), np.int64, len(tokens))
            self._tokens.append(numbers)
            self._sizes.append(sizes)
            self._n_tokens += len(numbers)
        self._waiting, self._n_waiting = [], 0

    def _end_run(self) -> None:
        terms = self._numbers.terms_of(np.concatenate([*self._tokens, np.zeros(0, np.int32)]))
        sizes = np.concatenate([*self._sizes, np.zeros(0, np.int64)])
        documents = np.repeat(np.arange(len(sizes)), sizes)
        kept = np.flatnonzero(terms != STOP_WORD)
        lengths = np.bincount(documents[kept], minlength=len(sizes))
        if len(kept):
            keys = (terms[kept] << 32) | kept
            self._runs.append(self._invert(keys, documents, np.cumsum(sizes) - sizes))
        self._lengths.append(lengths.astype(np.uint32))
        self._documents += len(sizes)
        self._tokens_in_runs += len(kept)
        self._tokens, self._sizes, self._n_tokens = [], [], 0

    def _invert(
        self, keys: NDArray[np.int64], documents: NDArray[np.int64], begins: NDArray[np.int64]
    ) -> _Run:
        """Return the run of keys (term, place), given places' documents and where these begin."""
        keys.sort()
        terms, places = keys >> 32, keys & 0xFFFFFFFF
        documents = documents[places]
        new_term = np.flatnonzero(np.diff(terms, prepend=-1))
        changes = np.diff(documents, prepend=-1) != 0
        changes[new_term] = True
        starts = np.flatnonzero(changes)
        first_posting = np.searchsorted(starts, new_term)
        return _Run(
            terms=terms[new_term],
            sizes=np.diff(first_posting, append=len(starts)),
            tokens=np.diff(new_term, append=len(terms)),
            docs=(documents[starts] + self._documents).astype(np.uint32),
            tfs=np.diff(starts, append=len(terms)).astype(np.uint32),
            positions=(places - begins[documents] if self._positions else terms[:0]).astype(
                np.uint32
            ),
        )

    def write(self, out: ArrayFileWriter, name: str) -> int:
        """Write the arrays of everything added; return the number of tokens."""
        self._number()
        self._end_run()
        rank = self._numbers.write(out, name, words=self._has_words)
        offsets = self._offsets(rank, [run.sizes for run in self._runs])
        out.add(f"{name}/postings_offsets", offsets)
        out.add(f"{name}/docs", self._scatter(rank, offsets, "docs", "sizes"))
        tfs = self._scatter(rank, offsets, "tfs", "sizes")
        large = np.flatnonzero(tfs >= LARGE_TF)
        out.add(f"{name}/tfs", np.minimum(tfs, LARGE_TF).astype(np.uint8))
        out.add(f"{name}/large_at", large)
        out.add(f"{name}/large_tfs", tfs[large])
        lengths = np.concatenate(self._lengths)
        out.add(f"{name}/lengths", lengths)
        if self._positions:
            offsets = self._offsets(rank, [run.tokens for run in self._runs])
            out.add(f"{name}/positions_offsets", offsets)
            out.add(f"{name}/positions", self._scatter(rank, offsets, "positions", "tokens"))
        return int(lengths.sum(dtype=np.int64))

    def _offsets(
        self, rank: NDArray[np.int64], sizes_of_runs: list[NDArray[np.int64]]
    ) -> NDArray[np.int64]:
        sizes = np.zeros(int(rank.max(initial=-1)) + 1, dtype=np.int64)
        for run, run_sizes in zip(self._runs, sizes_of_runs, strict=True):
            sizes[rank[run.terms]] += run_sizes
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])

    def _scatter(
        self, rank: NDArray[np.int64], offsets: NDArray[np.int64], values: str, sizes: str
    ) -> NDArray[np.uint32]:
        """Return the runs' values in the order of the terms' ranks."""
        result = np.empty(int(offsets[-1]), dtype=np.uint32)
        free = offsets[:-1].copy()  # where each term's next values go
        for run in self._runs:
            scatter(result, getattr(run, values), rank[run.terms], getattr(run, sizes), free)
        return result


def scatter(
    result: NDArray[np.uint32],
    values: NDArray[np.uint32],
    groups: NDArray[np.int64],
    sizes: NDArray[np.int64],
    free: NDArray[np.int64],
) -> None:
    """Put consecutive values, ``sizes[i]`` of them for ``groups[i]``, at their groups' free places.

    A group comes at most once. ``free`` moves on, so that the next call's values go behind.
    """
    begins = np.cumsum(sizes) - sizes
    places = np.repeat(free[groups] - begins, sizes)
    places += np.arange(len(values))
    result[places] = values
    free[groups] += sizes
