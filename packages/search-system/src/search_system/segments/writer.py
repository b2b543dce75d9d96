"""Collect documents in memory, and write them as a segment.

A document that is replaced or deleted before its segment is written stays in it, marked as deleted
like any other; a merge drops it. That keeps one way to delete, and document numbers final.
"""

from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from search_system.corpus.documents import as_text
from search_system.dense.embedder import Embedder
from search_system.schema import IndexSchema, TextField
from search_system.segments.array_file import ArrayFileWriter
from search_system.segments.columns import column_fields, column_writer
from search_system.segments.format import id_hash
from search_system.segments.inverter import Analyze, FieldInverter, Text
from search_system.segments.reader import Segment
from search_system.segments.stored import StoredWriter
from search_system.segments.strings import add_strings
from search_system.segments.values import ColumnValue, column_value
from search_system.segments.vectors import vector_sources, write_vectors

_BYTES_PER_ID = 150
"""What a document costs besides its content: its id's bytes, and what the store remembers of it."""


class PreparedDocument(NamedTuple):
    """A document, checked and analysed, so that adding it cannot fail."""

    id: bytes
    line: bytes
    """All of it, as JSON."""
    texts: list[Text]
    """Of the text fields."""
    values: list[ColumnValue]


class SegmentWriter:
    """The documents of the next segment."""

    def __init__(
        self,
        schema: IndexSchema,
        analyze: Mapping[str, Analyze],
        embedders: Mapping[str, Embedder],
    ) -> None:
        self._embedders = embedders
        self._vector_sources = vector_sources(schema)
        self._texts = {
            name: FieldInverter(analyze[name], positions=field.positions)
            for name, field in schema.of_type(TextField).items()
        }
        self._fields = column_fields(schema)
        self._columns = {name: column_writer(field) for name, field in self._fields.items()}
        self._ids: list[bytes] = []
        self._hashes = array("Q")
        self._stored = StoredWriter()

    def __len__(self) -> int:
        """Return the number of documents."""
        return len(self._ids)

    @property
    def nbytes(self) -> int:
        """How much memory the documents will need until they are written, about."""
        texts = sum(field.nbytes for field in self._texts.values())
        columns = sum(column.nbytes for column in self._columns.values())
        return texts + columns + self._stored.nbytes + len(self) * _BYTES_PER_ID

    def prepare(self, document: Mapping[str, Any], doc_id: str, line: bytes) -> PreparedDocument:
        """Check and analyse a document, whose JSON is ``line``.

        Raises:
            CollectionError: a field holds what its type cannot.
        """
        get = document.get
        return PreparedDocument(
            doc_id.encode(),
            line,
            [field.prepare(as_text(get(name))) for name, field in self._texts.items()],
            [column_value(f, get(name), name, doc_id) for name, f in self._fields.items()],
        )

    def append(self, document: PreparedDocument) -> int:
        """Add a document; return its number."""
        for field, text in zip(self._texts.values(), document.texts, strict=True):
            field.append(text)
        for column, value in zip(self._columns.values(), document.values, strict=True):
            column.append(value)
        self._stored.append(document.line)
        self._hashes.append(id_hash(document.id))
        self._ids.append(document.id)
        return len(self._ids) - 1

    def hash_of(self, doc: int) -> int:
        """Return the hash of a document's id."""
        return self._hashes[doc]

    def write(self, path: Path, *, in_memory: bool) -> Segment:
        """Return the segment, written to a file or in memory. Only to be called once."""
        with ArrayFileWriter(path, in_memory=in_memory) as out:
            tokens = {name: field.write(out, name) for name, field in self._texts.items()}
            for name, column in self._columns.items():
                column.write(out, name)
            dims = {
                name: write_vectors(
                    out, name, self._embedders[name], sources, self._stored.documents()
                )
                for name, sources in self._vector_sources.items()
            }
            self._stored.write(out)
            add_strings(out, "ids", self._ids)
            add_id_hashes(out, np.array(self._hashes, dtype=np.uint64))
            meta = {"documents": len(self), "tokens": tokens, "vectors": dims}
            return Segment(path, out.finish(meta, durable=False), out.content)


def add_id_hashes(out: ArrayFileWriter, hashes: np.ndarray[Any, np.dtype[np.uint64]]) -> None:
    """Write the arrays that find documents by their ids' hashes, which come in document order."""
    order = np.argsort(hashes, kind="stable")
    out.add("id_hashes", hashes[order])
    out.add("id_hash_docs", order.astype(np.uint32))
