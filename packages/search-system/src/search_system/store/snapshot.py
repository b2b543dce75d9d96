"""A view of an index that never changes, whatever writers do meanwhile.

A snapshot is a list of mapped segments and of the documents deleted in each. Files are removed when
no commit needs them, but a mapped file lives on until its last map goes, so snapshots need no lock
and no bookkeeping.

Whoever opens a snapshot beside a writer, or after it was killed, maps the segments of the last
checkpoint and replays the commits in its log into a segment of its own, in memory. The log has a
mebibyte of them at most, which takes some tenths of a second; going on from a previous snapshot
replays only what is new.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from search_system.dense.embedder import embedder_named
from search_system.errors import CorruptIndexError
from search_system.schema import IndexSchema
from search_system.segments.array_file import ArrayFile, prefetch
from search_system.segments.inverter import Analyze
from search_system.segments.reader import Segment
from search_system.store.commit import Commit, FileEntry, read_commit
from search_system.store.config import field_analyzers, field_embedders
from search_system.store.log import LOG_BEGIN, LoggedCommits, read_commits
from search_system.store.pending import Pending
from search_system.store.view import SegmentView

__all__ = ["SegmentView", "Snapshot", "open_snapshot", "open_views"]

_MOST_REPLAYED = 8
"""So many segments of replayed commits, and all of them are replayed anew into one."""


@dataclass(frozen=True)
class Snapshot:
    """An index at one moment."""

    schema: IndexSchema
    views: tuple[SegmentView, ...]
    generation: int
    """The number of the last commit before it."""
    checkpoint: Commit | None = None
    """For a snapshot that was opened beside a writer: the checkpoint that it began with."""
    log_end: int = LOG_BEGIN
    """How far into the checkpoint's log it goes."""

    def __len__(self) -> int:
        """Return the number of live documents."""
        return sum(view.n_live for view in self.views)

    @cached_property
    def bases(self) -> list[int]:
        """What to add to a segment's document numbers to make them distinct in the snapshot."""
        sizes = [view.segment.n_docs for view in self.views]
        return list(accumulate(sizes[:-1], initial=0)) if sizes else []

    def n_tokens(self, field: str) -> int:
        """Return the number of tokens of a text field."""
        return sum(view.n_tokens(field) for view in self.views)

    def average_length(self, field: str) -> float:
        """Return the mean number of tokens of a text field per document; 0 without documents."""
        return self.n_tokens(field) / len(self) if len(self) else 0.0

    def df(self, field: str, term: str) -> int:
        """Return how many documents have a term in a field."""
        numbers = ((view, view.segment.text(field).terms.find(term)) for view in self.views)
        return sum(view.df(field, number) for view, number in numbers if number is not None)

    def find(self, doc_id: str) -> tuple[SegmentView, int] | None:
        """Return the view and the number in it of the document with an id, or None."""
        for view in reversed(self.views):
            if (doc := view.find(doc_id)) is not None:
                return view, doc
        return None

    def document(self, doc_id: str) -> dict[str, Any] | None:
        """Return the document with an id as it was added, or None."""
        found = self.find(doc_id)
        return found[0].segment.document(found[1]) if found else None

    def ids(self) -> list[str]:
        """Return the ids of all documents, in their order."""
        return [v.segment.ids[d] for v in self.views for d in np.flatnonzero(v.live).tolist()]


def open_snapshot(
    folder: str | Path,
    previous: Snapshot | None = None,
    analyzer: Callable[[str], Analyze] | None = None,
) -> Snapshot:
    """Open the last commit of an index, without a lock and while others write to it.

    Args:
        folder: where the index is.
        previous: a snapshot opened before, with which segments are shared; if nothing was committed
            since, it is returned itself.
        analyzer: returns the analyzer of a name, as the writer has it; by default the schema's own
            and the usual.

    Raises:
        IndexMissingError: ``folder`` holds no index.
        CorruptIndexError: a file is missing, damaged or of another version.
    """
    folder = Path(folder)
    commit = read_commit(folder)
    while True:
        try:
            return _open(folder, commit, previous, analyzer)
        except CorruptIndexError:
            # A writer may have written a checkpoint and removed a file between our two steps.
            newer = read_commit(folder)
            if newer == commit:
                raise
            commit = newer


def _open(
    folder: Path,
    commit: Commit,
    previous: Snapshot | None,
    analyzer: Callable[[str], Analyze] | None,
) -> Snapshot:
    """Return the snapshot of a checkpoint and of the commits in its log."""
    log = folder / commit.log
    if previous and previous.checkpoint == commit:
        logged = read_commits(log, previous.log_end)
        if logged.generation is None:
            return previous
        if len(previous.views) - len(commit.segments) < _MOST_REPLAYED:
            return _replayed(previous, log, logged, analyzer)
    views = open_views(folder, commit, previous.views if previous else ())
    base = Snapshot(commit.schema, views, commit.generation, commit)
    return _replayed(base, log, read_commits(log, LOG_BEGIN), analyzer)


def _replayed(
    base: Snapshot, log: Path, logged: LoggedCommits, analyzer: Callable[[str], Analyze] | None
) -> Snapshot:
    """Return a snapshot with the commits that the log has behind ``base``, too."""
    if logged.generation is None:
        return base
    analyzers = field_analyzers(base.schema, analyzer)
    pending = Pending(base.schema, analyzers, field_embedders(base.schema, embedder_named))
    for operation in logged.operations:
        pending.apply(pending.prepare_logged(operation))
    views = pending.delete_from(base.views)
    name = f"{log.name}-{base.log_end}-{logged.end}.arrays"
    view = pending.write(log.with_name(name), in_memory=True)
    views += [view] if view else []
    return Snapshot(base.schema, tuple(views), logged.generation, base.checkpoint, logged.end)


def open_views(
    folder: Path, commit: Commit, known: tuple[SegmentView, ...] = ()
) -> tuple[SegmentView, ...]:
    """Map the segments of a commit, and read what is deleted in each."""
    mapped = {view.segment.name: view.segment for view in known}
    for entry in commit.segments:
        if entry.name not in mapped:
            prefetch(folder / entry.name, entry.info)
    deletes = _open_deletes(folder, commit.deletes)
    views = []
    for entry in commit.segments:
        segment = mapped.get(entry.name)
        if segment is None or segment.info != entry.info:
            segment = Segment(folder / entry.name, entry.info)
        if deletes and entry.name in deletes:
            bits = np.unpackbits(deletes[entry.name], count=segment.n_docs)
            views.append(SegmentView(segment, bits.astype(np.bool_)))
        else:
            views.append(SegmentView(segment))
    return tuple(views)


def _open_deletes(folder: Path, entry: FileEntry | None) -> ArrayFile | None:
    if entry is None:
        return None
    file = ArrayFile(folder / entry.name, entry.info)
    file.verify()  # an eighth of a byte per document
    return file
