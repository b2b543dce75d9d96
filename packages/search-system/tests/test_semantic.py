"""Search by meaning: explanations that add up to the last bit, and pages of one ranking."""

import base64
import functools
import hashlib
import json
import operator
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import reduce
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from search_system import (
    BM25F,
    FieldParameters,
    Index,
    IndexSchema,
    KeywordField,
    NumberField,
    OptionError,
    Results,
    SignalExplanation,
    TextField,
    VectorField,
)
from search_system.dense import embedder
from search_system.fusion import MinMax
from search_system.retrieval.cursor import Cursor
from search_system.store.config import WriterConfig

DIM = 24
VOCABULARY = [f"w{i}" for i in range(40)]
SCHEMA = IndexSchema(
    {
        "title": TextField("plain", weight=2),
        "text": TextField("plain"),
        "brand": KeywordField(),
        "price": NumberField(),
        "vector": VectorField("hash"),
    }
)
QUERIES = (
    "w0",
    "w1 w2 w3",
    "w1 w1 w30",
    "title:w4 w5^3",
    "+w6 w7",
    "w8 -w9",
    '"w1 w2"~3 w12',
    "w1* w2",
    "(w1 OR w2) AND w3",
    "w10 #brand:a",
    "w11 price:>400",
    "-w1",
    "unknown",
    "*:*",
    "",
)
OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"dense_weight": 0.0},
    {"dense_weight": 1.0},
    {"dense_weight": 0.35, "filters": {"brand": ["a", "b"]}},
    {"dense_weight": 0.9, "filters": {"price": (10, 60)}, "k": 3},
    {"dense_weight": 1 / 3, "k": 130},
    {"parameters": BM25F({"title": FieldParameters(b=0), "text": FieldParameters(b=0.3)}, 0.6)},
    {"plain": True},
)


class HashEmbedder:
    """The sum of a random direction per word; zeros for a text without words."""

    name = "hash"
    dim = DIM

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        nothing = np.zeros(DIM, np.float32)
        rows = np.array([sum(map(direction, text.split()), nothing) for text in texts])
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)

    embed_queries = embed_documents


@functools.cache
def direction(word: str) -> NDArray[np.float32]:
    seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest(), "little")
    return np.random.default_rng(seed).standard_normal(DIM).astype(np.float32)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """Return 900 documents in four segments, some deleted, some without a word."""
    rng, common = np.random.default_rng(5), np.arange(40) ** 2 + 40
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(embedder._EMBEDDERS, "hash", HashEmbedder)  # type: ignore[arg-type]
        folder = tmp_path_factory.mktemp("shop") / "index"
        config = WriterConfig(background_merges=False)
        with Index.open(folder, SCHEMA, fsync="never", config=config) as index:
            for i in range(900):
                words = [
                    " ".join(rng.choice(VOCABULARY, n, p=common[::-1] / common.sum()))
                    for n in (rng.integers(0, 3), rng.integers(1, 12))
                ]
                title, text = words if i % 90 else ("", "")
                brand, price = "abc"[i % 3], int(rng.integers(0, 500))
                document = {"title": title, "text": text, "brand": brand, "price": price}
                index.add(document, str(i))
                if i % 250 == 249:
                    index.refresh()
            for i in range(0, 900, 11):
                index.delete(str(i))
            index.commit()
            assert len(index.searcher.snapshot.views) == 4
            yield index


def search(index: Index, query: str, **options: Any) -> Results:
    return index.search(query, options.pop("k", 10), **options)


def check_sums(explanation: SignalExplanation) -> None:
    """Check that each number is what the numbers below it make, by Python's own arithmetic."""
    if explanation.parts:
        parts = [part.score for part in explanation.parts]
        assert explanation.value == reduce(operator.add, parts, 0.0)
    if explanation.normalized is None:
        assert explanation.score == (explanation.value or 0.0)
        return
    assert explanation.score == explanation.weight * explanation.normalized
    assert isinstance(explanation.scale, MinMax)
    low, high = explanation.scale.lowest, explanation.scale.highest
    if explanation.note:
        assert explanation.normalized == 0
    elif high > low:
        assert explanation.value is not None
        assert explanation.normalized == (explanation.value - low) / (high - low)
    else:
        assert explanation.normalized == 1
    if explanation.words is not None and explanation.words.matches:
        assert explanation.words.score == explanation.value


