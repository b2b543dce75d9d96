"""The postings of a term in several fields as one list: documents and combined frequencies."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search_system.errors import CorruptIndexError, OptionError
from search_system.scoring.kernels.preparation import add_field
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


def combine(
    source: PostingsSource, term: Term, parameters: BM25F, statistics: IndexStatistics
) -> CombinedPostings:
    """Return the postings of a term in all its fields together, without deleted documents."""
    docs, frequencies = np.empty(0, np.uint32), np.empty(0, np.float64)
    for field in searched_fields(term, parameters):
        found, average = source.postings(field, text_of(term)), statistics.average_lengths[field]
        if found is None or not average:  # without tokens in live documents, all are deleted
            continue
        field_docs, tfs, lengths = (
            np.ascontiguousarray(values, np.uint32) for values in (*found, source.lengths(field))
        )
        values, room = parameters.fields[field], len(docs) + len(field_docs)
        out_docs, out = np.empty(room, np.uint32), np.empty(room, np.float64)
        # Kernels trust their input and would write anywhere: what is wrong must not reach them.
        n = -1
        if len(field_docs) == len(tfs) and len(lengths) == source.n_docs:
            n = add_field(
                docs, frequencies, field_docs, tfs, lengths,
                values.counted, values.b, average, out_docs, out,
            )  # fmt: skip
        if n < 0:
            raise CorruptIndexError(
                f"the postings of '{text_of(term)}' in field '{field}' are damaged: expected "
                f"ascending document numbers below {source.n_docs}; build the index again"
            )
        docs, frequencies = out_docs[:n], out[:n]
    if source.live is not None and len(docs):
        alive = source.live[docs]
        docs, frequencies = docs[alive], frequencies[alive]
    return CombinedPostings(docs, frequencies)
