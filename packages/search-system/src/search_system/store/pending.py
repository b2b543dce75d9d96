"""Operations that will be one segment."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_system.dense.embedder import Embedder
from search_system.schema import IndexSchema
from search_system.segments.format import id_hash
from search_system.segments.inverter import Analyze
from search_system.segments.writer import PreparedDocument, SegmentWriter
from search_system.store.log import Operation
from search_system.store.view import SegmentView

_DELETED = -1
BYTES_PER_OPERATION = 200
"""What remembering an id costs."""


class Pending:
    """Added documents and deleted ids, the last operation of an id counting."""

    def __init__(
        self,
        schema: IndexSchema,
        analyzers: Mapping[str, Analyze],
        embedders: Mapping[str, Embedder],
    ) -> None:
        self._writer = SegmentWriter(schema, analyzers, embedders)
        self._docs: dict[bytes, int] = {}
        self._replaced: list[int] = []

    def __bool__(self) -> bool:
        """Return whether there is anything."""
        return bool(self._docs)

    @property
    def nbytes(self) -> int:
        """The memory that the operations take, about."""
        return self._writer.nbytes + len(self._docs) * BYTES_PER_OPERATION

    def prepare(self, document: Mapping[str, Any], doc_id: str, line: bytes) -> PreparedDocument:
        """Check and analyse a document; raise `CollectionError` if a field does not fit."""
        return self._writer.prepare(document, doc_id, line)

    def prepare_logged(self, operation: Operation) -> PreparedDocument | bytes:
        """Prepare what a log says was done, for `apply`."""
        doc_id, line = operation
        return doc_id.encode() if line is None else self.prepare(json.loads(line), doc_id, line)

    def apply(self, operation: PreparedDocument | bytes) -> None:
        """Add a document in place of any other of its id; or delete the one that has an id."""
        if isinstance(operation, bytes):
            self._set(operation, _DELETED)
        else:
            self._set(operation.id, self._writer.append(operation))

    def _set(self, doc_id: bytes, doc: int) -> None:
        replaced = self._docs.get(doc_id, _DELETED)
        if replaced != _DELETED:
            self._replaced.append(replaced)
        self._docs[doc_id] = doc

    def delete_from(self, views: Sequence[SegmentView]) -> list[SegmentView]:
        """Return the views without the documents whose ids were added again or deleted.

        Sorting the hashes first makes the look-ups walk through each segment's table once.
        """
        ids = list(self._docs)
        hashes = np.fromiter(map(self._hash, ids, self._docs.values()), np.uint64, len(ids))
        order = np.argsort(hashes)
        hashes, ids = hashes[order], [ids[i] for i in order.tolist()]
        return [_without(view, view.segment.find_all(hashes, ids)) for view in views]

    def _hash(self, doc_id: bytes, doc: int) -> int:
        return id_hash(doc_id) if doc == _DELETED else self._writer.hash_of(doc)

    def write(self, path: Path, *, in_memory: bool) -> SegmentView | None:
        """Write the documents as a segment, to a file or in memory; None if none of them lives."""
        if all(doc == _DELETED for doc in self._docs.values()):
            return None
        view = SegmentView(self._writer.write(path, in_memory=in_memory))
        return _without(view, np.array(self._replaced, dtype=np.int64))


def _without(view: SegmentView, docs: NDArray[np.int64]) -> SegmentView:
    """Return the view without some documents; the same one if they are deleted already."""
    if view.deleted is not None:
        docs = docs[~view.deleted[docs]]
    return view.with_deleted(docs) if len(docs) else view
