"""A result page: everything that is shown of a search, as data.

The command line prints it; whatever serves results elsewhere can send `Page.to_json`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from search_system.corpus.documents import as_text
from search_system.query.ast import Term as TermNode
from search_system.query.ast import TermPhrase, leaves
from search_system.schema import IndexSchema, TextField
from search_system.searching.highlight import Snippet, highlight, one_line
from search_system.searching.hit import Hit
from search_system.searching.results import Results
from search_system.searching.searcher import Searcher
from search_system.searching.signals import ScoreExplanation

_LONGEST_TITLE = 60
"""A text of so many characters can stand for a document that has no title."""


@dataclass(frozen=True)
class PageHit:
    """A hit with everything that is shown of it."""

    hit: Hit
    title: str
    first_line: str
    snippet: Snippet
    fields: Mapping[str, Any]
    """All of the document."""
    explanation: ScoreExplanation | None


@dataclass(frozen=True)
class Page:
    """A result page."""

    query: str
    index: str
    total: int | None
    """How many documents match; None if they were found by meaning."""
    unknown: tuple[str, ...]
    """Words of the query that no document has."""
    searched_for: str | None
    """What the query was taken for, where results are ranked by more than its own words."""
    did_you_mean: str | None
    """The query with misspelt words corrected; None if none is, or if that was searched for."""
    repairs: tuple[str, ...]
    hits: list[PageHit]
    facets: Mapping[str, list[tuple[str, int]]]
    cursor: str | None
    """Where the next page begins; None if this is the last."""

    def to_json(self) -> dict[str, Any]:
        """Return the page as JSON values."""
        return {
            "query": self.query,
            "index": self.index,
            "total": self.total,
            "unknown": self.unknown,
            "searched_for": self.searched_for,
            "did_you_mean": self.did_you_mean,
            "repairs": self.repairs,
            "facets": self.facets,
            "cursor": self.cursor,
            "hits": [
                {
                    "id": shown.hit.id,
                    "score": shown.hit.score,
                    "title": shown.title,
                    "snippet": {"text": shown.snippet.text, "spans": shown.snippet.spans},
                    "document": shown.fields,
                }
                | ({"explanation": asdict(shown.explanation)} if shown.explanation else {})
                for shown in self.hits
            ],
        }


def make_page(results: Results, searcher: Searcher, index: str, *, explain: bool = False) -> Page:
    """Gather what a result page shows of a search."""
    return Page(
        query=results.query,
        index=index,
        total=results.total,
        unknown=unknown_words(results, searcher),
        searched_for=results.understood,
        did_you_mean=None if results.understood else searcher.did_you_mean(results.query),
        repairs=tuple(map(str, results.repairs)),
        hits=[_make_hit(results, hit, searcher, explain=explain) for hit in results.hits],
        facets=results.facets,
        cursor=results.cursor,
    )


def unknown_words(results: Results, searcher: Searcher) -> tuple[str, ...]:
    """Return the words of a query that none of the fields they are looked for in has."""
    texts = searcher.schema.of_type(TextField)
    unknown: list[str] = []
    for leaf in leaves(results.tree):
        if not isinstance(leaf, TermNode | TermPhrase) or leaf.field not in {None, *texts}:
            continue
        fields = [leaf.field] if leaf.field else [*searcher.schema.searched]
        terms = leaf.terms if isinstance(leaf, TermPhrase) else (leaf.text,)
        unknown += [t for t in terms if not any(searcher.snapshot.df(f, t) for f in fields)]
    # A stem is nothing to show to anybody.
    words = {token.term: token.word for token in searcher.analyzer.query_tokens(results.query)}
    return tuple(dict.fromkeys(words.get(term, term) for term in unknown))


def _make_hit(results: Results, hit: Hit, searcher: Searcher, *, explain: bool) -> PageHit:
    schema, document = searcher.schema, hit.document
    called = schema.title or _short_text(schema, document)
    texts = [name for name in schema.of_type(TextField) if name != called]
    text = "\n".join(filter(None, (as_text(document.get(name)) for name in texts)))
    return PageHit(
        hit=hit,
        title=one_line(as_text(document.get(called))) if called else "",
        first_line=next(filter(None, text.splitlines()), ""),
        snippet=_best_snippet(results, document, texts, searcher),
        fields=document,
        explanation=results.explain(hit) if explain else None,
    )


def _short_text(schema: IndexSchema, document: Mapping[str, Any]) -> str | None:
    """Return the first text field if a document can be called by it: if it is a short line."""
    first = next(iter(schema.of_type(TextField)))
    text = as_text(document.get(first))
    return first if 0 < len(text.strip()) <= _LONGEST_TITLE and "\n" not in text.strip() else None


def _best_snippet(
    results: Results, document: Mapping[str, Any], texts: list[str], searcher: Searcher
) -> Snippet:
    """Return the snippet of the field that has most to highlight; of equal ones, the first."""
    snippets = (
        highlight(as_text(document.get(name)), results.tree, searcher.analyzers[name], name)
        for name in texts
    )
    return max(snippets, key=lambda s: (len(s.spans), bool(s.text)), default=Snippet("", ()))
