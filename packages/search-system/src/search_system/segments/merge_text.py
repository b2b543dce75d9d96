"""Merge the inverted indexes of a text field, a range of terms at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search_system.segments.array_file import ArrayFileWriter
from search_system.segments.format import LARGE_TF, STOP_WORD
from search_system.segments.inverter import scatter
from search_system.segments.merge_strings import MergedRange, merge_tables
from search_system.segments.reader import TextIndex
from search_system.segments.strings import StringStream
from search_system.segments.words import WordSource, merge_words

DROPPED = np.uint32(0xFFFFFFFF)
"""The new number of a document that is deleted."""
_RANGE_POSTINGS = 2_000_000
_TERM_COST = 8
"""A term costs as much memory as this many postings."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What one source gives to a range: live postings, grouped by the range's terms."""

    sizes: NDArray[np.int64]
    tokens: NDArray[np.int64]
    tokens_before: NDArray[np.int64]
    """Those of deleted documents included."""
    docs: NDArray[np.uint32]
    tfs: NDArray[np.uint32]
    positions: NDArray[np.uint32]


class _TextStreams:
    """The arrays of the merged field."""

    def __init__(self, out: ArrayFileWriter, name: str, *, positions: bool) -> None:
        self.terms = StringStream(out, f"{name}/terms")
        self.offsets = out.stream(f"{name}/postings_offsets", np.int64)
        self.docs = out.stream(f"{name}/docs", np.uint32)
        self.tfs = out.stream(f"{name}/tfs", np.uint8)
        self.large_at = out.stream(f"{name}/large_at", np.int64)
        self.large_tfs = out.stream(f"{name}/large_tfs", np.uint32)
        self.offsets.append(np.zeros(1, np.int64))
        self.n_terms = 0
        if positions:
            self.positions_offsets = out.stream(f"{name}/positions_offsets", np.int64)
            self.positions = out.stream(f"{name}/positions", np.uint32)
            self.positions_offsets.append(np.zeros(1, np.int64))

    def append(self, terms: MergedRange, parts: Sequence[_Part]) -> NDArray[np.int64]:
        """Write the next terms with the postings that each source has for them.

        Returns:
            The number of each term; STOP_WORD if none of its documents is left.
        """
        sizes = np.sum([part.sizes for part in parts], axis=0)
        kept = sizes > 0  # a term may have lost all its documents
        terms.write(self.terms, kept)
        tfs = _concatenate(sizes, [(part.sizes, part.tfs) for part in parts])
        large = np.flatnonzero(tfs >= LARGE_TF)
        self.large_at.append(large + self.docs.count)
        self.large_tfs.append(tfs[large])
        self.offsets.append(np.cumsum(sizes[kept]) + self.docs.count)
        self.docs.append(_concatenate(sizes, [(part.sizes, part.docs) for part in parts]))
        self.tfs.append(np.minimum(tfs, LARGE_TF))
        numbers = np.where(kept, np.cumsum(kept) - 1 + self.n_terms, STOP_WORD)
        self.n_terms += int(np.count_nonzero(kept))
        return numbers

    def append_positions(self, parts: Sequence[_Part]) -> None:
        """Write the positions of the same postings."""
        sizes = np.sum([part.tokens for part in parts], axis=0)
        self.positions_offsets.append(np.cumsum(sizes[sizes > 0]) + self.positions.count)
        self.positions.append(_concatenate(sizes, [(p.tokens, p.positions) for p in parts]))


def merge_text(
    out: ArrayFileWriter,
    name: str,
    sources: Sequence[tuple[TextIndex, NDArray[np.uint32]]],
    pause: Callable[[], None],
) -> int:
    """Write a field of the merged segment; return its number of tokens.

    Each source comes with the new numbers of its documents. ``pause`` is called between ranges.
    """
    lengths = out.stream(f"{name}/lengths", np.uint32)
    n_tokens = 0
    for text, new_docs in sources:
        live = text.lengths[new_docs != DROPPED]
        lengths.append(live)
        n_tokens += int(live.sum(dtype=np.int64))
    positions = sources[0][0].has_positions
    streams = _TextStreams(out, name, positions=positions)
    costs = [text.offsets + _TERM_COST * np.arange(len(text.offsets)) for text, _ in sources]
    tables = [text.terms for text, _ in sources]
    words = [WordSource(text.words, len(text.terms)) for text, _ in sources if text.words]
    for merged in merge_tables(tables, costs, _RANGE_POSTINGS):
        pause()
        if len(merged):
            parts = [_part(merged, i, *source) for i, source in enumerate(sources)]
            numbers = streams.append(merged, parts)
            if positions:
                streams.append_positions(parts)
            if words:
                _learn(words, merged, parts, numbers)
    if words:
        merge_words(out, name, words, pause)
    return n_tokens


def _learn(
    words: Sequence[WordSource],
    merged: MergedRange,
    parts: Sequence[_Part],
    numbers: NDArray[np.int64],
) -> None:
    """Tell each source's words what became of a range of terms."""
    for source, part, begin, end, ranks in zip(
        words, parts, merged.begins, merged.ends, merged.ranks, strict=True
    ):
        tokens = part.tokens_before[ranks], part.tokens[ranks]
        source.learn(slice(begin, end), numbers[ranks], *tokens)


def _part(merged: MergedRange, source: int, text: TextIndex, new_docs: NDArray[np.uint32]) -> _Part:
    first, last = merged.begins[source], merged.ends[source]
    offsets = text.offsets[first : last + 1]
    begin, end = int(offsets[0]), int(offsets[-1])
    groups = np.repeat(merged.ranks[source], np.diff(offsets))
    docs = new_docs[text.docs[begin:end]]
    tfs = text.frequencies(begin, end).astype(np.uint32)
    positions = np.empty(0, np.uint32)
    if text.has_positions:
        spans = text.positions_offsets[[first, last]].tolist()
        positions = text.all_positions[spans[0] : spans[1]]
    n = len(merged)
    before = tokens = np.bincount(groups, weights=tfs, minlength=n).astype(np.int64)
    kept = docs != DROPPED
    if not kept.all():
        if text.has_positions:
            positions = positions[np.repeat(kept, tfs)]
        groups, docs, tfs = groups[kept], docs[kept], tfs[kept]
        tokens = np.bincount(groups, weights=tfs, minlength=n).astype(np.int64)
    return _Part(np.bincount(groups, minlength=n), tokens, before, docs, tfs, positions)


def _concatenate(
    sizes: NDArray[np.int64], parts: Sequence[tuple[NDArray[np.int64], NDArray[np.uint32]]]
) -> NDArray[np.uint32]:
    """Return the values of each group, those of the first part first."""
    result = np.empty(int(sizes.sum()), dtype=np.uint32)
    free = np.cumsum(sizes) - sizes
    for part_sizes, values in parts:
        groups = np.flatnonzero(part_sizes)
        scatter(result, values, groups, part_sizes[groups], free)
    return result
