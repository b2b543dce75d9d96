"""Phrases, pairs and windows of terms against brute force over token lists."""

import tempfile
from itertools import pairwise, product
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search_system.schema import IndexSchema, TextField
from search_system.searching.searcher import Searcher
from search_system.store.store import Store
from search_system.understanding.occurrences import (
    documents_with_all,
    frequencies,
    minimal_spans,
    ordered_pairs,
    phrase_counts,
    positions,
)

WORDS = "abcd"
token_lists = st.lists(st.text(WORDS, max_size=12).map(list), min_size=1, max_size=8)
queries = st.text(WORDS + "x", min_size=1, max_size=4).map(list)


def searcher_of(folder: Path, documents: list[list[str]], cut: int, deleted: set[int]) -> Searcher:
    """Index the documents in two segments, and delete some."""
    schema = IndexSchema({"text": TextField(analyzer="plain")})
    with Store.open(folder, schema) as store:
        for number, tokens in enumerate(documents):
            if number == cut:
                store.commit()
            store.add({"text": " ".join(tokens)}, str(number))
        store.commit()
        for number in deleted:
            store.delete(str(number))
        store.commit()
        return Searcher(store.snapshot())


def spans_of(tokens: list[str], terms: list[str]) -> int:
    """Return the narrowest window with all terms, by trying every choice of places."""
    places = [[p for p, token in enumerate(tokens) if token == term] for term in terms]
    return min((max(c) - min(c) + 1 for c in product(*places)), default=0)


@given(token_lists, queries, st.integers(0, 8))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_brute_force(documents: list[list[str]], terms: list[str], cut: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        searcher = searcher_of(Path(folder) / "index", documents, cut, set())
        snapshot, n = searcher.snapshot, len(documents)
        numbers = np.arange(n)[::-1].copy()
        rows = [documents[number] for number in numbers.tolist()]
        distinct = list(dict.fromkeys(terms))

        counts = frequencies(snapshot, "text", terms, numbers)
        assert counts.tolist() == [[row.count(term) for row in rows] for term in terms]

        places = positions(snapshot, "text", distinct, numbers)
        query, size = [distinct.index(term) for term in terms], len(terms)
        starts = [[p for p in range(len(r)) if r[p : p + size] == terms] for r in rows]
        phrases, first = phrase_counts(places, query, n)
        assert phrases.tolist() == [len(found) for found in starts]
        assert first.tolist() == [found[0] if found else -1 for found in starts]

        neighbours = [set(pairwise(row)) for row in rows]
        wanted = list(pairwise(terms))
        expected = [sum(pair in found for pair in wanted) for found in neighbours]
        assert ordered_pairs(places, query, n).tolist() == expected

        spans = minimal_spans(places, len(distinct), n)
        assert spans.tolist() == [spans_of(row, distinct) for row in rows]


def test_documents_with_all_leaves_out_deleted_ones(tmp_path: Path) -> None:
    documents = [["a", "b"], ["a"], ["b", "a"], ["b"]]
    searcher = searcher_of(tmp_path / "index", documents, 2, {0})
    assert documents_with_all(searcher, ["a", "b", "a"]).tolist() == [2]
    assert documents_with_all(searcher, ["a", "nowhere"]).tolist() == []


def test_no_documents_are_no_error(tmp_path: Path) -> None:
    searcher = searcher_of(tmp_path / "index", [["a"]], 0, set())
    nothing = np.zeros(0, np.int64)
    places = positions(searcher.snapshot, "text", ["a"], nothing)
    assert not len(places.docs)
    assert not len(minimal_spans(places, 1, 0))
    assert not len(phrase_counts(places, [0], 0)[0])
