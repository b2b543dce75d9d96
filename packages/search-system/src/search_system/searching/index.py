"""An index: documents go in, ranked and explained hits come out.

::

    index = Index.open("data/search/mine", schema)   # begun if there is none
    index.add({"title": "Red shoes", "price": 80}, "1")
    index.commit()
    index.search("red shoe").hits

An index that is only searched needs no lock: it holds the last commit's snapshot, whatever others
write meanwhile, and `refresh` takes the newest. The first `add` or `delete` makes it the index's
one writer until `close`. What it adds is found after `refresh` or `commit`, and lasts after
`commit`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from search_system.schema import IndexSchema
from search_system.searching.searcher import Searcher
from search_system.store.config import FsyncPolicy, WriterConfig
from search_system.store.snapshot import open_snapshot
from search_system.store.store import Store


class Index:
    """An index in a folder. Searches may run in several threads, beside one that writes."""

    def __init__(self, folder: Path, fsync: FsyncPolicy, config: WriterConfig | None) -> None:
        """Read the last commit of a folder; `open` is the way to make one."""
        self.folder = folder
        self._fsync = fsync
        self._config = config
        self._store: Store | None = None
        self._searcher = Searcher(open_snapshot(folder))

    @classmethod
    def open(
        cls,
        folder: str | Path,
        schema: IndexSchema | None = None,
        *,
        fsync: FsyncPolicy = "commit",
        config: WriterConfig | None = None,
    ) -> Self:
        """Open an index, in time independent of its size; with a schema, begin one if there is none.

        Args:
            folder: where the index is.
            schema: its fields; None takes those of the index that is there.
            fsync: when written operations are safe from power loss (see `search_system.store`).
            config: memory and merges while writing.

        Raises:
            IndexMissingError: there is no index, and no schema was given.
            IndexLockedError: it has to be begun, and another process does so.
            CorruptIndexError: a file is missing, damaged or of another version; it is named.
            OptionError: the index has another schema.
        """
        folder = Path(folder)
        if schema is not None:
            Store.open(folder, schema, fsync, config=config).close()
        return cls(folder, fsync, config)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """Return the number of documents that are found."""
        return len(self._searcher.snapshot)

    @property
    def schema(self) -> IndexSchema:
        """The fields of the index."""
        return self._searcher.schema

    @property
    def searcher(self) -> Searcher:
        """What searches the present snapshot; it stays valid whatever is written."""
        return self._searcher

    def add(self, document: Mapping[str, Any], doc_id: str) -> None:
        """Add a document, in place of the one that has this id, if any.

        Raises:
            CollectionError: the id or a field cannot be indexed; nothing has changed.
            IndexLockedError: another process writes to the index.
            IndexFolderError: it cannot be written.
        """
        self._writer().add(document, doc_id)

    def delete(self, doc_id: str) -> None:
        """Delete the document that has this id; no such document is no error.

        Raises:
            CollectionError: this cannot be an id.
            IndexLockedError: another process writes to the index.
            IndexFolderError: it cannot be written.
        """
        self._writer().delete(doc_id)

    def refresh(self) -> None:
        """Find what was added and deleted so far here, or committed so far elsewhere."""
        if self._store:
            self._show(self._store.refresh())
        else:
            self._show(open_snapshot(self.folder, self._searcher.snapshot))

    def commit(self) -> None:
        """Make everything so far durable, and find it.

        Raises:
            IndexFolderError: something cannot be written; the last commit is as it was.
        """
        self._show(self._writer().commit())

    def close(self) -> None:
        """Let others write. What was not committed is replayed by the next writer."""
        if self._store:
            self._store.close()
            self._store = None

    def _writer(self) -> Store:
        if self._store is None:
            self._store = Store.open(self.folder, fsync=self._fsync, config=self._config)
        return self._store

    def _show(self, snapshot: Any) -> None:
        if snapshot is not self._searcher.snapshot:
            self._searcher = Searcher(snapshot)
