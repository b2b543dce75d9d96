"""A check that needs no judgments: can the engine find an object by what its docstring says?

The query is the first sentence of a docstring without the words of the object's own name; the one
right answer is that object. It is an easy task, because the query's words stand in the document.
Yet it goes through everything (analysis, postings, scoring, selection), and a fault would show.
"""

import random
import re
from dataclasses import dataclass

from search_system.analysis.analyzer import Analyzer
from search_system.searching.index import Index

_SENTENCE_END = re.compile(r"(?<=[.!?])\s|\n\s*\n")
_FEWEST_TERMS = 4
_DEPTH = 100


@dataclass(frozen=True, slots=True)
class KnownItemResult:
    """How well known items were found."""

    items: int
    mrr: float
    """The mean of 1 / rank, 0 beyond rank 100."""
    found_first: float
    found_in_ten: float


def make_query(title: str, text: str, analyzer: Analyzer) -> str | None:
    """Return a document's query, or None if too few words remain."""
    name = set(analyzer(title))
    words = analyzer.words(sentence := _SENTENCE_END.split(text.strip())[0])
    kept = [sentence[start:end] for start, end, terms in words if not name & set(terms)]
    return " ".join(kept) if len(kept) >= _FEWEST_TERMS else None


def find_known_items(index: Index, items: int, seed: int) -> KnownItemResult:
    """Look for ``items`` random documents (fewer if the index has not enough) by their queries.

    The index is a new one, in which nothing was deleted.
    """
    searcher = index.searcher
    numbers = list(range(len(index)))
    random.Random(seed).shuffle(numbers)
    queries: list[tuple[str, str]] = []
    for number in numbers:
        if len(queries) == items:
            break
        document = searcher.document(number)
        if query := make_query(document["title"], document["text"], searcher.analyzer):
            queries.append((searcher.doc_id(number), query))
    ranks = [_rank(index, query, doc_id) for doc_id, query in queries]
    n = max(1, len(ranks))
    return KnownItemResult(
        items=len(ranks),
        mrr=sum(1 / rank for rank in ranks if rank) / n,
        found_first=sum(rank == 1 for rank in ranks) / n,
        found_in_ten=sum(0 < rank <= 10 for rank in ranks) / n,
    )


def _rank(index: Index, query: str, doc_id: str) -> int:
    """Return the rank of a document, or 0 if it is not among the first hundred."""
    ids = [hit.id for hit in index.search(query, _DEPTH).hits]
    return ids.index(doc_id) + 1 if doc_id in ids else 0
