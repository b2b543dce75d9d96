"""Read a segment: memory-mapped, nothing is loaded before it is used."""

from pathlib import Path

import numpy as np

from search_system.errors import CorruptIndexError
from search_system.index.arrays import IntArray, open_array
from search_system.index.format import Manifest
from search_system.index.store import DocumentStore
from search_system.index.strings import StringTable


class Segment:
    """The arrays of a segment, by document number and term number."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.n_docs = manifest.documents
        self.average_length = manifest.tokens / manifest.documents if manifest.documents else 0.0
        self.terms = StringTable(folder, "terms")
        self.ids = StringTable(folder, "ids")
        self.documents = DocumentStore(folder)
        self.lengths = open_array(folder, "lengths")
        self._id_order = open_array(folder, "id_order")
        self._offsets = open_array(folder, "postings_offsets")
        self._docs = open_array(folder, "postings_docs")
        self._tfs = open_array(folder, "postings_tfs")

    def find_document(self, doc_id: str) -> int | None:
        """Return the number of a document by its id, or None."""
        return self.ids.find(doc_id, self._id_order)

    def postings(self, term: int) -> tuple[IntArray, IntArray]:
        """Return the document numbers (ascending) and the frequencies of a term.

        Raises:
            CorruptIndexError: they point outside the segment, so using them would be an error.
        """
        begin, end = int(self._offsets[term]), int(self._offsets[term + 1])
        docs, tfs = self._docs[begin:end], self._tfs[begin:end]
        sound = 0 <= begin < end <= len(self._tfs) and len(docs) == len(tfs)
        if not sound or int(docs.max()) >= self.n_docs or int(docs.min()) < 0 or not np.all(tfs):
            raise CorruptIndexError(
                f"{self.folder}: the postings of '{self.terms[term]}' are damaged; "
                f"'search-system verify {self.folder.parent}' names the file"
            )
        return docs, tfs
