"""The postings of a term in several fields as one list: documents and combined frequencies."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search_system.errors import CorruptIndexError, OptionError
from search_system.scoring.kernels.preparation import (
    add_field,
    are_sound,
    write_field,
    write_postings,
)
from search_system.scoring.parameters import BM25F
from search_system.scoring.source import IndexStatistics, PostingsSource


class FieldTerm(NamedTuple):
    """A term to look for in some fields only; a plain string is looked for in all."""

    term: str
    fields: tuple[str, ...]


Term = str | FieldTerm


class CombinedPostings(NamedTuple):
    """Live documents, ascending, and the weighted, length-normalised frequencies in them."""

    docs: NDArray[np.uint32]
    frequencies: NDArray[np.float64]

    def write(
        self,
        idf: float,
        k1: float,
        docs: NDArray[np.uint32],
        impacts: NDArray[np.float32],
        largest: NDArray[np.float32],
    ) -> None:
        """Write the documents, their impacts, and the largest impacts, in ascending order."""
        write_postings(*self, idf, k1, docs, impacts, largest)


class FieldPostings(NamedTuple):
    """The postings of a term that only one field has, of which no document is deleted."""

    docs: NDArray[np.uint32]
    tfs: NDArray[np.uint32]
    lengths: NDArray[np.uint32]
    """The number of tokens of each document of the segment."""
    weight: float
    b: float
    average_length: float

    def write(
        self,
        idf: float,
        k1: float,
        docs: NDArray[np.uint32],
        impacts: NDArray[np.float32],
        largest: NDArray[np.float32],
    ) -> None:
        """Write the documents, their impacts, and the largest impacts, in ascending order."""
        write_field(*self, idf, k1, docs, impacts, largest)


Postings = CombinedPostings | FieldPostings


def text_of(term: Term) -> str:
    """Return the term as the index has it."""
    return term if isinstance(term, str) else term.term


def searched_fields(term: Term, parameters: BM25F) -> Iterable[str]:
    """Return the fields that count for a term, in the order of the parameters."""
    fields = parameters.fields
    if not isinstance(term, str):
        unknown = [name for name in term.fields if name not in fields]
        if unknown:
            raise OptionError(f"no field '{unknown[0]}' to search; there are {', '.join(fields)}")
        return [name for name in fields if name in term.fields]
    return [name for name, values in fields.items() if values.weight > 0]


def combine(
    source: PostingsSource, term: Term, parameters: BM25F, statistics: IndexStatistics
) -> Postings:
    """Return the postings of a term in all its fields together, without deleted documents.

    Raises:
        CorruptIndexError: they are damaged.
    """
    fields = _field_postings(source, term, parameters, statistics)
    if len(fields) == 1 and source.live is None:  # nothing to merge
        ((field, postings),) = fields.items()
        if not are_sound(postings.docs, postings.tfs, source.n_docs):
            raise _damaged(source, term, field)
        return postings
    combined = CombinedPostings(np.empty(0, np.uint32), np.empty(0))
    for field, postings in fields.items():
        room = len(combined.docs) + len(postings.docs)
        docs, frequencies = np.empty(room, np.uint32), np.empty(room)
        n = add_field(combined.docs, combined.frequencies, *postings, docs, frequencies)
        if n < 0:
            raise _damaged(source, term, field)
        combined = CombinedPostings(docs[:n], frequencies[:n])
    if source.live is not None and len(combined.docs):
        alive = source.live[combined.docs]
        return CombinedPostings(combined.docs[alive], combined.frequencies[alive])
    return combined


def _field_postings(
    source: PostingsSource, term: Term, parameters: BM25F, statistics: IndexStatistics
) -> dict[str, FieldPostings]:
    """Return the postings of a term in each field that has it and has tokens in live documents."""
    found: dict[str, FieldPostings] = {}
    for field in searched_fields(term, parameters):
        postings, average = source.postings(field, text_of(term)), statistics.average_lengths[field]
        if postings is None or not average:
            continue
        docs, tfs, lengths = (
            np.ascontiguousarray(values, np.uint32) for values in (*postings, source.lengths(field))
        )
        # Kernels trust their input and would read anywhere: what is wrong must not reach them.
        if len(docs) != len(tfs) or len(lengths) != source.n_docs:
            raise _damaged(source, term, field)
        values = parameters.fields[field]
        found[field] = FieldPostings(docs, tfs, lengths, values.counted, values.b, average)
    return found


def _damaged(source: PostingsSource, term: Term, field: str) -> CorruptIndexError:
    return CorruptIndexError(
        f"the postings of '{text_of(term)}' in field '{field}' are damaged: expected "
        f"ascending document numbers below {source.n_docs}; build the index again"
    )
