"""Merge segments into one that has their live documents, in their order.

Everything streams. Postings go by ranges of terms, stored documents by blocks, which are copied as
they are where no document was deleted. So memory is bounded by one range (some 100 MB, or the
longest postings list), one column of the largest source, and about 40 bytes per document.

The sources are verified first: a merge must not give new checksums to damaged bytes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search_system.schema import IndexSchema, KeywordField, TextField, VectorField
from search_system.segments.array_file import ArrayFileWriter, FileInfo
from search_system.segments.columns import column_fields, is_integer
from search_system.segments.merge_strings import merge_tables
from search_system.segments.merge_text import DROPPED, merge_text
from search_system.segments.reader import Segment
from search_system.segments.stored import StoredWriter
from search_system.segments.strings import StringStream
from search_system.segments.vectors import merge_vectors
from search_system.segments.writer import add_id_hashes

_SMALL_BLOCK = 2_048
"""Compressed blocks below this are packed anew with their neighbours."""
_RANGE_VALUES = 500_000


@dataclass(frozen=True, slots=True)
class MergeSource:
    """A segment, and which of its documents to keep."""

    segment: Segment
    live: NDArray[np.bool_]
    new_docs: NDArray[np.uint32]
    """The document numbers in the merged segment; DROPPED for those that are not live."""


def merge_sources(
    segments: Sequence[tuple[Segment, NDArray[np.bool_]]],
) -> tuple[list[MergeSource], int]:
    """Number the live documents of some segments, which are given with masks of them.

    Returns:
        The sources, and how many documents there will be.
    """
    sources, n_docs = [], 0
    for segment, live in segments:
        new_docs = np.full(segment.n_docs, DROPPED)
        n_live = int(np.count_nonzero(live))
        new_docs[live] = np.arange(n_docs, n_docs + n_live, dtype=np.uint32)
        sources.append(MergeSource(segment, live, new_docs))
        n_docs += n_live
    return sources, n_docs


def merge_segments(
    path: Path,
    schema: IndexSchema,
    sources: Sequence[MergeSource],
    *,
    durable: bool,
    pause: Callable[[], None] = lambda: None,
) -> FileInfo:
    """Write the merged segment. ``pause`` is called often; what it raises ends the merge.

    Raises:
        CorruptIndexError: a source is damaged.
    """
    for source in sources:
        pause()
        source.segment.verify()
    with ArrayFileWriter(path) as out:
        tokens = {}
        for name in schema.of_type(TextField):
            texts = [(source.segment.text(name), source.new_docs) for source in sources]
            tokens[name] = merge_text(out, name, texts, pause)
        for name, field in column_fields(schema).items():
            pause()
            if isinstance(field, KeywordField):
                _merge_keywords(out, name, sources)
            else:
                stream = out.stream(
                    f"{name}/numbers", np.int64 if is_integer(field) else np.float64
                )
                for source in sources:
                    stream.append(source.segment.numbers(name)[source.live])
        dims = {}
        for name in schema.of_type(VectorField):
            vectors = [(source.segment.vectors(name), source.live) for source in sources]
            dims[name] = merge_vectors(out, name, vectors, pause)
        _merge_stored(out, sources, pause)
        _merge_ids(out, sources)
        n_docs = sum(int(np.count_nonzero(source.live)) for source in sources)
        meta = {"documents": n_docs, "tokens": tokens, "vectors": dims}
        return out.finish(meta, durable=durable)


def _merge_keywords(out: ArrayFileWriter, name: str, sources: Sequence[MergeSource]) -> None:
    columns = [source.segment.keywords(name) for source in sources]
    kept = [
        np.repeat(s.live, np.diff(column.offsets))
        for s, column in zip(sources, columns, strict=True)
    ]
    used = [np.zeros(len(column.values), dtype=np.bool_) for column in columns]
    for column, keep, use in zip(columns, kept, used, strict=True):
        use[column.codes[keep]] = True
    new_codes = _merge_values(out, name, sources, used)
    codes = out.stream(f"{name}/codes", np.uint32)
    offsets = out.stream(f"{name}/codes_offsets", np.int64)
    offsets.append(np.zeros(1, np.int64))
    for source, column, keep, new in zip(sources, columns, kept, new_codes, strict=True):
        offsets.append(np.cumsum(np.diff(column.offsets)[source.live]) + codes.count)
        codes.append(new[column.codes[keep]])


def _merge_values(
    out: ArrayFileWriter,
    name: str,
    sources: Sequence[MergeSource],
    used: Sequence[NDArray[np.bool_]],
) -> list[NDArray[np.uint32]]:
    """Write the values that live documents have; return each source's codes in the new table."""
    tables = [source.segment.keywords(name).values for source in sources]
    stream, n_values = StringStream(out, f"{name}/values"), 0
    new_codes = [np.zeros(len(table), dtype=np.uint32) for table in tables]
    costs = [np.arange(len(table) + 1) for table in tables]
    for merged in merge_tables(tables, costs, _RANGE_VALUES):
        spans = [slice(b, e) for b, e in zip(merged.begins, merged.ends, strict=True)]
        kept = np.zeros(len(merged), dtype=np.bool_)
        for use, span, ranks in zip(used, spans, merged.ranks, strict=True):
            kept[ranks[use[span]]] = True
        numbers = np.cumsum(kept) - 1 + n_values
        for new, span, ranks in zip(new_codes, spans, merged.ranks, strict=True):
            new[span] = numbers[ranks]
        merged.write(stream, kept)
        n_values += int(np.count_nonzero(kept))
    return new_codes


def _merge_stored(
    out: ArrayFileWriter, sources: Sequence[MergeSource], pause: Callable[[], None]
) -> None:
    writer = StoredWriter(out)
    for source in sources:
        stored = source.segment.stored
        for docs, block in stored.blocks():
            pause()
            live = source.live[docs.start : docs.stop]
            if len(block) >= _SMALL_BLOCK and live.all():
                writer.append_block(block, len(docs))
            elif live.any():
                lines = stored.lines(docs, block)
                for line, keep in zip(lines, live.tolist(), strict=True):
                    if keep:
                        writer.append(line)
    writer.write(out)


def _merge_ids(out: ArrayFileWriter, sources: Sequence[MergeSource]) -> None:
    ids, hashes = StringStream(out, "ids"), []
    for source in sources:
        file, table = source.segment.file, source.segment.ids
        by_doc = np.empty(source.segment.n_docs, dtype=np.uint64)
        by_doc[file["id_hash_docs"]] = file["id_hashes"]
        hashes.append(by_doc[source.live])
        sizes = np.diff(table.offsets)
        ids.append(file["ids"][np.repeat(source.live, sizes)], sizes[source.live])
    add_id_hashes(out, np.concatenate(hashes))
