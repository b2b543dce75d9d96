"""Stored documents: blocks of JSON lines, each compressed on its own.

Reading one document inflates one block (tens of kilobytes), so a result page of ten documents costs
about a millisecond, and the store takes about a third of the text's size.
"""

import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from search_system.corpus.document import Document
from search_system.errors import CorruptIndexError
from search_system.index.arrays import array_path, open_array, write_array
from search_system.index.format import STORE_BLOCK


def store_documents(folder: Path, documents: Iterable[Document]) -> Iterator[Document]:
    """Pass documents through, and write the store behind them."""
    sizes, lines = [0], []
    with array_path(folder, "store", np.dtype(np.uint8)).open("wb") as file:
        for document in documents:
            lines.append(_encode(document))
            if len(lines) == STORE_BLOCK:
                sizes.append(file.write(zlib.compress(b"\n".join(lines))))
                lines.clear()
            yield document
        if lines:
            sizes.append(file.write(zlib.compress(b"\n".join(lines))))
    write_array(folder, "store_offsets", np.cumsum(sizes, dtype=np.int64))


def _encode(document: Document) -> bytes:
    values = [document.id, document.title, document.text, dict(document.extra)]
    return json.dumps(values, separators=(",", ":")).encode()


class DocumentStore:
    """Reads what `store_documents` wrote."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bytes = open_array(folder, "store")
        self._offsets = open_array(folder, "store_offsets")

    def __getitem__(self, number: int) -> Document:
        """Return a document by its number."""
        block, line = divmod(number, STORE_BLOCK)
        data = self._bytes[self._offsets[block] : self._offsets[block + 1]].tobytes()
        try:
            return Document(*json.loads(zlib.decompress(data).split(b"\n")[line]))
        except (zlib.error, ValueError, IndexError, TypeError) as error:
            raise CorruptIndexError(
                f"{self._folder}: stored document {number} is damaged; build the index again"
            ) from error
