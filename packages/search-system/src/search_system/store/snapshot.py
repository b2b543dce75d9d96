"""A view of an index that never changes, whatever writers do meanwhile.

A snapshot is a list of mapped segments and of the documents deleted in each. Files are removed when
no commit needs them, but a mapped file lives on until its last map goes, so snapshots need no lock
and no bookkeeping.

Statistics leave deleted documents out, so that scores are those of an index without them. Numbers
of documents and tokens are kept; a term's document frequency is the length of its postings less the
deleted ones among them, counted when it is first asked for and then remembered. That reads at most
the postings that scoring reads anyway, or, where fewer are deleted, searches each of these in them,
and it needs no record of each document's terms. Merges keep the deleted below a third.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_system.errors import CorruptIndexError
from search_system.schema import IndexSchema
from search_system.segments.array_file import ArrayFile
from search_system.segments.reader import Segment
from search_system.store.commit import Commit, FileEntry, read_commit


class SegmentView:
    """A segment and which of its documents are deleted; immutable."""

    def __init__(self, segment: Segment, deleted: NDArray[np.bool_] | None = None) -> None:
        self.segment = segment
        self.deleted = deleted
        """A mask of the deleted documents; None if there are none."""
        self.n_deleted = 0 if deleted is None else int(np.count_nonzero(deleted))
        self._tokens: dict[str, int] = {}
        self._dfs: dict[tuple[str, int], int] = {}

    @property
    def n_live(self) -> int:
        """The number of documents that are not deleted."""
        return self.segment.n_docs - self.n_deleted

    @property
    def live(self) -> NDArray[np.bool_]:
        """A mask of the documents that are not deleted."""
        if self.deleted is None:
            return np.ones(self.segment.n_docs, dtype=np.bool_)
        return ~self.deleted

    @cached_property
    def deleted_docs(self) -> NDArray[np.uint32]:
        """The numbers of the deleted documents, ascending."""
        mask = np.zeros(0, np.bool_) if self.deleted is None else self.deleted
        return np.flatnonzero(mask).astype(np.uint32)

    def n_tokens(self, field: str) -> int:
        """Return the number of tokens that a text field has in the live documents."""
        if field not in self._tokens:
            text = self.segment.text(field)
            lost = text.lengths[self.deleted_docs].sum(dtype=np.int64)
            self._tokens[field] = text.n_tokens - int(lost)
        return self._tokens[field]

    def df(self, field: str, term: int) -> int:
        """Return how many live documents have a term, given by its number in the segment."""
        text = self.segment.text(field)
        begin, end = text.bounds(term)
        if self.deleted is None:
            return end - begin
        key = field, term
        if key not in self._dfs:
            docs = text.docs[begin:end]
            if self.n_deleted * 16 < len(docs):
                places = np.searchsorted(docs, self.deleted_docs).clip(max=len(docs) - 1)
                lost = int(np.count_nonzero(docs[places] == self.deleted_docs))
            else:
                lost = int(np.count_nonzero(self.deleted[docs]))
            self._dfs[key] = end - begin - lost
        return self._dfs[key]

    def with_deleted(self, docs: NDArray[np.int64]) -> "SegmentView":
        """Return the view in which some more documents are deleted."""
        deleted = ~self.live
        deleted[docs] = True
        return SegmentView(self.segment, deleted)

    def find(self, doc_id: str) -> int | None:
        """Return the number of the live document with an id, or None."""
        docs = self.segment.find(doc_id)
        return next((doc for doc in docs if self.deleted is None or not self.deleted[doc]), None)


@dataclass(frozen=True)
class Snapshot:
    """An index at one moment."""

    schema: IndexSchema
    views: tuple[SegmentView, ...]
    generation: int
    """The number of the last commit before it."""

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


def open_snapshot(folder: str | Path, previous: Snapshot | None = None) -> Snapshot:
    """Open the last commit of an index, without a lock and while others write to it.

    Segments that ``previous`` has mapped are shared with it; if nothing was committed since, it is
    returned itself.

    Raises:
        IndexMissingError: ``folder`` holds no index.
        CorruptIndexError: a file is missing, damaged or of another version.
    """
    folder = Path(folder)
    commit = read_commit(folder)
    while True:
        if previous and previous.generation == commit.generation:
            return previous
        try:
            views = open_views(folder, commit, previous.views if previous else ())
            return Snapshot(commit.schema, views, commit.generation)
        except CorruptIndexError:
            # A writer may have committed and removed a file between our two steps.
            newer = read_commit(folder)
            if newer.generation == commit.generation:
                raise
            commit = newer


def open_views(
    folder: Path, commit: Commit, known: tuple[SegmentView, ...] = ()
) -> tuple[SegmentView, ...]:
    """Map the segments of a commit, and read what is deleted in each."""
    mapped = {view.segment.name: view.segment for view in known}
    deletes = _open(folder, commit.deletes)
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


def _open(folder: Path, entry: FileEntry | None) -> ArrayFile | None:
    if entry is None:
        return None
    file = ArrayFile(folder / entry.name, entry.info)
    file.verify()  # an eighth of a byte per document
    return file
