"""The segments that a writer has, committed or not, and their merges."""

from collections.abc import Sequence
from pathlib import Path

from search_system import disk
from search_system.schema import IndexSchema
from search_system.store.config import WriterConfig
from search_system.store.merger import Merge
from search_system.store.pending import Pending
from search_system.store.policy import plan_merges
from search_system.store.view import SegmentView


class SegmentSet:
    """Segments in the order of their documents; one merge runs at a time."""

    def __init__(
        self,
        folder: Path,
        schema: IndexSchema,
        views: Sequence[SegmentView],
        next_segment: int,
        config: WriterConfig,
        *,
        durable: bool,
    ) -> None:
        self.views = tuple(views)
        self.next_segment = next_segment
        self.merge_error: Exception | None = None
        """Why background merges stopped."""
        self._folder = folder
        self._schema = schema
        self._config = config
        self._durable = durable
        self._merge: Merge | None = None
        self._unsynced: set[Path] = set()
        self._planned = self.views

    def add(self, pending: Pending, *, in_memory: bool) -> None:
        """Make pending documents a segment, and delete what they replace in the others."""
        path = self._new_path()
        views = pending.delete_from(self.views)
        view = pending.write(path, in_memory=in_memory)
        self.views = (*views, view) if view else tuple(views)
        if view:
            self._unsynced.add(path)

    def write(self, views: Sequence[SegmentView]) -> tuple[SegmentView, ...]:
        """Bring the segments of a checkpoint to the disk; it drops all others.

        Returns:
            The views, with those segments mapped that were in memory only.
        """
        written = tuple(view.written(durable=self._durable) for view in views)
        if self._durable:
            files = {view.segment.path for view in views if view.segment.file.content is None}
            for path in self._unsynced & files:
                disk.sync_path(path)
        self._unsynced.clear()
        return written

    @property
    def unfinished(self) -> set[str]:
        """The name of the file that a merge is writing, if any."""
        return {self._merge.path.name} if self._merge else set()

    def merge_some(self) -> None:
        """Take a finished background merge over, and start one if the policy asks for it."""
        self.adopt_merge(wait=False)
        idle = self._config.background_merges and not self._merge and not self.merge_error
        if idle and self.views is not self._planned:
            self._planned = self.views
            sizes = [view.segment.n_docs for view in self.views]
            deleted = [view.n_deleted for view in self.views]
            groups = plan_merges(sizes, deleted, self._config.merge_factor)
            if groups:
                self._start_merge(groups[0])

    def merge_all(self) -> None:
        """Merge all segments into one without deleted documents."""
        self.cancel_merge()
        self.merge_error = None
        if len(self.views) > 1 or any(view.n_deleted for view in self.views):
            self._start_merge(range(len(self.views)))
            self.adopt_merge(wait=True)
        if self.merge_error:
            raise self.merge_error

    def adopt_merge(self, *, wait: bool) -> None:
        """Put the result of a merge in the place of its sources, once there is one."""
        if self._merge and (wait or not self._merge.is_running):
            self._merge.wait()
            merge, self._merge = self._merge, None
            self.merge_error = merge.error
            if not merge.error:
                self.views = merge.apply(self.views)
                if not merge.durable:
                    self._unsynced.add(merge.path)

    def cancel_merge(self) -> None:
        """Stop a running merge; nothing is lost but its work."""
        if self._merge:
            self._merge.cancel()
            self._merge = None

    def _start_merge(self, group: range) -> None:
        """Merge some neighbours; what is not on the disk yet need not be there merged, either."""
        views, path = self.views[group.start : group.stop], self._new_path()
        durable = not self._unsynced.issuperset(view.segment.path for view in views)
        self._merge = Merge(path, self._schema, views, durable=self._durable and durable)

    def _new_path(self) -> Path:
        self.next_segment += 1
        return self._folder / f"segment-{self.next_segment - 1:08}.arrays"
