"""An index that changes: documents are added, replaced and deleted while others search it.

Operations go to the log and into memory. A commit is one record and one fsync of the log; it makes
nothing that could be searched. Whoever searches next in this process turns what was committed into
a segment in memory; ids that it replaces or deletes are then looked up in the segments before it,
all at once. A refresh does so for what is not committed yet, too. When memory is full, the segment
goes to a file.

Every 256 commits, when the log has a mebibyte, after a large merge and at the end, the commit is a
checkpoint instead: segments, deletions and the list of them go to the disk, and a new log begins.
The price of cheap commits: the first search after one pays for the segment, and waits for another
thread's commit; who opens the index beside a writer, or after a crash, analyses again what was
committed since the checkpoint, which the mebibyte bounds; and files that a merge replaced stay
until the checkpoint. ``logged_commits=0`` makes every commit a checkpoint, for analyses so dear
that readers should not repeat them; so it is wherever the schema has vectors, which readers then
never make, and for which they need no model.

When an operation is acknowledged (kill -9 and, for the first two policies, power loss cannot undo
it) depends on the fsync policy:

- ``always``: when `Store.add` or `Store.delete` returns;
- ``commit``: when `Store.commit` returns;
- ``never``: the same, but the operating system writes when it likes, so power loss can undo it.

Operations after the last checkpoint are replayed from the log as far as it goes, never half of one.
After a failed write the store refuses further work (see `search_system.store.gate`), and opening it
again goes on from what the disk has; what was committed is still found.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from search_system import disk
from search_system.dense.embedder import Embedder, embedder_named
from search_system.errors import OptionError
from search_system.schema import IndexSchema, VectorField
from search_system.segments.inverter import Analyze
from search_system.segments.values import as_replayed, check_id, encode_document
from search_system.store.buffer import Buffer
from search_system.store.checkpoint import Checkpoint
from search_system.store.commit import read_commit
from search_system.store.config import (
    FsyncPolicy,
    WriterConfig,
    field_analyzers,
    field_embedders,
)
from search_system.store.gate import Gate
from search_system.store.lock import WriterLock
from search_system.store.log import LOG_BEGIN, Operation, check_log, read_operations
from search_system.store.log_writer import Log
from search_system.store.recovery import Recovery, check_schema, remove_unnamed, take_folder
from search_system.store.segment_set import SegmentSet
from search_system.store.snapshot import Snapshot, open_views
from search_system.store.view import SegmentView

_CHECK_MEMORY_EVERY = 1 << 20
_BYTES_PER_OPERATION = 200


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
        self._memory = config.memory_mb << 20
        views = open_views(folder, commit)
        durable = self._durable = fsync != "never"
        self._checkpoint = Checkpoint(folder, commit, views, config, durable=durable)
        number = commit.next_segment
        self._segments = SegmentSet(folder, self.schema, views, number, config, durable=durable)
        self._publish_commit(commit.generation)
        self._gate = Gate(folder)
        self._buffer = Buffer(self.schema, analyzers, embedders)
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
                self._note_commit(summary.generation)
            self._replay(read_operations(path, summary.committed, summary.size))
        except BaseException:
            self._segments.cancel_merge()
            self._log.close()
            raise
        return Recovery(path, summary.operations, summary.cut)

    def _replay(self, operations: Iterable[Operation]) -> None:
        for operation in operations:
            self._buffer.replay(operation)
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
        with self._gate.mutex:
            prepared = self._buffer.prepare(document, doc_id, line)
            with self._gate:
                self._log.append(Operation(doc_id, line))
                self._buffer.apply(prepared)
                self._spill(len(line))

    def delete(self, doc_id: str) -> None:
        """Delete the document that has this id; no such document is no error.

        Raises:
            CollectionError: this cannot be an id.
            IndexFolderError: the log cannot be written.
        """
        check_id(doc_id)
        with self._gate:
            self._log.append(Operation(doc_id, None))
            self._buffer.apply(doc_id.encode())
            self._spill(0)

    def refresh(self) -> Snapshot:
        """Return a snapshot that has all operations so far, without waiting for the disk.

        Raises:
            IndexFolderError: the segment cannot be written.
        """
        with self._gate:
            self._show_commit()
            self._flush()
            if self._segments.views != self._snapshot.views:
                self._publish()
            return self._snapshot

    def snapshot(self) -> Snapshot:
        """Return the index as of the last refresh or commit, whichever came later.

        The first call after a commit makes a segment in memory of what was committed, and waits
        until no other thread writes.
        """
        if self._buffer.has_committed:
            with self._gate.mutex:
                self._show_commit()
        return self._snapshot

    def commit(self) -> None:
        """Make all operations so far durable, and visible to who opens the index.

        Raises:
            IndexFolderError: something cannot be written; earlier commits are as they were, and
                opening the index again shows whether this one reached the log.
        """
        with self._gate:
            due = self._checkpoint.is_due(self._log, self._segments.views)
            if self._log.has_uncommitted and not due:
                self._log.append_commit(self._generation + 1)
                if self._durable:
                    self._log.sync()
                self._segments.merge_some()
                self._note_commit(self._generation + 1)
            elif self._log.has_uncommitted or self._has_merged:
                self._commit_as_checkpoint()

    def merge_all(self) -> None:
        """Merge all segments into one, and wait for it; the next commit makes it durable.

        Raises:
            IndexFolderError: the merged segment cannot be written, or a source is damaged.
        """
        with self._gate:
            self._show_commit()
            self._flush()
            self._segments.merge_all()

    def wait_for_merge(self) -> None:
        """Wait until the background merge that is running, if any, is part of the index."""
        with self._gate:
            self._segments.adopt_merge(wait=True)

    def close(self) -> None:
        """Stop writing. Operations since the last commit stay in the log and are replayed."""
        with self._gate.mutex:
            if self._gate.is_closed:
                return
            try:
                self._segments.cancel_merge()
                self._show_commit()
                if self._gate.is_open:
                    with disk.writing(self.folder):
                        self._log.flush()
                        if self._log.commits:
                            views = self._segments.write(self._committed)
                            self._write_checkpoint(views, self._generation)
            finally:
                self._gate.close()
                self._log.close()
                self._lock_file.release()

    @property
    def merge_error(self) -> Exception | None:
        """Why background merges stopped; the index is sound without, but slower to search."""
        return self._segments.merge_error

    @property
    def _has_merged(self) -> bool:
        """Whether segments have changed since the last commit, without an operation."""
        return not self._buffer.has_committed and self._segments.views != self._committed

    def _commit_as_checkpoint(self) -> None:
        if self._buffer.has_committed:
            self._buffer.commit()  # one segment of what was committed and what is
        self._flush()
        self._publish()  # what was committed is found, also if this fails
        self._log.committed = self._log.size
        views = self._segments.views = self._segments.write(self._segments.views)
        self._write_checkpoint(views, self._generation + 1)
        self._publish_commit(self._generation + 1)

    def _write_checkpoint(self, views: tuple[SegmentView, ...], generation: int) -> None:
        self._log = self._checkpoint.write(self._segments, views, generation, self._log)

    def _note_commit(self, generation: int) -> None:
        """Leave it to whoever searches next to make the snapshot of a commit."""
        self._generation = generation
        self._unchecked_bytes = 0  # the log, which has room for commits, is short
        self._buffer.commit()
        if not self._buffer.has_committed:
            self._publish_commit(generation)

    def _show_commit(self) -> None:
        """Make the snapshot of the last commit, if that was left to do."""
        if self._buffer.has_committed:
            self._segments.add(self._buffer.take(), in_memory=True)
            self._publish_commit(self._generation)

    def _publish_commit(self, generation: int) -> None:
        self._generation, self._committed = generation, self._segments.views
        self._publish()

    def _publish(self) -> None:
        self._snapshot = Snapshot(self.schema, self._segments.views, self._generation)

    def _spill(self, n_bytes: int) -> None:
        """Write a segment if memory is full."""
        self._unchecked_bytes += n_bytes + _BYTES_PER_OPERATION
        if self._unchecked_bytes >= _CHECK_MEMORY_EVERY:
            self._unchecked_bytes = 0
            self._show_commit()
            if self._buffer.nbytes >= self._memory:
                self._flush()

    def _flush(self) -> None:
        """Turn what is in memory into a segment."""
        in_memory = self._buffer.is_small
        if pending := self._buffer.take():
            self._segments.add(pending, in_memory=in_memory)
        self._segments.merge_some()
