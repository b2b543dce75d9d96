"""Read a segment: one map, nothing is loaded before it is used."""

from bisect import bisect_left
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_system import disk
from search_system.segments.array_file import ArrayFile, FileInfo, damaged
from search_system.segments.columns import KeywordColumn, Numbers
from search_system.segments.format import id_hash
from search_system.segments.stored import StoredDocuments
from search_system.segments.strings import StringTable
from search_system.segments.vectors import VectorColumn
from search_system.segments.words import WordTable

Frequencies = NDArray[np.uint8] | NDArray[np.uint32]


class TextIndex:
    """The inverted index of one text field."""

    def __init__(self, file: ArrayFile, name: str, n_docs: int) -> None:
        self._file = file
        self._name = name
        self._n_docs = n_docs
        self.terms = StringTable(file, f"{name}/terms")
        self.offsets: NDArray[np.int64] = file[f"{name}/postings_offsets"]
        self.docs: NDArray[np.uint32] = file[f"{name}/docs"]
        self.tfs: NDArray[np.uint8] = file[f"{name}/tfs"]
        """Frequencies, where 255 stands for 255 or more; `frequencies` has them exactly."""
        self.lengths: NDArray[np.uint32] = file[f"{name}/lengths"]
        self.large_at: NDArray[np.int64] = file[f"{name}/large_at"]
        self.large_tfs: NDArray[np.uint32] = file[f"{name}/large_tfs"]
        self._large_at = self.large_at.data
        self._sound: NDArray[np.bool_] = np.zeros(len(self.offsets), dtype=np.bool_)

    def postings(self, term: int) -> tuple[NDArray[np.uint32], Frequencies]:
        """Return the document numbers, ascending, and the frequencies of a term by its number.

        Raises:
            CorruptIndexError: they point outside the segment, so using them would be an error.
        """
        begin, end = self.bounds(term)
        return self.docs[begin:end], self.frequencies(begin, end)

    def bounds(self, term: int) -> tuple[int, int]:
        """Return where a term's postings begin and end, checked at the first use of the term."""
        begin, end = self.offsets[term : term + 2].tolist()
        if not self._sound[term]:
            docs, tfs = self.docs[begin:end], self.tfs[begin:end]
            bounded = 0 <= begin < end <= len(self.docs) and int(docs[-1]) < self._n_docs
            # Counting takes a third of the time of np.all.
            ascending = bounded and np.count_nonzero(docs[1:] > docs[:-1]) == len(docs) - 1
            if not (ascending and np.count_nonzero(tfs) == len(tfs)):
                raise damaged(self._file.path, f"postings of '{self._name}' are damaged")
            self._sound[term] = True
        return begin, end

    def frequencies(self, begin: int, end: int) -> Frequencies:
        """Return the exact frequencies of some postings, as uint8 where that holds them."""
        tfs = self.tfs[begin:end]
        if not len(self.large_at):
            return tfs
        first = bisect_left(self._large_at, begin)
        last = bisect_left(self._large_at, end, first)
        if first == last:
            return tfs
        exact = tfs.astype(np.uint32)
        exact[self.large_at[first:last] - begin] = self.large_tfs[first:last]
        return exact

    @cached_property
    def words(self) -> WordTable | None:
        """The words that became the terms; None if the analyzer takes texts as a whole.

        Raises:
            CorruptIndexError: they do not fit the terms.
        """
        if f"{self._name}/words" not in self._file:
            return None
        return WordTable(self._file, self._name, len(self.terms))

    @property
    def has_positions(self) -> bool:
        """Whether the field keeps positions."""
        return f"{self._name}/positions" in self._file

    @cached_property
    def positions_offsets(self) -> NDArray[np.int64]:
        """Where each term's positions begin."""
        return self._file[f"{self._name}/positions_offsets"]

    @cached_property
    def all_positions(self) -> NDArray[np.uint32]:
        """The positions of all terms."""
        return self._file[f"{self._name}/positions"]

    def positions(self, term: int) -> NDArray[np.uint32]:
        """Return a term's positions: as many per posting as its frequency says, ascending."""
        begin, end = self.positions_offsets[term : term + 2].tolist()
        positions = self.all_positions[begin:end]
        if begin < 0 or len(positions) != int(
            self.frequencies(*self.bounds(term)).sum(dtype=np.int64)
        ):
            raise damaged(self._file.path, f"positions of '{self._name}' are damaged")
        return positions


