"""Plain words, which skip the query tree, give what their tree gives."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_system import BM25F, FieldParameters, Index, IndexSchema, TextField
from search_system.query.ast import BOOST_LIMITS
from search_system.query.plain_words import PlainWords
from search_system.retrieval.plan import Planner
from search_system.scoring.kernels.dictionary import find_string

WORDS = ("red", "shoe", "shoes", "blue", "cake", "the", "wine", "missing", "42", "café")
SCHEMA = IndexSchema({"title": TextField(weight=2.0), "text": TextField()})
OTHER = BM25F({"text": FieldParameters(b=0.2), "title": FieldParameters(weight=0.5)}, k1=0.7)
queries = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Return an index of three segments, with deleted documents."""
    rng = np.random.default_rng(0)
    index = Index.open(tmp_path_factory.mktemp("index"), SCHEMA)
    for number in range(60):
        title, text = (" ".join(rng.choice(WORDS[:7], rng.integers(0, 9))) for _ in range(2))
        index.add({"title": title, "text": text}, f"d{number}")
        if number % 20 == 19:
            index.commit()
            len(index)  # a commit becomes a segment when somebody looks
    for number in range(0, 60, 7):
        index.delete(f"d{number}")
    index.commit()
    assert len(index.searcher.snapshot.views) == 3
    return index


@settings(max_examples=150, deadline=None)
@given(queries, st.integers(1, 70), st.booleans(), st.sampled_from([None, OTHER]))
def test_plain_words_find_what_their_tree_finds(
    index: Index, query: str, k: int, plain: bool, parameters: BM25F | None
) -> None:
    results = index.search(query, k, plain=plain, parameters=parameters)
    matcher = index.searcher.matcher(parameters)
    numbers, scores, _ = matcher.search(results.tree, k, after=(math.inf, -1))  # densely
    assert [hit.number for hit in results.hits] == numbers.tolist()
    assert [hit.score for hit in results.hits] == scores.tolist()
    assert [hit.id for hit in results.hits] == [f"d{n}" for n in numbers.tolist()]
    assert (results.repairs, results.facets) == ((), {})
    assert results.total == matcher.count(results.tree)
    assert results.tree == index.searcher.words_of(query)[0]
    for hit in results.hits[:3]:
        assert index.explain(query, hit.id, plain=plain, parameters=parameters).score == hit.score


def test_pages_go_on_behind_plain_words(index: Index) -> None:
    first = index.search("red cake", 5)
    second = index.search("red cake", 5, cursor=first.cursor)
    assert [*first.hits, *second.hits] == index.search("red cake", 10).hits


@given(st.lists(st.sampled_from(WORDS), max_size=30))
def test_weights_are_those_of_the_plan(index: Index, terms: list[str]) -> None:
    words = PlainWords(terms)
    parameters = index.searcher.scorer().parameters
    plan = Planner(SCHEMA, parameters, lambda _: ()).plan(words.tree())
    assert list(words.weights().items()) == list(plan.terms.items())


def test_a_word_counts_no_more_than_boosts_may() -> None:
    assert PlainWords(["a"] * 1_000_001 + ["b"]).weights() == {"a": BOOST_LIMITS[1], "b": 1.0}


@given(st.sets(st.text(max_size=5)), st.text(max_size=5))
def test_find_string_finds_what_the_table_finds(strings: set[str], target: str) -> None:
    encoded = sorted(string.encode("utf-8", "replace") for string in strings)
    encoded = list(dict.fromkeys(encoded))
    data = np.frombuffer(b"".join(encoded), np.uint8)
    offsets = np.cumsum([0, *map(len, encoded)])
    for wanted in [*encoded, target.encode("utf-8", "replace")]:
        place = encoded.index(wanted) if wanted in encoded else -1
        assert find_string(data, offsets, np.frombuffer(wanted, np.uint8)) == place


def test_find_string_reads_nothing_outside() -> None:
    data, target = np.zeros(3, np.uint8), np.zeros(1, np.uint8)
    for offsets in ([0, 9], [-5, 1], [3, 0], [0, 2**62]):
        assert find_string(data, np.array(offsets), target) == -1
