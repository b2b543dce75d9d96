"""Order by columns, cursors, facets and filters, against plain Python over the documents."""

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search_system.errors import OptionError
from search_system.query.ast import Bool, MatchAll, Query, Range, Term
from search_system.retrieval.cursor import Cursor
from search_system.retrieval.facets import histogram, value_counts
from search_system.retrieval.filters import filter_query, with_filter
from search_system.retrieval.matcher import Matcher
from search_system.retrieval.pages import find_page
from search_system.schema import DateField, IndexSchema, KeywordField, NumberField, TextField
from search_system.searching.searcher import Searcher
from search_system.store.snapshot import Snapshot

SCHEMA = IndexSchema(
    {
        "text": TextField("none"),
        "tags": KeywordField(),
        "price": NumberField(),
        "count": NumberField(integer=True),
        "day": DateField(),
    }
)
LARGE = 2**63 - 1
TAGS = ("blue", "red", "z", "é", "日")
Document = dict[str, Any]

documents = st.fixed_dictionaries(
    {"text": st.sampled_from(["a", "a b", "b", ""])},
    optional={
        "tags": st.lists(st.sampled_from(TAGS), unique=True, max_size=3),
        "price": st.sampled_from([-1e300, -1.5, 0.0, 2.0, 1e300]),
        "count": st.sampled_from([-LARGE, -1, 0, 1, LARGE - 1, LARGE]),
        "day": st.dates(date(1960, 1, 1), date(1980, 1, 1)).map(str),
    },
)
fields = st.sampled_from(["tags", "price", "count", "day"])
sorts = st.lists(
    fields.map(lambda field: f"-{field}") | fields, unique_by=lambda s: s.strip("-"), max_size=3
)
indexes = st.tuples(
    st.lists(st.lists(documents, max_size=12), min_size=1, max_size=3),
    st.sets(st.integers(0, 35).map(str), max_size=8),
)
"""Documents by segment, and the ids of those to delete."""
queries: st.SearchStrategy[Query] = st.sampled_from(
    [MatchAll(), Term("a"), Bool(should=(Term("a"), Term("b"))), Range("price"), Bool()]
)


Make = Callable[..., tuple[Matcher, dict[int, Document]]]


@pytest.fixture(scope="module")
def make(snapshot_of: Callable[..., Snapshot]) -> Make:
    """Return a function that indexes documents, and gives those found by their numbers."""

    def make(
        segments: Sequence[Sequence[Document]], deleted: Iterable[str] = ()
    ) -> tuple[Matcher, dict[int, Document]]:
        snapshot = snapshot_of(SCHEMA, segments, deleted)
        found = {
            base + doc: view.segment.document(doc)
            for base, view in zip(snapshot.bases, snapshot.views, strict=True)
            for doc in np.flatnonzero(view.live).tolist()
        }
        return Matcher(snapshot, Searcher(snapshot).scorer(), lambda _: []), found

    return make


def sort_value(document: Document, name: str) -> tuple[int, Any]:
    """Return what a document sorts by, ascending; what is missing comes last."""
    field, sign = name.removeprefix("-"), -1 if name.startswith("-") else 1
    value = document.get(field)
    if value in {None, ""} if not isinstance(value, list) else not value:
        return 1, 0
    if field == "tags":
        ranks = [TAGS.index(tag) for tag in value]  # ascending by their bytes
        return 0, sign * (max(ranks) if sign < 0 else min(ranks))
    if field == "day":
        value = date.fromisoformat(value).toordinal()
    return 0, sign * value


def matching(documents: dict[int, Document], query: Query) -> list[int]:
    match query:
        case MatchAll():
            return list(documents)
        case Range():
            return [n for n, d in documents.items() if "price" in d]
        case Term(text):
            return [n for n, d in documents.items() if text in d["text"].split()]
        case _:
            return [n for n, d in documents.items() if query.should and d["text"]]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(indexes, queries, sorts, st.integers(1, 5))
