"""Operations that are in no segment yet, in two parts: up to the last commit, and since.

A commit turns nothing into a segment. Whoever searches next does that, for what was committed and
not for what was added since: that waits in a list of its own, prepared, until the next commit.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from search_system.dense.embedder import Embedder
from search_system.schema import IndexSchema
from search_system.segments.inverter import Analyze
from search_system.segments.writer import PreparedDocument
from search_system.store.log import Operation
from search_system.store.pending import BYTES_PER_OPERATION, Pending

_LARGEST_IN_MEMORY = 16 << 20
_CHECK_MEMORY_EVERY = 1 << 20


class Buffer:
    """Added documents and deleted ids, in the order of their operations."""

    def __init__(
        self,
        schema: IndexSchema,
        analyzers: Mapping[str, Analyze],
        embedders: Mapping[str, Embedder],
    ) -> None:
        self._new = partial(Pending, schema, analyzers, embedders)
        self._pending = self._new()
        self._since: list[PreparedDocument | bytes] = []
        self._unchecked_bytes = 0
        self.has_committed = False
        """Whether there are operations that a commit covers."""

    def has_grown(self) -> bool:
        """Return whether it is time to look at `nbytes`: a mebibyte after a commit or a yes."""
        if self._unchecked_bytes < _CHECK_MEMORY_EVERY:
            return False
        self._unchecked_bytes = 0
        return True

    @property
    def nbytes(self) -> int:
        """The memory that operations take, about, without those since a commit."""
        return self._pending.nbytes

    def prepare(self, document: Mapping[str, Any], doc_id: str, line: bytes) -> PreparedDocument:
        """Check and analyse a document; raise `CollectionError` if a field does not fit."""
        return self._pending.prepare(document, doc_id, line)

    def apply(self, operation: PreparedDocument | bytes) -> None:
        """Add a prepared document, or delete the one that has an id."""
        n_bytes = 0 if isinstance(operation, bytes) else len(operation.line)
        self._unchecked_bytes += n_bytes + BYTES_PER_OPERATION
        if self.has_committed:
            self._since.append(operation)
        else:
            self._pending.apply(operation)

    def replay(self, operation: Operation) -> None:
        """Do again what a log says was done."""
        self.apply(self._pending.prepare_logged(operation))

    def commit(self) -> None:
        """Note that a commit covers all operations so far."""
        for operation in self._since:
            self._pending.apply(operation)
        self._since.clear()
        self._unchecked_bytes = 0  # the log, which has room for commits, is short
        self.has_committed = bool(self._pending)

    @property
    def is_small(self) -> bool:
        """Whether what `take` returns may stay in memory as a segment.

        What is committed always may: the log, which is short where it has commits, bounds it.
        """
        return self.has_committed or self.nbytes <= _LARGEST_IN_MEMORY

    def take(self) -> Pending:
        """Return the operations up to the last commit, or all if there are none; forget them."""
        taken, since = self._pending, self._since
        self._pending, self._since, self.has_committed = self._new(), [], False
        for operation in since:
            self.apply(operation)
        return taken
