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
from search_system.segments.writer import PreparedDocument
from search_system.store.buffer import Buffer
from search_system.store.commit import read_commit
from search_system.store.config import (
    FsyncPolicy,
    WriterConfig,
    field_analyzers,
    field_embedders,
)
from search_system.store.contents import Contents
from search_system.store.gate import Gate
from search_system.store.journal import Journal
from search_system.store.lock import WriterLock
from search_system.store.log import Operation
from search_system.store.recovery import check_schema, take_folder
from search_system.store.segment_set import SegmentSet
from search_system.store.snapshot import Snapshot, open_views


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
        commit = read_commit(folder)
        self.schema = commit.schema
        if self.schema.of_type(VectorField):
            config = replace(config, logged_commits=0)
        views, number = open_views(folder, commit), commit.next_segment
        durable = fsync != "never"
        segments = SegmentSet(folder, self.schema, views, number, config, durable=durable)
        buffer = Buffer(self.schema, analyzers, embedders)
        memory = config.memory_mb << 20
        self._contents = Contents(self.schema, segments, buffer, memory, commit.generation)
        self._gate = Gate(folder)
        self._journal = Journal(folder, commit, views, config, fsync)
        self.recovery = self._journal.recovery
        """What was found in the log."""
        self._recover(has_logged_commits=self._journal.generation > commit.generation)

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

    def _recover(self, *, has_logged_commits: bool) -> None:
        try:
            self._replay(self._journal.committed())
            if has_logged_commits:
                self._contents.note_commit(self._journal.generation)
            self._replay(self._journal.uncommitted())
        except BaseException:
            self._contents.segments.cancel_merge()
            self._journal.close()
            raise

    def _replay(self, operations: Iterable[Operation]) -> None:
        for operation in operations:
            self._contents.buffer.replay(operation)
            self._contents.spill(self._journal.generation)

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
        prepared = self._contents.buffer.prepare(document, doc_id, line)
        with self._gate:
            self._apply(Operation(doc_id, line), prepared)

    def delete(self, doc_id: str) -> None:
        """Delete the document that has this id; no such document is no error.

        Raises:
            CollectionError: this cannot be an id.
            IndexFolderError: the log cannot be written.
        """
        check_id(doc_id)
        with self._gate:
            self._apply(Operation(doc_id, None), doc_id.encode())

    def _apply(self, operation: Operation, prepared: PreparedDocument | bytes) -> None:
        self._journal.append(operation)
        self._contents.buffer.apply(prepared)
        self._contents.spill(self._journal.generation)

    def refresh(self) -> Snapshot:
        """Return a snapshot that has all operations so far, without waiting for the disk.

        Raises:
            IndexFolderError: the segment cannot be written.
        """
        contents = self._contents
        with self._gate:
            contents.show_commit(self._journal.generation)
            contents.flush()
            if contents.segments.views != contents.snapshot.views:
                contents.publish(self._journal.generation)
            return contents.snapshot

    def snapshot(self) -> Snapshot:
        """Return the index as of the last refresh or commit, whichever came later.

        The first call after a commit makes a segment in memory of what was committed, and waits
        until no other thread writes.

        Raises:
            IndexFolderError: that failed, for want of memory or being interrupted.
        """
        contents = self._contents
        if contents.buffer.has_committed or not contents.is_whole:
            with self._gate.mutex:
                self._show_commit()
                if not contents.is_whole:
                    self._gate.check()
        return contents.snapshot

    def _show_commit(self) -> None:
        try:
            self._contents.show_commit(self._journal.generation)
        except BaseException as error:
            self._gate.fail(error)
            raise

    def commit(self) -> None:
        """Make all operations so far durable, and visible to who opens the index.

        Raises:
            IndexFolderError: something cannot be written; earlier commits are as they were, and
                opening the index again shows whether this one reached the log.
        """
        with self._gate:
            contents, has_operations = self._contents, self._journal.has_uncommitted
            if has_operations and not self._journal.is_due(contents.segments.views):
                self._journal.commit()
                contents.segments.merge_some()
                contents.note_commit(self._journal.generation)
            elif has_operations or contents.has_merged:
                self._commit_checkpoint()

    def _commit_checkpoint(self) -> None:
        contents = self._contents
        if contents.buffer.has_committed:
            contents.buffer.commit()  # one segment of what was committed and what is
        contents.flush()
        contents.publish(self._journal.generation)  # is found, also if the rest fails
        self._journal.commit_checkpoint(contents.segments)
        contents.publish_commit(self._journal.generation)

    def merge_all(self) -> None:
        """Merge all segments into one, and wait for it; the next commit makes it durable.

        Raises:
            IndexFolderError: the merged segment cannot be written, or a source is damaged.
        """
        with self._gate:
            self._contents.show_commit(self._journal.generation)
            self._contents.flush()
            self._contents.segments.merge_all()

    def wait_for_merge(self) -> None:
        """Wait until the background merge that is running, if any, is part of the index."""
        with self._gate:
            self._contents.segments.adopt_merge(wait=True)

    def close(self) -> None:
        """Stop writing. Operations since the last commit stay in the log and are replayed."""
        with self._gate.mutex:
            if self._gate.is_closed:
                return
            try:
                self._contents.segments.cancel_merge()
                self._show_commit()
                if self._gate.is_open:
                    with disk.writing(self.folder):
                        self._journal.finish(self._contents.segments, self._contents.committed)
            finally:
                self._gate.close()
                self._journal.close()
                self._lock_file.release()

    @property
    def merge_error(self) -> Exception | None:
        """Why background merges stopped; the index is sound without, but slower to search."""
        return self._contents.segments.merge_error
