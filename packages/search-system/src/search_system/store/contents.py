"""What an index holds in a writer's process: segments, the operations in none yet, a snapshot.

A commit may leave it to whoever searches next to make its snapshot (`Contents.note_commit`). Until
then its operations are in memory and in the log, and nowhere else.
"""

from search_system.schema import IndexSchema
from search_system.store.buffer import Buffer
from search_system.store.segment_set import SegmentSet
from search_system.store.snapshot import Snapshot


class Contents:
    """Segments and the buffer before them, and what of both is shown; one thread at a time."""

    def __init__(
        self,
        schema: IndexSchema,
        segments: SegmentSet,
        buffer: Buffer,
        memory: int,
        generation: int,
    ) -> None:
        """Begin with the segments of a commit; the buffer may take ``memory`` bytes."""
        self.segments = segments
        self.buffer = buffer
        self.committed = segments.views
        """The segments of the last commit whose snapshot was made."""
        self.is_whole = True
        """Whether all that was committed is in the buffer or in the snapshot."""
        self._schema = schema
        self._memory = memory
        self.publish(generation)

    def publish(self, generation: int) -> None:
        """Show all segments, with the number of the last commit."""
        self.snapshot = Snapshot(self._schema, self.segments.views, generation)
        self.is_whole = True

    def publish_commit(self, generation: int) -> None:
        """Show all segments, as the commit of a number."""
        self.committed = self.segments.views
        self.publish(generation)

    def note_commit(self, generation: int) -> None:
        """Leave it to whoever searches next to make the snapshot of a commit of everything."""
        self.buffer.commit()
        if not self.buffer.has_committed:
            self.publish_commit(generation)

    def show_commit(self, generation: int) -> None:
        """Make the snapshot of the last commit, which has this number, if that was left to do."""
        if self.buffer.has_committed:
            self._add_segment()
            self.publish_commit(generation)

    @property
    def has_merged(self) -> bool:
        """Whether segments have changed since the last commit, without an operation."""
        return not self.buffer.has_committed and self.segments.views != self.committed

    def spill(self, generation: int) -> None:
        """Write a segment if memory is full."""
        if self.buffer.has_grown():
            self.show_commit(generation)
            if self.buffer.nbytes >= self._memory:
                self.flush()

    def flush(self) -> None:
        """Turn the buffer into a segment, take a merge over, and begin one.

        Of a buffer with a commit that was not shown, that is the part up to this commit.
        """
        self._add_segment()
        self.segments.merge_some()

    def _add_segment(self) -> None:
        in_memory = self.buffer.is_small
        if self.buffer.has_committed:
            self.is_whole = False  # until it is published, which other threads wait for
        if pending := self.buffer.take():
            self.segments.add(pending, in_memory=in_memory)
