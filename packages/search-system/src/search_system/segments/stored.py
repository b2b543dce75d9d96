"""Stored documents: JSON lines in blocks, each compressed on its own.

Reading one document inflates one block of some 16 KB, a tenth of a millisecond. zlib's level 1 is
four times as fast as its default and takes a tenth more disk. Blocks hold as many documents as fit,
so a merge copies a block that lost none as it is.
"""

import json
import zlib
from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np

from search_system.errors import CorruptIndexError
from search_system.segments.array_file import Array, ArrayFile, ArrayFileWriter, damaged
from search_system.segments.format import STORED_BLOCK_BYTES

_LEVEL = 1


class StoredWriter:
    """Collects documents as blocks in memory, or passes the blocks on to a stream."""

    def __init__(self, out: ArrayFileWriter | None = None) -> None:
        self._stream = out.stream("stored", np.uint8) if out else None
        self._blocks: list[bytes] = []
        self._offsets = array("q", [0])
        self._first = array("I")
        self._lines: list[bytes] = []
        self._pending = 0
        self._n_docs = 0  # in whole blocks

    @property
    def nbytes(self) -> int:
        """The memory that blocks and pending documents take."""
        return self._offsets[-1] + self._pending

    def append(self, line: bytes) -> None:
        """Add the next document, JSON in one line."""
        self._lines.append(line)
        self._pending += len(line)
        if self._pending >= STORED_BLOCK_BYTES:
            self._end_block()

    def append_block(self, block: bytes, n_docs: int) -> None:
        """Add a whole compressed block."""
        self._end_block()
        self._add(block, n_docs)

    def _end_block(self) -> None:
        if self._lines:
            self._add(zlib.compress(b"\n".join(self._lines), _LEVEL), len(self._lines))
            self._lines.clear()
            self._pending = 0

    def _add(self, block: bytes, n_docs: int) -> None:
        self._first.append(self._n_docs)
        self._n_docs += n_docs
        self._offsets.append(self._offsets[-1] + len(block))
        if self._stream:
            self._stream.append(np.frombuffer(block, np.uint8))
        else:
            self._blocks.append(block)

    def documents(self) -> Iterator[dict[str, Any]]:
        """Yield the documents that are in memory, in their order."""
        for block in self._blocks:
            yield from map(json.loads, zlib.decompress(block).split(b"\n"))
        yield from map(json.loads, self._lines)

    def write(self, out: ArrayFileWriter) -> None:
        """Write the arrays of everything added."""
        self._end_block()
        if not self._stream:
            out.add("stored", np.frombuffer(b"".join(self._blocks), dtype=np.uint8))
        out.add("stored_offsets", np.frombuffer(self._offsets, dtype=np.int64))
        out.add("stored_first", np.frombuffer(self._first, dtype=np.uint32))


class StoredDocuments:
    """Reads what `StoredWriter` wrote."""

    def __init__(self, file: ArrayFile, n_docs: int) -> None:
        self._file = file
        self._n_docs = n_docs
        self._offsets: Array = file["stored_offsets"]
        self._first: Array = file["stored_first"]

    def __getitem__(self, doc: int) -> dict[str, Any]:
        """Return a document by its number."""
        block = int(np.searchsorted(self._first, doc, side="right")) - 1
        docs = self._docs(block)
        line = self.lines(docs, self._compressed(block))[doc - docs.start]
        try:
            document: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise self._damaged(docs) from error
        return document

    def blocks(self) -> Iterator[tuple[range, bytes]]:
        """Yield the documents' numbers and the compressed bytes of each block."""
        for block in range(len(self._first)):
            yield self._docs(block), self._compressed(block)

    def lines(self, docs: range, compressed: bytes) -> list[bytes]:
        """Return the documents of a block, as `blocks` yields it, as JSON lines."""
        try:
            lines = zlib.decompress(compressed).split(b"\n")
        except zlib.error as error:
            raise self._damaged(docs) from error
        if len(lines) != len(docs):
            raise self._damaged(docs)
        return lines

    def _docs(self, block: int) -> range:
        last = block + 1 == len(self._first)
        return range(int(self._first[block]), self._n_docs if last else int(self._first[block + 1]))

    def _compressed(self, block: int) -> bytes:
        begin, end = self._offsets[block : block + 2].tolist()
        return self._file.bytes_at("stored", begin, end)

    def _damaged(self, docs: range) -> CorruptIndexError:
        what = f"stored documents {docs.start:,} to {docs.stop - 1:,} are damaged"
        return damaged(self._file.path, what)
