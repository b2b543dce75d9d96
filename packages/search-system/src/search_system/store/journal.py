"""What an index has on the disk, and how operations and commits get there: checkpoint and log.

A commit is a record of the log, or a checkpoint with which a new log begins; `is_due` says which.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from search_system.store.checkpoint import Checkpoint
from search_system.store.commit import Commit
from search_system.store.config import FsyncPolicy, WriterConfig
from search_system.store.log import LOG_BEGIN, Operation, check_log, read_operations
from search_system.store.log_writer import Log
from search_system.store.recovery import Recovery, remove_unnamed
from search_system.store.segment_set import SegmentSet
from search_system.store.view import SegmentView


class Journal:
    """The checkpoint of an index and its log, opened for appending."""

    def __init__(
        self,
        folder: Path,
        commit: Commit,
        views: Sequence[SegmentView],
        config: WriterConfig,
        fsync: FsyncPolicy,
    ) -> None:
        """Go on from a checkpoint, and from its log as far as that is sound; remove leftovers."""
        self._durable = fsync != "never"
        self._checkpoint = Checkpoint(folder, commit, views, config, durable=self._durable)
        path = folder / commit.log
        self._found = check_log(path)
        self.recovery = Recovery(path, self._found.operations, self._found.cut)
        self.generation = max(commit.generation, self._found.generation or 0)
        """The number of the last commit."""
        remove_unnamed(folder, keep=commit.files)
        self._log = Log.reopen(path, self._found, sync_always=fsync == "always")

    def committed(self) -> Iterator[Operation]:
        """Yield the operations that the log had when it was opened, up to its last commit."""
        return read_operations(self.recovery.log, LOG_BEGIN, self._found.committed)

    def uncommitted(self) -> Iterator[Operation]:
        """Yield the operations that it had behind its last commit."""
        return read_operations(self.recovery.log, self._found.committed, self._found.size)

    @property
    def has_uncommitted(self) -> bool:
        """Whether there are operations that no commit covers."""
        return self._log.has_uncommitted

    def append(self, operation: Operation) -> None:
        """Log an operation; return when it is as safe as the policy says."""
        self._log.append(operation)

    def is_due(self, views: Sequence[SegmentView]) -> bool:
        """Return whether the next commit of segments must be a checkpoint."""
        return self._checkpoint.is_due(self._log, views)

    def commit(self) -> None:
        """Commit all operations by a record of the log."""
        self._log.append_commit(self.generation + 1)
        if self._durable:
            self._log.sync()
        self.generation += 1

    def commit_checkpoint(self, segments: SegmentSet) -> None:
        """Commit all operations by a checkpoint of all segments."""
        self._log.committed = self._log.size
        segments.views = segments.write(segments.views)
        self._write(segments, segments.views, self.generation + 1)
        self.generation += 1

    def finish(self, segments: SegmentSet, committed: Sequence[SegmentView]) -> None:
        """Let the last commit be a checkpoint, if it is not; what is not committed stays logged."""
        self._log.flush()
        if self._log.commits:
            self._write(segments, segments.write(committed), self.generation)

    def _write(self, segments: SegmentSet, views: Sequence[SegmentView], generation: int) -> None:
        self._log = self._checkpoint.write(segments, views, generation, self._log)

    def close(self) -> None:
        """Close the log; what was not flushed is dropped."""
        self._log.close()