def test_all_pages_are_the_whole_list_once(
    make: Make,
    index: tuple[list[list[Document]], set[str]],
    query: Query,
    sort: list[str],
    k: int,
) -> None:
    matcher, found = make(*index)
    expected = matching(found, query)
    if sort:
        expected.sort(key=lambda n: [*(sort_value(found[n], name) for name in sort), n])
    else:
        expected = matcher.search(query, 100).numbers.tolist()
    numbers, cursor = [], None
    for _ in range(len(expected) // k + 1):
        page = find_page(matcher, query, k, sort, cursor)
        numbers += page.numbers.tolist()
        cursor = page.cursor
        assert (cursor is None) == (len(page.numbers) < k)
        assert page.total in {None, len(expected)}
    assert cursor is None
    assert numbers == expected
    assert find_page(matcher, query, 100, sort).numbers.tolist() == expected


def test_a_cursor_goes_on_in_a_later_snapshot(make: Make) -> None:
    tags = [{"text": "a", "tags": [tag]} for tag in ("blue", "é", "red")]
    matcher, _ = make([tags])
    page = find_page(matcher, MatchAll(), 2, ["tags"])
    assert page.numbers.tolist() == [0, 2]
    # The tag that the page ended with is gone; what comes behind it has not changed.
    later, found = make([tags, [{"text": "a", "tags": ["z"]}]], {"2"})
    numbers = find_page(later, MatchAll(), 9, ["tags"], page.cursor).numbers.tolist()
    assert [found[n]["tags"] for n in numbers] == [["z"], ["é"]]
    descending = find_page(matcher, MatchAll(), 2, ["-tags"])
    numbers = find_page(later, MatchAll(), 9, ["-tags"], descending.cursor).numbers.tolist()
    assert [found[n]["tags"] for n in numbers] == [["blue"]]


def test_cursors_of_other_queries_and_other_texts_are_refused(make: Make) -> None:
    matcher, _ = make([[{"text": "a", "price": n} for n in range(5)]])
    cursor = find_page(matcher, Term("a"), 2, ["price"]).cursor
    for query, sort in ((Term("b"), ["price"]), (Term("a"), ["-price"]), (Term("a"), [])):
        with pytest.raises(OptionError, match="another query, order or mode"):
            find_page(matcher, query, 2, sort, cursor)
    read = Cursor.decode(cursor, find_mark(cursor), 1)
    tampered = [
        Cursor(read.query, keys, 3).encode() for keys in (("x",), (math.inf,), (1, 2), (True,))
    ]
    for text in (*tampered, "", "x", "é", "AAAA", cursor[:-3], "W10", "NQ"):
        with pytest.raises(OptionError, match="expected a cursor"):
            find_page(matcher, Term("a"), 2, ["price"], text)
    with pytest.raises(OptionError, match="k must be"):
        find_page(matcher, Term("a"), 0, ["price"])
    with pytest.raises(OptionError, match="to sort by, found 'text'"):
        find_page(matcher, Term("a"), 1, ["text"])


def find_mark(cursor: str) -> str:
    """Return the fingerprint in a cursor."""
    import base64
    import json

    return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[0]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(indexes, queries, st.integers(1, 6))
def test_facets_count_what_matches(
    make: Make,
    index: tuple[list[list[Document]], set[str]],
    query: Query,
    n: int,
) -> None:
    matcher, found = make(*index)
    documents = [found[number] for number in matching(found, query)]
    masks = matcher.matches(query)
    counts = Counter(tag for document in documents for tag in document.get("tags", []))
    expected = sorted(counts.items(), key=lambda item: (-item[1], item[0].encode()))
    assert value_counts(matcher.ranks["tags"], masks, n) == expected[:n]
    edges = (-10.0, 0.0, 1.0, math.inf)
    values = [document["price"] for document in documents if "price" in document]
    assert histogram(matcher.snapshot, "price", masks, edges) == [
        sum(low <= value < high for value in values) for low, high in itertools.pairwise(edges)
    ]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    days = [document["day"] for document in documents if "day" in document]
    edges = (datetime(1900, 1, 1, tzinfo=UTC), epoch, datetime(2000, 1, 1))  # noqa: DTZ001
    assert histogram(matcher.snapshot, "day", masks, edges) == [
        sum(day < "1970" for day in days), sum(day >= "1970" for day in days)
    ]  # fmt: skip


def test_facets_refuse_other_fields(make: Make) -> None:
    matcher, _ = make([[{"text": "a"}]])
    masks = matcher.matches(MatchAll())
    with pytest.raises(OptionError, match="keyword field to count by, found 'price'; there are"):
        matcher.ranks["price"]
    with pytest.raises(OptionError, match="expected a number of values from 1 up, not 0"):
        value_counts(matcher.ranks["tags"], masks, 0)
    with pytest.raises(OptionError, match="histogram, found 'tags'"):
        histogram(matcher.snapshot, "tags", masks, [0, 1])
    with pytest.raises(OptionError, match="expected at least two edges, ascending"):
        histogram(matcher.snapshot, "price", masks, [1, 1])
    with pytest.raises(OptionError, match="expected datetimes as edges"):
        histogram(matcher.snapshot, "day", masks, [0, 1])


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [0, 1, 2, 3]),
        ({"tags": "red"}, [0, 1]),
        ({"tags": ["red", "blue"]}, [0, 1, 2]),
        ({"tags": []}, []),
        ({"tags": ("b", "r")}, [2]),
        ({"price": (1, 2)}, [0, 1]),
        ({"price": (None, 1.5), "tags": {"red"}}, [0]),
        ({"price": (2, None)}, [1, 2]),
        ({"price": 2}, [1]),
        ({"count": [1, 7]}, [0, 2]),
        ({"day": "2020"}, [0, 1]),
        ({"day": ("2020-02", "2021")}, [1, 2]),
        ({"day": (date(2020, 1, 1), datetime(2020, 3, 1, tzinfo=UTC))}, [0, 1]),
    ],
)
def test_filters_from_a_dictionary(
    make: Make, filters: dict[str, Any], expected: list[int]
) -> None:
    matcher, _ = make(
        [
            [
                {"text": "a", "tags": ["red"], "price": 1, "count": 1, "day": "2020-01-01"},
                {"text": "a b", "tags": ["é", "red"], "price": 2, "day": "2020-03-01"},
            ],
            [
                {"text": "a", "tags": ["blue"], "price": 9.5, "count": 7, "day": "2021-12-31"},
                {"text": "a"},
            ],
        ]
    )
    query = filter_query(filters, SCHEMA)
    assert np.flatnonzero(np.concatenate(matcher.matches(query))).tolist() == expected
    for tree in (Term("a"), Bool(should=(Term("a"), Term("b")))):
        plain = matcher.search(tree, 9)
        scores = dict(zip(plain.numbers.tolist(), plain.scores.tolist(), strict=True))
        found = matcher.search(with_filter(tree, query), 9)
        assert sorted(found.numbers.tolist()) == expected
        assert found.scores.tolist() == [scores[n] for n in found.numbers.tolist()]


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"text": "a"}, "expected a keyword, number or date field to filter by, found 'text'"),
        ({"color": "a"}, "found 'color'; there are tags, price, count, day"),
        ({"price": "cheap"}, "filter 'price': expected a number, found 'cheap'"),
        ({"price": (1, 2, 3)}, "expected a pair of ends"),
        ({"price": math.nan}, "expected a number, found nan"),
        ({"day": "soon"}, "filter 'day': expected a date, found 'soon'"),
        ({"tags": {"a": 1}}, "filter 'tags': expected a keyword"),
    ],
)
def test_filters_that_do_not_fit_are_named(filters: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        filter_query(filters, SCHEMA)