class Segment:
    """A segment, mapped or in memory; documents and terms go by number."""

    def __init__(self, path: Path, info: FileInfo, content: bytes | None = None) -> None:
        """Map a file; or take its ``content``, which then is in no file yet."""
        self.path = path
        self.info = info
        self.file = ArrayFile(path, info, content)
        self.n_docs: int = self.file.meta["documents"]
        self._texts: dict[str, TextIndex] = {}
        self._keywords: dict[str, KeywordColumn] = {}
        self._vectors: dict[str, VectorColumn] = {}

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.path.name

    def write(self, *, durable: bool) -> "Segment":
        """Return the segment as mapped from a file, which is written if it is in memory so far."""
        if self.file.content is None:
            return self
        disk.write_file(self.path, self.file.content, durable=durable)
        return Segment(self.path, self.info)

    def n_tokens(self, field: str) -> int:
        """Return the number of tokens of a text field, of which nothing else is read."""
        n_tokens: int = self.file.meta["tokens"][field]
        return n_tokens

    def text(self, field: str) -> TextIndex:
        """Return the inverted index of a text field."""
        if field not in self._texts:
            self._texts[field] = TextIndex(self.file, field, self.n_docs)
        return self._texts[field]

    def keywords(self, field: str) -> KeywordColumn:
        """Return the column of a keyword field."""
        if field not in self._keywords:
            self._keywords[field] = KeywordColumn(self.file, field)
        return self._keywords[field]

    def numbers(self, field: str) -> Numbers:
        """Return the column of a number field (float64, NaN if missing) or int64 (its minimum)."""
        return self.file[f"{field}/numbers"]

    def vectors(self, field: str) -> VectorColumn:
        """Return the documents' vectors of a vector field."""
        if field not in self._vectors:
            self._vectors[field] = VectorColumn(self.file, field, self.n_docs)
        return self._vectors[field]

    @cached_property
    def ids(self) -> StringTable:
        """The documents' ids."""
        return StringTable(self.file, "ids")

    @cached_property
    def stored(self) -> StoredDocuments:
        """The documents themselves."""
        return StoredDocuments(self.file, self.n_docs)

    def find(self, doc_id: str) -> list[int]:
        """Return the numbers of the documents with an id: replaced ones, and the one that lives."""
        encoded = doc_id.encode("utf-8", "replace")
        hashes = np.array([id_hash(encoded)], dtype=np.uint64)
        return [int(doc) for doc in self.find_all(hashes, [encoded])]

    def find_all(self, hashes: NDArray[np.uint64], ids: list[bytes]) -> NDArray[np.int64]:
        """Return the numbers of all documents that have one of the ids, whose hashes are given."""
        table = self.file["id_hashes"]
        begins = np.searchsorted(table, hashes, side="left")
        ends = np.searchsorted(table, hashes, side="right")
        docs = self.file["id_hash_docs"]
        found = [
            doc
            for query in np.flatnonzero(begins < ends).tolist()
            for doc in docs[begins[query] : ends[query]].tolist()
            if self.ids.encoded(doc) == ids[query]
        ]
        return np.array(found, dtype=np.int64)

    def document(self, doc: int) -> dict[str, Any]:
        """Return a stored document by its number."""
        return self.stored[doc]

    def verify(self) -> None:
        """Compare every byte with its checksum; raise `CorruptIndexError` naming what differs."""
        self.file.verify()
