"""Query trees over a snapshot, against an evaluator that looks at each document by itself."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from search_system.query.ast import (
    NOTHING,
    Bool,
    Boost,
    Fuzzy,
    MatchAll,
    Prefix,
    Query,
    Range,
    Term,
    TermPhrase,
)
from search_system.query.expand import alignment_distances
from search_system.retrieval.explanation import Explanation
from search_system.retrieval.matcher import Matcher
from search_system.schema import DateField, IndexSchema, KeywordField, NumberField, TextField
from search_system.scoring import merging
from search_system.scoring.merging import FieldTerm
from search_system.searching.searcher import Searcher
from search_system.store.snapshot import Snapshot

SCHEMA = IndexSchema(
    {
        "title": TextField("none", weight=2.0),
        "body": TextField("none"),
        "note": TextField("none", weight=0.0, positions=False),
        "tags": KeywordField(),
        "price": NumberField(),
        "count": NumberField(integer=True),
        "day": DateField(),
    }
)
COUNTED = ("title", "body")
WORDS = ("a", "ab", "b", "c", "d")
TAGS = ("blue", "red", "redder", "é")
NUMBERS = (-1.5, 0.0, 1.0, 2.0, 3.5)
DAYS = tuple(datetime(2020, 1, day, tzinfo=UTC) for day in (1, 2, 3, 4))
Document = dict[str, Any]


def split(text: str) -> list[str]:
    return text.split()


def words_of(document: Document, field: str) -> list[str]:
    return split(document.get(field) or "")


def expand(node: Prefix | Fuzzy) -> list[tuple[merging.Term, float]]:
    """Return the words that begin alike, or two for a fuzzy one, some with weights below 1."""
    found = [word for word in WORDS if word.startswith(node.text)]
    if isinstance(node, Fuzzy):
        found = [node.text, "b"]
    terms = [FieldTerm(word, (node.field,)) if node.field else word for word in found]
    return [(term, 1.0 / 2**place) for place, term in enumerate(dict.fromkeys(terms))]


class Naive:
    """The meaning of a query, document by document."""

    def __init__(self, documents: dict[int, Document]) -> None:
        self.documents = documents

    def search(self, query: Query) -> dict[int, float]:
        """Return the scores of the documents that match, by number."""
        return {
            number: self.score(query, document)
            for number, document in self.documents.items()
            if self.matches(query, document)
        }

    def matches(self, query: Query, document: Document) -> bool:
        match query:
            case Bool():
                found = self.matches_group(query, document)
            case Boost(child):
                found = self.matches(child, document)
            case MatchAll():
                found = True
            case Range():
                found = in_range(query, document)
            case TermPhrase(field=field):
                fields = COUNTED if field is None else (field,)
                found = any(has_phrase(query, document, name) for name in fields)
            case _ if query.field == "tags":
                found = any(is_tag(query, tag) for tag in document.get("tags", []))
            case _:
                found = any(self.frequency(term, document) > 0 for term, _ in terms_of(query))
        return found

    def matches_group(self, query: Bool, document: Document) -> bool:
        def match(child: Query) -> bool:
            return self.matches(child, document)

        return (
            query != NOTHING
            and all(map(match, (*query.must, *query.filter)))
            and not any(map(match, query.must_not))
            and (bool(query.must) or not query.should or any(map(match, query.should)))
        )

    def score(self, query: Query, document: Document) -> float:
        """Return the score of a document that matches."""
        match query:
            case Bool(must, should):
                clauses = (q for q in (*must, *should) if self.matches(q, document))
                return sum(self.score(q, document) for q in clauses)
            case Boost(child, factor):
                return factor * self.score(child, document)
            case MatchAll() | Range():
                return 1.0
            case _ if query.field == "tags":
                return 1.0
            case _:
                return sum(weight * self.part(term, document) for term, weight in terms_of(query))

    def part(self, term: merging.Term, document: Document) -> float:
        frequency = self.frequency(term, document)
        df = sum(self.frequency(term, other) > 0 for other in self.documents.values())
        idf = math.log(1 + (len(self.documents) - df + 0.5) / (df + 0.5))
        return idf * frequency / (1.2 + frequency)

    def frequency(self, term: merging.Term, document: Document) -> float:
        fields = COUNTED if isinstance(term, str) else term.fields
        text, total = term if isinstance(term, str) else term.term, 0.0
        for field in fields:
            lengths = [len(words_of(other, field)) for other in self.documents.values()]
            words = words_of(document, field)
            if words:
                norm = 0.25 + 0.75 * len(words) / (sum(lengths) / len(lengths))
                total += (2.0 if field == "title" else 1.0) * words.count(text) / norm
        return total


def term_of(text: str, field: str | None) -> merging.Term:
    return FieldTerm(text, (field,)) if field else text


def terms_of(query: Query) -> list[tuple[merging.Term, float]]:
    """Return the terms that a leaf stands for."""
    if isinstance(query, Prefix | Fuzzy):
        return expand(query)
    assert isinstance(query, Term | TermPhrase)
    texts = query.terms if isinstance(query, TermPhrase) else (query.text,)
    return [(term_of(text, query.field), 1.0) for text in texts]


def is_tag(query: Query, tag: str) -> bool:
    if isinstance(query, Prefix):
        return tag.startswith(query.text)
    if isinstance(query, Fuzzy):
        return bool(alignment_distances(query.text, [tag], query.edits)[0] <= query.edits)
    assert isinstance(query, Term)
    return query.text == tag


def in_range(query: Range, document: Document) -> bool:
    value = document.get(query.field)
    values = value if isinstance(value, list) else [value] if value not in {None, ""} else []
    if query.field == "day":
        values = [datetime.fromisoformat(day).replace(tzinfo=UTC) for day in values]
    low, high = query.low, query.high
    return any(
        (low is None or v > low or (query.include_low and v == low))
        and (high is None or v < high or (query.include_high and v == high))
        for v in values
    )


def has_phrase(query: TermPhrase, document: Document, field: str) -> bool:
    """Try all choices of tokens."""
    words = words_of(document, field)
    if field == "note":
        return set(query.terms) <= set(words)
    choices = [[at for at, word in enumerate(words) if word == term] for term in query.terms]
    for positions in itertools.product(*choices):
        shifts = [p - q for p, q in zip(positions, query.places, strict=True)]
        if len(set(positions)) == len(positions) and max(shifts) - min(shifts) <= query.slop:
            return True
    return False


texts = st.lists(st.sampled_from(WORDS), max_size=7).map(" ".join)
documents = st.fixed_dictionaries(
    {"title": texts},
    optional={
        "body": texts,
        "note": texts,
        "tags": st.lists(st.sampled_from(TAGS), unique=True, max_size=3),
        "price": st.sampled_from(NUMBERS),
        "count": st.integers(-3, 3),
        "day": st.sampled_from(DAYS).map(lambda day: day.date().isoformat()),
    },
)
word, boolean = st.sampled_from([*WORDS, "missing"]), st.booleans()
text_field = st.sampled_from([None, "title", "body", "note"])


def ranges(field: str, values: Sequence[Any]) -> st.SearchStrategy[Query]:
    end = st.none() | st.sampled_from(values)
    return st.builds(Range, st.just(field), end, end, boolean, boolean)


@st.composite
def phrases(draw: st.DrawFn) -> Query:
    terms = draw(st.lists(st.sampled_from(WORDS), min_size=2, max_size=4))
    gaps = draw(st.lists(st.integers(1, 2), min_size=len(terms), max_size=len(terms)))
    places = itertools.accumulate(gaps[1:], initial=0)
    return TermPhrase(tuple(terms), tuple(places), draw(st.integers(0, 4)), draw(text_field))


leaf: st.SearchStrategy[Query] = st.one_of(
    st.builds(Term, word, text_field),
    st.builds(Term, word),
    st.builds(Term, st.sampled_from([*TAGS, "none"]), st.just("tags")),
    phrases(),
    st.builds(Prefix, st.sampled_from(["a", "b", "x"]), st.sampled_from([None, "title", "note"])),
    st.builds(Prefix, st.sampled_from(["red", "b", "", "z"]), st.just("tags")),
    st.builds(Fuzzy, word, st.integers(1, 2), st.sampled_from([None, "body"])),
    st.builds(Fuzzy, st.sampled_from(["rad", "bleu"]), st.integers(1, 2), st.just("tags")),
    ranges("price", (*NUMBERS, 0.5, math.inf, -math.inf)),
    ranges("count", (-3, -0.5, 0, 1.0, 2.5, math.inf, -math.inf, 2**63, -(2**63))),
    ranges("day", DAYS),
    ranges("tags", (*TAGS, "blu", "reds")),
    st.builds(Range, st.sampled_from(["body", "note"])),
    st.just(MatchAll()),
)
factor = st.sampled_from([0.5, 1.0, 2.0, 3.25])


def clauses(inner: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
    few, fewer = st.lists(inner, max_size=3).map(tuple), st.lists(inner, max_size=1).map(tuple)
    return st.builds(Bool, fewer, few, fewer, fewer) | st.builds(Bool, few, few)


queries = st.recursive(leaf, lambda inner: clauses(inner) | st.builds(Boost, inner, factor))


def numbered(snapshot: Snapshot) -> Iterator[tuple[int, Document]]:
    for base, view in zip(snapshot.bases, snapshot.views, strict=True):
        for doc in np.flatnonzero(view.live).tolist():
            yield base + doc, view.segment.document(doc)


def flat(snapshot: Snapshot, arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    assert [len(array) for array in arrays] == [v.segment.n_docs for v in snapshot.views]
    return np.concatenate([np.empty(0), *arrays])


def check_explanation(explanation: Explanation) -> None:
    """Check that what has parts is their sum."""
    if explanation.matches and explanation.parts:
        parts = [part.score for part in explanation.parts]
        assert explanation.score == reduce(lambda total, part: total + part, parts, 0.0)
        for part in explanation.parts:
            assert part.matches
            check_explanation(part)
    if explanation.term:
        assert explanation.term.part == explanation.score


def check_query(matcher: Matcher, naive: Naive, query: Query) -> None:
    expected = naive.search(query)
    snapshot = matcher.snapshot
    assert np.flatnonzero(flat(snapshot, matcher.matches(query))).tolist() == sorted(expected)
    masks, arrays = matcher.scores(query)
    assert np.flatnonzero(flat(snapshot, masks)).tolist() == sorted(expected)
    scores = flat(snapshot, arrays)
    assert not np.any(np.delete(scores, sorted(expected)))
    for number, score in expected.items():
        assert scores[number] == pytest.approx(score, rel=1e-6, abs=1e-9)
    order = sorted(expected, key=lambda number: (-scores[number], number))
    for k in (1, 3, 100):
        found = matcher.search(query, k)
        assert found.numbers.tolist() == order[:k]
        assert found.scores.tolist() == scores[order[:k]].tolist()
        assert found.total in {None, len(expected)}
    assert matcher.count(query) == len(expected)
    check_pages(matcher, query, order)
    for number in range(len(scores)):
        explanation = matcher.explain(query, number)
        assert (explanation.matches, explanation.score) == (number in expected, scores[number])
        check_explanation(explanation)


def check_pages(matcher: Matcher, query: Query, order: list[int]) -> None:
    after, found = None, []
    while (page := matcher.search(query, 2, after)).numbers.size:
        found += page.numbers.tolist()
        after = float(page.scores[-1]), found[-1]
    assert found == order


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.lists(documents, max_size=6), min_size=1, max_size=3),
    st.sets(st.integers(0, 17).map(str), max_size=6),
    st.lists(queries, min_size=1, max_size=8),
)
def test_queries_mean_what_the_tree_says(
    snapshot_of: Callable[..., Snapshot],
    segments: list[list[Document]],
    gone: set[str],
    trees: list[Query],
) -> None:
    snapshot = snapshot_of(SCHEMA, segments, gone)
    matcher = Matcher(snapshot, Searcher(snapshot).scorer(), expand)
    naive = Naive(dict(numbered(snapshot)))
    for query in trees:
        check_query(matcher, naive, query)
    for query in trees:  # with masks that were kept
        assert flat(snapshot, matcher.matches(query)).nonzero()[0].tolist() == sorted(
            naive.search(query)
        )
