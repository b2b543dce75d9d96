"""An index that changes: documents are added, replaced and deleted while others search it.

Operations go to the log, then into memory. When memory is full, at a refresh and at a commit, what
is in memory becomes a segment; ids that it replaces or deletes are then looked up in the segments
before it, all at once. A refresh makes changes visible in this process without waiting for the
disk; a commit makes them durable, and visible to other processes.

A commit is one record and one fsync of the log. The segment is written beside that and not waited
for: it only serves this process. Every 256 commits, when the log has a mebibyte, after a large
merge and at the end, the commit is a checkpoint instead: segments, deletions and the list of them
go to the disk, and a new log begins. The price of cheap commits: who opens the index beside a
writer, or after a crash, analyses again what was committed since the checkpoint, which the mebibyte
bounds; and files that a merge replaced stay until the checkpoint. ``logged_commits=0`` makes every
commit a checkpoint, for analyses so dear that readers should not repeat them; so it is wherever the
schema has vectors, which readers then never make, and for which they need no model.

When an operation is acknowledged (kill -9 and, for the first two policies, power loss cannot undo
it) depends on the fsync policy:

- ``always``: when `Store.add` or `Store.delete` returns;
- ``commit``: when `Store.commit` returns;
- ``never``: the same, but the operating system writes when it likes, so power loss can undo it.

Operations after the last checkpoint are replayed from the log as far as it goes, never half of one.
After a failed write, such as on a full disk, memory and disk may differ: the store refuses further
work, and opening it again goes on from what the disk has.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from search_system import disk
from search_system.dense.embedder import Embedder, embedder_named
from search_system.errors import IndexFolderError, OptionError
from search_system.schema import IndexSchema, VectorField
from search_system.segments.inverter import Analyze
from search_system.segments.values import as_replayed, check_id, encode_document
from search_system.store.checkpoint import Checkpoint
from search_system.store.commit import read_commit
from search_system.store.config import (
    FsyncPolicy,
    WriterConfig,
    field_analyzers,
    field_embedders,
)
from search_system.store.lock import WriterLock
from search_system.store.log import LOG_BEGIN, Operation, check_log, read_operations
from search_system.store.log_writer import Log
from search_system.store.pending import Pending
from search_system.store.recovery import Recovery, check_schema, remove_unnamed, take_folder
from search_system.store.segment_set import SegmentSet
from search_system.store.snapshot import Snapshot, open_views
from search_system.store.view import SegmentView

_CHECK_MEMORY_EVERY = 1 << 20
_BYTES_PER_OPERATION = 200
_CLOSED = "it is closed"


class Store:
    """An index, opened for writing; safe for use by several threads."""

    def __init__(
        self,
        folder: Path,
        lock: WriterLock,
        analyzers: Mapping[str, Analyze],
        embedders: Mapping[str, Embedder],
        *,
        fsync: FsyncPolicy,
        config: WriterConfig,
    ) -> None:
        """Go on from a folder's last checkpoint and log; `open` is the way to make one."""
        self.folder = folder
        self._lock_file = lock
        self._sync_always = fsync == "always"
        commit = read_commit(folder)
        self.schema = commit.schema
        if self.schema.of_type(VectorField):
            config = replace(config, logged_commits=0)
        self._config = config
        self._analyzers = analyzers
        self._embedders = embedders
        views = open_views(folder, commit)
        durable = self._durable = fsync != "never"
        self._checkpoint = Checkpoint(folder, commit, views, config, durable=durable)
        number = commit.next_segment
        self._segments = SegmentSet(folder, self.schema, views, number, config, durable=durable)
        self._publish_commit(commit.generation)
        self._failure: str | None = None
        self._mutex = threading.RLock()
        self._pending = Pending(self.schema, self._analyzers, self._embedders)
        self._unchecked_bytes = 0
        self.recovery = self._recover()

    @classmethod
    def open(
        cls,
        folder: str | Path,
        schema: IndexSchema | None = None,
        fsync: FsyncPolicy = "commit",
        *,
        config: WriterConfig | None = None,
        analyzer: Callable[[str], Analyze] | None = None,
        embedder: Callable[[str], Embedder] = embedder_named,
    ) -> Self:
        """Open an index for writing; with a schema, begin one if there is none.

        Args:
            folder: where the index is.
            schema: its fields; None takes those of the index that is there.
            fsync: when operations are safe from power loss (see the module's text).
            config: memory and merges.
            analyzer: returns the analyzer of a name; by default the schema's own and the usual.
            embedder: returns the embedder that a vector field's schema names.

        Raises:
            IndexMissingError: there is no index, and no schema was given.
            IndexLockedError: another writer has it open; the message says which.
            CorruptIndexError: a file is missing or damaged; the message names it.
            IndexFolderError: the folder cannot be written, or holds something else.
            OptionError: the index has another schema, or names an analyzer or an embedder that
                does not exist or whose packages are not installed.
        """
        if fsync not in {"always", "commit", "never"}:
            raise OptionError(f"fsync must be always, commit or never, not {fsync!r}")
        folder = Path(folder)
        analyzers = field_analyzers(schema, analyzer) if schema else None
        embedders = field_embedders(schema, embedder) if schema else None
        lock = take_folder(folder, schema, durable=fsync != "never")
        try:
            commit = read_commit(folder)
            check_schema(folder, commit, schema)
            if analyzers is None or embedders is None:
                analyzers = field_analyzers(commit.schema, analyzer)
                embedders = field_embedders(commit.schema, embedder)
            with disk.writing(folder):
                writer = config or WriterConfig()
                return cls(folder, lock, analyzers, embedders, fsync=fsync, config=writer)
        except BaseException:
            lock.release()
            raise

    def _recover(self) -> Recovery:
        commit = self._checkpoint.commit
        path = self.folder / commit.log
        summary = check_log(path)
        remove_unnamed(self.folder, keep=commit.files)
        self._log = Log.reopen(path, summary, sync_always=self._sync_always)
        try:
            self._replay(read_operations(path, LOG_BEGIN, summary.committed))
            if summary.generation is not None:
                self._flush(durable=False)
                self._publish_commit(summary.generation)
            self._replay(read_operations(path, summary.committed, summary.size))
        except BaseException:
            self._segments.cancel_merge()
            self._log.close()
            raise
        return Recovery(path, summary.operations, summary.cut)

    def _replay(self, operations: Iterable[Operation]) -> None:
        for operation in operations:
            self._pending.replay(operation)
            self._spill(len(operation.line or b""))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, document: Mapping[str, Any], doc_id: str) -> None:
        """Add a document, in place of the one that has this id, if any.

        Raises:
            CollectionError: the id or a field cannot be indexed; nothing has changed.
            IndexFolderError: the log cannot be written.
        """
        check_id(doc_id)
        line = encode_document(document, doc_id)
        document = as_replayed(document, line)
        with self._mutex:
            prepared = self._pending.prepare(document, doc_id, line)
            with self._writing():
                self._log.append(Operation(doc_id, line))
                self._pending.add(prepared)
                self._spill(len(line))

    def delete(self, doc_id: str) -> None:
        """Delete the document that has this id; no such document is no error.

        Raises:
            CollectionError: this cannot be an id.
            IndexFolderError: the log cannot be written.
        """
        check_id(doc_id)
        with self._writing():
            self._log.append(Operation(doc_id, None))
            self._pending.delete(doc_id.encode())
            self._spill(0)

    def refresh(self) -> Snapshot:
        """Return a snapshot that has all operations so far, without waiting for the disk.

        Raises:
            IndexFolderError: the segment cannot be written.
        """
        with self._writing():
            self._flush(durable=False)
            self._snapshot = Snapshot(self.schema, self._segments.views, self._generation)
            return self._snapshot

    def snapshot(self) -> Snapshot:
        """Return the index as of the last refresh or commit."""
        return self._snapshot

    def commit(self) -> Snapshot:
        """Make all operations so far durable, and visible to who opens the index.

        Raises:
            IndexFolderError: something cannot be written; earlier commits are as they were, and
                opening the index again shows whether this one reached the log.
        """
        with self._writing():
            due = self._checkpoint.is_due(self._log, self._segments.views)
            if self._log.has_uncommitted and not due:
                self._log.append_commit(self._generation + 1)
                with self._log.syncing() if self._durable else nullcontext():
                    self._flush(durable=False)
                self._publish_commit(self._generation + 1)
                return self._snapshot
            self._flush(durable=self._durable)
            if self._log.has_uncommitted or self._segments.views != self._committed:
                self._log.committed = self._log.size
                self._write_checkpoint(self._segments.views, self._generation + 1)
                self._publish_commit(self._generation + 1)
            return self._snapshot

    def merge_all(self) -> None:
        """Merge all segments into one, and wait for it; the next commit makes it durable.

        Raises:
            IndexFolderError: the merged segment cannot be written, or a source is damaged.
        """
        with self._writing():
            self._flush(durable=False)
            self._segments.merge_all()

    def wait_for_merge(self) -> None:
        """Wait until the background merge that is running, if any, is part of the index."""
        with self._writing():
            self._segments.adopt_merge(wait=True)

    def close(self) -> None:
        """Stop writing. Operations since the last commit stay in the log and are replayed."""
        with self._mutex:
            if self._failure == _CLOSED:
                return
            try:
                self._segments.cancel_merge()
                if self._failure is None:
                    with disk.writing(self.folder):
                        self._log.flush()
                        if self._log.commits:
                            self._write_checkpoint(self._committed, self._generation)
            finally:
                self._failure = _CLOSED
                self._log.close()
                self._lock_file.release()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Let one thread write, and nobody after a write has failed."""
        with self._mutex:
            if self._failure is not None:
                raise IndexFolderError(f"{self.folder}: {self._failure}; open the index again")
            try:
                yield
            except OSError as error:
                self._failure = f"an earlier write failed ({error})"
                raise disk.unwritable(self.folder, error) from error
            except BaseException as error:
                self._failure = f"an earlier write failed ({error})"
                raise

    @property
    def merge_error(self) -> Exception | None:
        """Why background merges stopped; the index is sound without, but slower to search."""
        return self._segments.merge_error

    def _write_checkpoint(self, views: tuple[SegmentView, ...], generation: int) -> None:
        self._log = self._checkpoint.write(self._segments, views, generation, self._log)

    def _publish_commit(self, generation: int) -> None:
        self._generation, self._committed = generation, self._segments.views
        self._snapshot = Snapshot(self.schema, self._committed, generation)

    def _spill(self, n_bytes: int) -> None:
        """Write a segment if memory is full."""
        self._unchecked_bytes += n_bytes + _BYTES_PER_OPERATION
        if self._unchecked_bytes >= _CHECK_MEMORY_EVERY:
            self._unchecked_bytes = 0
            if self._pending.nbytes >= self._config.memory_mb << 20:
                self._flush(durable=False)

    def _flush(self, *, durable: bool) -> None:
        """Turn what is in memory into a segment."""
        if self._pending:
            self._segments.add(self._pending, durable=durable)
            self._pending = Pending(self.schema, self._analyzers, self._embedders)
        self._segments.merge_some()