@pytest.mark.parametrize("mode", ["hybrid", "dense"])
@pytest.mark.parametrize("options", OPTIONS)
def test_explanations_equal_scores_to_the_last_bit(
    shop: Index, mode: str, options: dict[str, Any]
) -> None:
    for query in QUERIES:
        results = search(shop, query, mode=mode, **options)
        for hit in results.hits[:: 1 + len(results.hits) // 10]:
            explained = shop.explain(query, hit.id, mode=mode, **options)  # type: ignore[arg-type]
            assert isinstance(explained, SignalExplanation)
            assert explained.score == hit.score
            assert explained == results.explain(hit)
            check_sums(explained)
            for part in explained.parts:
                check_sums(part)
            json.dumps(asdict(explained), allow_nan=False)


@pytest.mark.parametrize("query", ["w1 w2 w3", "w10 #brand:a -w2", "unknown"])
def test_whatever_is_not_fused_says_why(shop: Index, query: str) -> None:
    ranking = shop.search(query, 100, mode="hybrid")
    fused = {hit.id: hit.score for hit in _all_pages(shop, query, "hybrid", 100)}
    assert [hit.score for hit in ranking.hits] == [*fused.values()][:100]
    words = {hit.id for hit in shop.search(query, 100).hits}
    every = {hit.id for hit in shop.search(query, 900).hits}
    nearest = {hit.id for hit in shop.search(query, 100, mode="dense").hits}
    for i in range(1, 900, 7):
        if i % 11 == 0:
            with pytest.raises(OptionError, match="no document"):
                shop.explain(query, str(i), mode="hybrid")
            continue
        explained = shop.explain(query, str(i), mode="hybrid")
        assert explained.score == fused.get(str(i), 0.0)
        by_words, by_meaning = explained.parts
        assert bool(by_words.note) == (str(i) not in words)  # type: ignore[union-attr]
        assert bool(by_meaning.note) == (str(i) not in nearest)  # type: ignore[union-attr]
        if str(i) not in words:
            expected = "not among the best 100" if str(i) in every else "do not find it"
            assert expected in by_words.note  # type: ignore[union-attr]
        assert bool(explained.note) == (str(i) not in fused)  # type: ignore[union-attr]


def test_what_has_no_cosine_says_why(shop: Index) -> None:
    def note(query: str, doc_id: str, **options: Any) -> str:
        explained = shop.explain(query, doc_id, mode="dense", **options)
        assert isinstance(explained, SignalExplanation)
        assert (explained.value, explained.score) == (None, 0.0)
        return explained.note

    assert note("w1", "90") == "it has no vector"
    assert note("w1 #brand:b", "3") == "it does not meet the query's conditions"
    assert note("w1", "3", filters={"brand": "b"}) == "it does not meet the query's conditions"
    assert note("", "3") == "the query has no word that the embedder knows"
    with pytest.raises(OptionError, match="no document with the id '0'"):
        shop.explain("w1", "0", mode="dense")


def test_a_hybrid_score_is_what_its_definition_says(shop: Index) -> None:
    weight, query = 0.4, "w1 w2 w3"
    words = {hit.id: hit.score for hit in shop.search(query, 100).hits}
    meaning = {hit.id: hit.score for hit in shop.search(query, 100, mode="dense").hits}
    expected = dict.fromkeys([*words, *meaning], 0.0)
    for share, scores in ((1 - weight, words), (weight, meaning)):
        low, high = min(scores.values()), max(scores.values())
        for doc_id, score in scores.items():
            expected[doc_id] += share * (score - low) / (high - low)
    hits = _all_pages(shop, query, "hybrid", 30, dense_weight=weight)
    assert {hit.id: pytest.approx(hit.score, abs=1e-12) for hit in hits} == expected


def test_words_keep_their_own_explanation(shop: Index) -> None:
    filters = {"brand": ["a"]}
    for hit in shop.search("w1 w2", filters=filters).hits:
        assert shop.explain("w1 w2", hit.id, filters=filters).score == hit.score
    explained = shop.explain("w1", "3", filters={"brand": "b"})
    assert (explained.score, explained.matches) == (0, False)  # type: ignore[union-attr]
    for options in ({"mode": "typo"}, {"k": 0}, {"dense_weight": 2.0}, {"dense_weight": np.nan}):
        with pytest.raises(OptionError, match="must be"):
            shop.explain("w1", "3", **options)  # type: ignore[arg-type]


def _all_pages(index: Index, query: str, mode: str, k: int, **options: Any) -> list[Any]:
    """Return the hits of all pages; each but the last is full."""
    hits, cursor = [], None
    while True:
        results = index.search(query, k, mode=mode, cursor=cursor, **options)  # type: ignore[arg-type]
        hits += results.hits
        if (cursor := results.cursor) is None:
            return hits
        assert len(results.hits) == k


@pytest.mark.parametrize("mode", ["hybrid", "dense"])
def test_pages_are_one_long_page(shop: Index, mode: str) -> None:
    for query in QUERIES:
        for options in ({}, {"filters": {"price": (10, 300)}, "dense_weight": 0.6}):
            ends = {}
            for k in (7, 50, 100):
                hits = _all_pages(shop, query, mode, k, **options)
                order = [(-hit.score, hit.number) for hit in hits]
                assert order == sorted(set(order))
                assert len({hit.id for hit in hits}) == len(hits)
                ends[k] = [(hit.id, hit.score) for hit in hits]
            assert ends[7] == ends[50] == ends[100]
    assert len(_all_pages(shop, "w1", "dense", 300)) == len(shop) - 9, "those without a word"


def test_a_long_first_page_fuses_deeper(shop: Index) -> None:
    assert len(_all_pages(shop, "w0 w1 w2", "hybrid", 10)) <= 200
    first = shop.search("w0 w1 w2", 150, mode="hybrid")
    rest = shop.search("w0 w1 w2", 500, mode="hybrid", cursor=first.cursor)
    whole = shop.search("w0 w1 w2", 150, mode="hybrid").ranking
    assert whole is not None
    numbers = [hit.number for hit in (*first.hits, *rest.hits)]
    assert numbers == whole.numbers.tolist()
    assert rest.cursor is None
    assert first.total is rest.total is None


def test_a_cursor_is_of_one_query_mode_and_weight(shop: Index) -> None:
    options: dict[str, Any] = {"mode": "hybrid", "dense_weight": 0.5}
    cursor = shop.search("w1 w2", **options).cursor
    assert cursor
    assert shop.search("w1 w2", 3, cursor=cursor, **options).hits
    others: tuple[tuple[str, dict[str, Any]], ...] = (
        ("w1 w3", {}),
        ("w1 w2", {"mode": "dense"}),
        ("w1 w2", {"mode": "lexical"}),
        ("w1 w2", {"dense_weight": 0.4}),
        ("w1 w2", {"filters": {"brand": "a"}}),
        ("w1 w2 -w3", {}),
        ("w1 w2", {"parameters": BM25F({"text": FieldParameters()})}),
    )
    for query, changed in others:
        with pytest.raises(OptionError, match="belongs to another query, order or mode"):
            shop.search(query, cursor=cursor, **options | changed)
    with pytest.raises(OptionError, match="belongs to another query"):
        shop.search("w1 w2", cursor=shop.search("w1 w2").cursor, **options)
    with pytest.raises(OptionError, match="expected a cursor"):
        shop.search("w1 w2", cursor="x", **options)
    with pytest.raises(OptionError, match="sort goes with mode 'lexical'"):
        shop.search("w1 w2", sort=["price"], **options)


def test_a_forged_cursor_is_no_traceback(shop: Index) -> None:
    cursor = shop.search("w1 w2", mode="hybrid").cursor
    assert cursor
    mark = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[0]
    for keys, place in (((0,), 1), ((None,), 1), (("x",), 1), ((100,), -1), ((), 1), ((1, 2), 1)):
        forged = Cursor(mark, keys, place).encode()
        with pytest.raises(OptionError, match="expected a cursor"):
            shop.search("w1 w2", mode="hybrid", cursor=forged)
    far = Cursor(mark, (10**30,), 10**30).encode()
    assert shop.search("w1 w2", mode="hybrid", cursor=far).hits == []


def test_facets_count_what_matches_by_words_on_every_page(shop: Index) -> None:
    first = shop.search("w1", facets=["brand"], mode="hybrid")
    second = shop.search("w1", facets=["brand"], mode="hybrid", cursor=first.cursor)
    assert first.facets == second.facets == shop.search("w1", facets=["brand"]).facets
