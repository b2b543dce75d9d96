"""Merge segments beside a writer: in a thread, whose result the writer takes over when it is ready.

The thread reads immutable segments and writes one new file; it touches nothing else. Documents that
are deleted while it runs are deleted in its result when the writer takes that over.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from search_system.errors import SearchSystemError
from search_system.schema import IndexSchema
from search_system.segments.merge import merge_segments, merge_sources
from search_system.segments.reader import Segment
from search_system.store.view import SegmentView

if TYPE_CHECKING:
    from search_system.segments.array_file import FileInfo


class _CancelledError(Exception):
    """The merge is not wanted any more."""


class Merge:
    """A merge of neighbouring segments, running in a thread from the start."""

    def __init__(
        self, path: Path, schema: IndexSchema, views: Sequence[SegmentView], *, durable: bool
    ) -> None:
        self.path = path
        self.error: OSError | SearchSystemError | MemoryError | None = None
        self._schema = schema
        self._views = list(views)
        self.durable = durable
        """Whether its file is on the disk when it is finished."""
        self._sources, self._n_docs = merge_sources([(v.segment, v.live) for v in views])
        self._info: FileInfo | None = None
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="merge", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            if self._n_docs:
                self._info = merge_segments(
                    self.path,
                    self._schema,
                    self._sources,
                    durable=self.durable,
                    pause=self._pause,
                )
        except _CancelledError:
            pass
        except (OSError, SearchSystemError, MemoryError) as error:
            self.error = error

    def _pause(self) -> None:
        if self._cancelled.is_set():
            raise _CancelledError

    @property
    def is_running(self) -> bool:
        """Whether there is no result yet."""
        return self._thread.is_alive()

    def wait(self) -> None:
        """Return when there is a result."""
        self._thread.join()

    def cancel(self) -> None:
        """Stop, and remove what was written."""
        self._cancelled.set()
        self._thread.join()
        self.path.unlink(missing_ok=True)

    def apply(self, views: Sequence[SegmentView]) -> tuple[SegmentView, ...]:
        """Return ``views`` with the merged segment in place of its sources.

        They are those that the merge began with, except that more documents may be deleted.
        """
        names = [view.segment.name for view in views]
        first = names.index(self._views[0].segment.name)
        last = first + len(self._views)
        return (*views[:first], *self._merged(views[first:last]), *views[last:])

    def _merged(self, current: Sequence[SegmentView]) -> list[SegmentView]:
        if self._info is None:  # all their documents were deleted
            return []
        deleted = np.zeros(self._n_docs, dtype=np.bool_)
        for source, view in zip(self._sources, current, strict=True):
            deleted[source.new_docs[source.live & ~view.live]] = True
        view = SegmentView(Segment(self.path, self._info))
        return [view.with_deleted(np.flatnonzero(deleted)) if deleted.any() else view]
