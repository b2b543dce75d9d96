"""What single queries over a snapshot find, what they refuse, and what is kept between them."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from search_system.errors import OptionError
from search_system.query.ast import (
    NOTHING,
    Bool,
    Boost,
    MatchAll,
    Phrase,
    Prefix,
    Query,
    Range,
    Term,
    TermPhrase,
)
from search_system.retrieval.masks import MaskCache
from search_system.retrieval.matcher import Matcher
from search_system.schema import DateField, IndexSchema, KeywordField, NumberField, TextField
from search_system.searching.searcher import Searcher
from search_system.store.snapshot import Snapshot

SCHEMA = IndexSchema(
    {
        "title": TextField("none", weight=2.0),
        "body": TextField("none"),
        "tags": KeywordField(),
        "price": NumberField(),
        "day": DateField(),
    }
)
WORDS = ("a", "ab", "b", "c", "d")
Make = Callable[..., Matcher]


@pytest.fixture(scope="module")
def make(snapshot_of: Callable[..., Snapshot]) -> Make:
    """Return a function that indexes documents in one segment."""

    def make(documents: Sequence[dict[str, Any]], deleted: Sequence[str] = ()) -> Matcher:
        snapshot = snapshot_of(SCHEMA, [documents] if documents else [], deleted)
        words = [(word, 1.0) for word in WORDS]
        return Matcher(
            snapshot,
            Searcher(snapshot).scorer(),
            lambda node: [pair for pair in words if pair[0].startswith(node.text)],
        )

    return make


@pytest.mark.parametrize(
    ("text", "slop", "matches"),
    [
        ("a b c", 0, True),
        ("a x b c", 0, False),
        ("a x b c", 1, True),
        ("a x b x c", 1, False),
        ("a x b x c", 2, True),
        ("b a c", 1, False),
        ("b a c", 2, True),
        ("c b a", 3, False),
        ("c b a", 4, True),  # a at -2 and c at +2 of where they belong
        ("a b", 9, False),
        ("x x x x a b c", 0, True),
    ],
)
def test_slop_counts_moves(make: Make, text: str, slop: int, matches: bool) -> None:
    matcher = make([{"title": text}, {"title": "a b"}, {"title": "c"}])
    found = matcher.search(TermPhrase(("a", "b", "c"), (0, 1, 2), slop), 5)
    assert found.numbers.tolist() == [0] * matches


@pytest.mark.parametrize(
    ("text", "slop", "matches"),
    [("a", 9, False), ("a x a", 0, False), ("a x a", 1, True), ("a a", 0, True), ("b a", 1, False)],
)
def test_a_term_twice_needs_two_tokens(make: Make, text: str, slop: int, matches: bool) -> None:
    matcher = make([{"body": text}])
    assert matcher.count(TermPhrase(("a", "a"), (0, 1), slop, "body")) == matches


def test_phrases_pass_over_documents_with_many_occurrences(make: Make) -> None:
    """Positions are found by adding up frequencies, of which those from 255 up are kept apart."""
    texts = [
        "a " * 254 + "b",
        "a " * 255,
        "b " * 300,
        "a " * 256 + "x b",
        "b a " * 400,
        "b a",
        "a b",
    ]
    matcher = make([{"body": text} for text in texts])

    def found(*terms: str, slop: int = 0) -> list[int]:
        phrase = TermPhrase(terms, tuple(range(len(terms))), slop, "body")
        return np.flatnonzero(matcher.matches(phrase)[0]).tolist()

    assert found("a", "b") == [0, 4, 6]
    assert found("a", "b", slop=1) == [0, 3, 4, 6]
    assert found("b", "a") == [4, 5]
    assert found("a", "a", "a") == [0, 1, 3]
    assert found("b", "b", slop=1) == [2, 4]
    assert found("a", "b", slop=2**62) == [0, 3, 4, 5, 6]


def test_words_and_conditions_go_to_the_kernels(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = [{"title": "a b", "price": 1.0}, {"title": "a", "price": 2.0}, {"title": "b c"}]
    matcher = make(documents)
    a, b, cheap = Term("a"), Term("b"), Range("price", high=1.5)
    trees: dict[Query, list[int]] = {
        a: [1, 0],
        Bool(should=(a, b)): [0, 1, 2],
        Bool(must=(a,), should=(b,)): [0, 1],
        Bool(must=(Bool(should=(a, b)),), filter=(cheap,)): [0],
        Bool(should=(a, Boost(Bool(should=(b, Term("c"))), 2.0)), must_not=(cheap,)): [2, 1],
        Bool(must=(Prefix("a"),), filter=(Range("price"),)): [1, 0],
        Bool(must=(a, b)): [0],
    }
    monkeypatch.setattr(matcher, "_best_densely", None)
    for query, expected in trees.items():
        assert matcher.search(query, 9).numbers.tolist() == expected


def test_scores_beyond_exact_sums_are_the_same_everywhere(make: Make) -> None:
    matcher = make([{"title": "a b c d"}, {"title": "a d"}])
    terms = [
        Boost(Term(word), factor)
        for word, factor in (("a", 99_999.0), ("b", 1e-6), ("c", 12_345.6), ("d", 0.1))
    ]
    for query in (Bool(should=tuple(terms)), Bool(must=(*terms[:2],), should=(*terms[2:],))):
        found = matcher.search(query, 2)
        _, (scores,) = matcher.scores(query)
        for number, score in zip(found.numbers.tolist(), found.scores.tolist(), strict=True):
            assert scores[number] == score == matcher.explain(query, number).score


def test_explanations_say_what_is_lacking(make: Make) -> None:
    documents = [{"title": "a b", "price": 2.0}, {"title": "c", "tags": ["red"]}]
    matcher = make(documents, ["1"])
    query = Bool(
        must=(Term("a"),), should=(Term("b", "title"),), must_not=(Range("price", 1.0, 3.0),),
        filter=(Term("red", "tags"),),
    )  # fmt: skip
    lacks = matcher.explain(query, 0)
    assert not lacks.matches
    assert [part.clause for part in lacks.parts] == ["tags:red", "-(price:[1 TO 3])"]
    assert not matcher.explain(query, 1).matches, "deleted"
    whole = matcher.explain(Bool(must=(Term("a"),), should=(Term("b", "title"), MatchAll())), 0)
    assert [part.clause for part in whole.parts] == ["a", "title:b", "*:*"]
    assert whole.parts[2].score == 1.0
    assert whole.parts[1].term is not None
    with pytest.raises(OptionError, match="no document number 2; there are 2"):
        matcher.explain(query, 2)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (Term("a", "color"), "no field 'color' to search; there are title, body"),
        (Range("color"), "no field 'color'"),
        (Phrase("a b"), "expected a rewritten query"),
        (Range("title", "a"), "'title' is a text, which has no ranges"),
        (Range("price", "a"), "field 'price': expected a number as an end of a range, found 'a'"),
        (Range("day", 1.0), "expected a datetime as an end"),
        (Range("tags", 1.0), "expected a string as an end"),
        (Prefix("1", "price"), "'price' is a number, where \\* and ~ do not work"),
        (TermPhrase(("a", "b"), (0, 1), 0, "tags"), "'tags' is no text"),
        (Term("soon", "day"), "'soon' is no date for field 'day'"),
    ],
)
def test_what_cannot_be_searched_is_named(make: Make, query: Query, message: str) -> None:
    matcher = make([{"title": "a"}])
    with pytest.raises(OptionError, match=message):
        matcher.search(Bool(must=(query,)), 1)
    with pytest.raises(OptionError, match="k must be a whole number from 1 up, not 0"):
        matcher.search(MatchAll(), 0)


def test_an_empty_index_has_no_results(make: Make) -> None:
    matcher = make([])
    for query in (NOTHING, Term("a"), MatchAll(), Bool(must_not=(Term("a"),))):
        assert matcher.search(query, 3).total in {None, 0}
        assert matcher.count(query) == len(matcher.search(query, 3).numbers) == 0


def test_masks_that_are_kept_take_bounded_memory() -> None:
    kept, made = MaskCache(capacity=25), Counter[int]()

    def get(key: int) -> None:
        def make() -> NDArray[np.bool_]:
            made[key] += 1
            return np.ones(10, np.bool_)

        assert not kept.get(key, make).flags.writeable

    for key in (1, 2, 1, 3, 1, 2):
        get(key)
    assert made == {1: 1, 2: 2, 3: 1}


def test_threads_share_a_matcher(make: Make) -> None:
    rng = random.Random(0)
    documents = [{"title": " ".join(rng.choices(WORDS, k=4)), "price": float(i)} for i in range(99)]
    matcher = make(documents)
    trees = [
        Bool(should=(Term(rng.choice(WORDS)), MatchAll()), filter=(Range("price", float(i % 7)),))
        for i in range(40)
    ]
    expected = [make(documents).search(query, 5) for query in trees]
    with ThreadPoolExecutor(4) as pool:
        for found, wanted in zip(pool.map(lambda q: matcher.search(q, 5), trees * 3), expected * 3,
                                 strict=True):  # fmt: skip
            assert found.numbers.tolist() == wanted.numbers.tolist()
            assert found.scores.tolist() == wanted.scores.tolist()
