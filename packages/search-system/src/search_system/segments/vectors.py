"""Vectors: one row per document and vector field, made when a segment is written.

Rows have unit length and are kept as float16: half the disk and memory of float32, for cosines that
are off by less than 0.001. A document without text for them has a row of zeros, and is listed, so
that no search finds it. Texts are embedded in batches while the segment is written, read from its
stored documents, so that adding a document costs nothing for its vector until then. A merge copies
rows; it needs no embedder.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_system.corpus.documents import as_text
from search_system.dense.embedder import Embedder
from search_system.errors import OptionError
from search_system.schema import IndexSchema, TextField, VectorField
from search_system.segments.array_file import ArrayFile, ArrayFileWriter, damaged

_BATCH = 256
_ROWS = 16_384
"""How many rows a merge copies at once."""


def vector_sources(schema: IndexSchema) -> dict[str, tuple[str, ...]]:
    """Return the fields that each vector field is made of."""
    texts = tuple(schema.of_type(TextField))
    return {name: field.fields or texts for name, field in schema.of_type(VectorField).items()}


def join_texts(document: Mapping[str, Any], fields: Sequence[str]) -> str:
    """Return the text that a document's vector is made of; empty if it has none."""
    texts = (as_text(document.get(field)).strip() for field in fields)
    # Half a surrogate pair, which JSON allows, is no text to a tokenizer.
    return "\n".join(filter(None, texts)).encode("utf-8", "replace").decode()


def write_vectors(
    out: ArrayFileWriter,
    name: str,
    embedder: Embedder,
    fields: Sequence[str],
    documents: Iterable[Mapping[str, Any]],
) -> int:
    """Embed documents and write their rows; return how many numbers a row has.

    Raises:
        OptionError: the embedder returned something else than a vector per text.
    """
    rows = out.stream(f"{name}/vectors", np.float16)
    missing, done = [], 0
    for batch in _batches(documents):
        texts = [join_texts(document, fields) for document in batch]
        found = np.array([bool(text) for text in texts])
        block = np.zeros((len(texts), embedder.dim), np.float16)
        if found.any():
            block[found] = _embed(embedder, [text for text in texts if text])
        rows.append(block.ravel())
        missing.append(np.flatnonzero(~found) + done)
        done += len(texts)
    out.add(f"{name}/vectors_missing", np.concatenate(missing).astype(np.uint32))
    return embedder.dim


def _batches(documents: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    rest = iter(documents)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _embed(embedder: Embedder, texts: list[str]) -> NDArray[np.float32]:
    vectors = np.asarray(embedder.embed_documents(texts), np.float32)
    expected = len(texts), embedder.dim
    if vectors.shape != expected or not np.isfinite(vectors).all():
        raise OptionError(
            f"embedder '{embedder.name}': expected finite vectors of shape {expected}, found "
            f"{'others' if vectors.shape == expected else vectors.shape}"
        )
    return vectors


class VectorColumn:
    """The mapped vectors of a segment's documents."""

    def __init__(self, file: ArrayFile, name: str, n_docs: int) -> None:
        self.dim: int = file.meta["vectors"][name]
        vectors = file[f"{name}/vectors"]
        self._missing: NDArray[np.uint32] = file[f"{name}/vectors_missing"]
        if len(vectors) != n_docs * self.dim or np.any(self._missing >= n_docs):
            raise damaged(file.path, f"vectors of '{name}' are damaged")
        self.rows: NDArray[np.float16] = vectors.reshape(n_docs, self.dim)
        """Shape (n_docs, dim)."""

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """A mask of the documents that have a vector, shape (n_docs,)."""
        mask = np.ones(len(self.rows), np.bool_)
        mask[self._missing] = False
        return mask


def merge_vectors(
    out: ArrayFileWriter,
    name: str,
    sources: Sequence[tuple[VectorColumn, NDArray[np.bool_]]],
    pause: Callable[[], None],
) -> int:
    """Write the live rows of some columns, given with masks of them; return their size.

    Raises:
        OptionError: the columns' vectors have different sizes.
    """
    dims = sorted({column.dim for column, _ in sources})
    if len(dims) > 1:
        raise OptionError(
            f"field '{name}': its embedder made vectors of {dims} numbers, which cannot be "
            "compared; build the index again with one embedder"
        )
    rows = out.stream(f"{name}/vectors", np.float16)
    missing, done = [], 0
    for column, live in sources:
        for begin in range(0, len(live), _ROWS):
            pause()
            part = slice(begin, begin + _ROWS)
            rows.append(column.rows[part][live[part]].ravel())
        present = column.present[live]
        missing.append(np.flatnonzero(~present) + done)
        done += len(present)
    out.add(f"{name}/vectors_missing", np.concatenate(missing).astype(np.uint32))
    return dims[0]
