"""The postings of a term in several fields as one list: documents and combined frequencies."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search_system.errors import CorruptIndexError, OptionError
from search_system.scoring.kernels.preparation import add_field, count_field
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


class _FieldPostings(NamedTuple):
    """The postings of a term in one field, as kernels take them."""

    docs: NDArray[np.uint32]
    tfs: NDArray[np.uint32]
    lengths: NDArray[np.uint32]
    weight: float
    b: float
    average_length: float


def combine(
    source: PostingsSource, term: Term, parameters: BM25F, statistics: IndexStatistics
) -> CombinedPostings:
    """Return the postings of a term in all its fields together, without deleted documents."""
    fields = _field_postings(source, term, parameters, statistics)
    if len(fields) == 1:  # nothing to merge, so the documents stay where they are
        ((field, postings),) = fields.items()
        combined = CombinedPostings(postings.docs, np.empty(len(postings.docs)))
        if not count_field(*postings, combined.frequencies):
            raise _damaged(source, term, field)
    else:
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
) -> dict[str, _FieldPostings]:
    """Return the postings of a term in each field that has it and has tokens in live documents."""
    found: dict[str, _FieldPostings] = {}
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
        found[field] = _FieldPostings(docs, tfs, lengths, values.counted, values.b, average)
    return found


def _damaged(source: PostingsSource, term: Term, field: str) -> CorruptIndexError:
    return CorruptIndexError(
        f"the postings of '{text_of(term)}' in field '{field}' are damaged: expected "
        f"ascending document numbers below {source.n_docs}; build the index again"
    )
