"""The checkpoint: writing out what an index has, so that a new log can begin.

It costs some seven times what a commit to the log does: segments, deletions, the new log's name and
commit.json go to the disk one after the other, as each names what must be there before it.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from search_system import disk
from search_system.segments.array_file import ArrayFileWriter
from search_system.store.commit import Commit, FileEntry, write_commit
from search_system.store.config import WriterConfig
from search_system.store.log import LOGGED_BYTES
from search_system.store.log_writer import Log
from search_system.store.recovery import remove_unnamed
from search_system.store.segment_set import SegmentSet
from search_system.store.view import SegmentView


class Checkpoint:
    """What commit.json says; `write` makes it say something newer."""

    def __init__(
        self,
        folder: Path,
        commit: Commit,
        views: Sequence[SegmentView],
        config: WriterConfig,
        *,
        durable: bool,
    ) -> None:
        self.commit = commit
        self._folder = folder
        self._views = tuple(views)
        self._logged_commits = config.logged_commits
        self._durable = durable

    def is_due(self, log: Log, views: Sequence[SegmentView]) -> bool:
        """Return whether the next commit must be a checkpoint, and not a record of the log.

        That is so if the log is long, or if large files of segments that are not among ``views``,
        since a merge replaced them, only stay because commit.json names them.
        """
        if log.commits >= self._logged_commits or log.size >= LOGGED_BYTES:
            return True
        names = {view.segment.name for view in views}
        replaced = sum(entry.size for entry in self.commit.segments if entry.name not in names)
        return replaced >= LOGGED_BYTES

    def write(
        self,
        segments: SegmentSet,
        views: Sequence[SegmentView],
        generation: int,
        log: Log,
    ) -> Log:
        """Write a checkpoint of some views, and remove the files that are in no use after it.

        Args:
            segments: the segments that the writer has.
            views: those of the commit that is to be kept, on the disk, and what is deleted in them.
            generation: the number of that commit.
            log: its operations without a commit go on in the new log; it is closed.

        Returns:
            The new log.
        """
        commit = Commit(
            self.commit.schema,
            generation,
            segments.next_segment,
            tuple(_entry(view) for view in views),
            self._write_deletes(views, generation),
            f"log-{generation:08}",
        )
        new_log = Log.create(self._folder / commit.log, sync_always=log.sync_always)
        try:
            self._publish(commit, log, new_log)
        except BaseException:
            new_log.close()
            raise
        log.close()
        self.commit, self._views = commit, tuple(views)
        remove_unnamed(self._folder, keep=commit.files | segments.unfinished)
        return new_log

    def _publish(self, commit: Commit, log: Log, new_log: Log) -> None:
        new_log.copy_uncommitted(log)
        if self._durable:
            if new_log.has_uncommitted:
                new_log.sync()
            disk.sync_path(self._folder)
        write_commit(self._folder, commit, durable=self._durable)

    def _write_deletes(self, views: Sequence[SegmentView], generation: int) -> FileEntry | None:
        """Write which documents are deleted, unless the last checkpoint's file says the same."""
        deleted = [view for view in views if view.n_deleted]
        if deleted == [view for view in self._views if view.n_deleted]:
            return self.commit.deletes
        if not deleted:
            return None
        path = self._folder / f"deletes-{generation:08}.arrays"
        with ArrayFileWriter(path) as out:
            for view in deleted:
                out.add(view.segment.name, np.packbits(~view.live))
            info = out.finish({}, durable=self._durable)
        return FileEntry(path.name, info.size, info.crc32)


def _entry(view: SegmentView) -> FileEntry:
    info = view.segment.info
    return FileEntry(view.segment.name, info.size, info.crc32)
