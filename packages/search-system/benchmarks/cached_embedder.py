"""An embedder that remembers, in a file, each text that it has seen: MiniLM takes minutes."""

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search_system.dense.embedder import Embedder

_BATCH = 64


class CachedEmbedder:
    """Vectors by a hash of their text, in FOLDER/NAME.sqlite; an interrupted run goes on there."""

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = embedder.name
        self.dim = embedder.dim
        self._embedder = embedder
        self._database = sqlite3.connect(folder / f"{embedder.name}.sqlite")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS vectors (hash BLOB PRIMARY KEY, row BLOB)"
        )

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a row per text, shape (n, dim)."""
        keys = [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in texts]
        rows = np.zeros((len(texts), self.dim), np.float32)
        missing = []
        for i, key in enumerate(keys):
            found = self._database.execute(
                "SELECT row FROM vectors WHERE hash = ?", [key]
            ).fetchone()
            if found:
                rows[i] = np.frombuffer(found[0], np.float32)
            else:
                missing.append(i)
        for begin in range(0, len(missing), _BATCH):
            part = missing[begin : begin + _BATCH]
            rows[part] = self._embedder.embed_documents([texts[i] for i in part])
            pairs = [(keys[i], rows[i].tobytes()) for i in part]
            self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", pairs)
            self._database.commit()
        return rows

    embed_queries = embed_documents  # both models take queries as they take documents
