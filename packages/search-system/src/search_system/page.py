"""A result page: everything that is shown of a search, as data.

The command line prints it; whatever serves results elsewhere can send `Page.to_json`.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from search_system.engine import Hit, Index
from search_system.ranking.bm25 import BM25, Explanation
from search_system.snippet import Snippet, make_snippet, one_line


@dataclass(frozen=True)
class PageHit:
    """A hit with everything that is shown of it."""

    hit: Hit
    title: str
    first_line: str
    snippet: Snippet
    extra: dict[str, Any]
    explanation: Explanation | None


@dataclass(frozen=True)
class Page:
    """A result page."""

    query: str
    index: Path
    terms: dict[str, int]
    """The query's terms, each with the number of documents that hold it."""
    total: int
    hits: list[PageHit]

    def to_json(self) -> dict[str, Any]:
        """Return the page as JSON values."""
        return {
            "query": self.query,
            "index": str(self.index),
            "terms": self.terms,
            "total": self.total,
            "hits": [
                {
                    "id": shown.hit.id,
                    "score": shown.hit.score,
                    "title": shown.title,
                    "snippet": {"text": shown.snippet.text, "spans": shown.snippet.spans},
                    "extra": shown.extra,
                }
                | ({"explanation": asdict(shown.explanation)} if shown.explanation else {})
                for shown in self.hits
            ],
        }


def make_page(index: Index, query: str, k: int, bm25: BM25, *, explain: bool = False) -> Page:
    """Search, and gather what a result page shows."""
    terms = index.query_terms(query)
    return Page(
        query=query,
        index=index.folder,
        terms=terms,
        total=index.count(query),
        hits=[
            _make_hit(
                index, hit, set(terms), index.explain(query, hit.id, bm25) if explain else None
            )
            for hit in index.search(query, k, bm25)
        ],
    )


def _make_hit(index: Index, hit: Hit, terms: set[str], explanation: Explanation | None) -> PageHit:
    document = index.document(hit)
    snippet = make_snippet(document.text, terms, index.analyzer)
    return PageHit(
        hit=hit,
        title=one_line(document.title),
        first_line=next(filter(None, document.text.splitlines()), ""),
        snippet=snippet,
        extra=dict(document.extra),
        explanation=explanation,
    )
