"""Searching an index: against bm25s, by hand, and with any string."""

import math
from collections.abc import Callable

import bm25s
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from search_system import (
    BM25F,
    Collection,
    Document,
    FieldParameters,
    Index,
    IndexSchema,
    KeywordField,
    OptionError,
    TextField,
    VectorField,
    build_index,
    read_documents,
    read_queries,
)
from search_system.searching.page import unknown_words

WORDS = st.lists(st.sampled_from("abcdefgh"), max_size=30)
POOLED = IndexSchema({"text": TextField("plain")})


def both(k1: float, b: float) -> BM25F:
    """Return parameters of a title and a text that count the same."""
    return BM25F({"title": FieldParameters(b=b), "text": FieldParameters(b=b)}, k1)


@settings(max_examples=30, deadline=None)
@given(corpus=st.lists(WORDS, min_size=1, max_size=40), query=WORDS)
def test_scores_equal_bm25s(
    tmp_path_factory: pytest.TempPathFactory, corpus: list, query: list
) -> None:
    assume(any(corpus))  # bm25s cannot index a corpus without a word
    folder = tmp_path_factory.mktemp("index") / "i"
    documents = [Document(str(i), {"text": " ".join(words)}) for i, words in enumerate(corpus)]
    build_index(folder, documents, POOLED)
    hits = Index.open(folder).search(" ".join(query), len(corpus)).hits
    retriever = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    retriever.index(corpus, show_progress=False)
    known = [term for term in query if term in retriever.vocab_dict]
    expected = retriever.get_scores(known) if known else np.zeros(len(corpus))
    assert len(hits) == np.count_nonzero(expected)
    for hit in hits:
        assert hit.score == pytest.approx(expected[hit.number], abs=1e-5)


@pytest.mark.parametrize("name", ["chorus_icecat", "cranfield"])
def test_scores_equal_bm25s_on_real_text(
    real: Callable[[str], tuple[Collection, Index]], name: str
) -> None:
    """One field at a time, since bm25s knows no fields."""
    collection, index = real(name)
    analyzer = index.searcher.analyzer
    corpus = [analyzer(d.fields["text"]) for d in read_documents(collection.corpus, "_id")]
    retriever = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
    retriever.index(corpus, show_progress=False)
    parameters = BM25F({"text": FieldParameters(b=0.4)}, 0.9)
    assert collection.queries is not None
    for query in list(read_queries(collection.queries).values())[:20]:
        terms = [term for term in analyzer(query) if term in retriever.vocab_dict]
        expected = retriever.get_scores(terms) if terms else np.zeros(len(corpus))
        results = index.search(query, len(index), parameters=parameters, plain=True)
        found = {hit.id: hit.score for hit in results.hits}
        ours = np.array([found.get(d.id, 0.0) for d in read_documents(collection.corpus, "_id")])
        np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_a_score_by_hand(index: Index) -> None:
    (hit,) = index.search("cake", parameters=both(1.2, 0.75)).hits
    # 5 documents; "cake" is twice in the third's text of 7 words, and nowhere else.
    idf, average = math.log(1 + (5 - 1 + 0.5) / (1 + 0.5)), (7 + 4 + 7 + 5 + 0) / 5
    frequency = 2 / (0.25 + 0.75 * 7 / average)
    assert hit.id == "c"
    assert hit.score == pytest.approx(idf * frequency / (1.2 + frequency), rel=1e-6)
    assert hit.document["title"] == "A café in Zürich"


def test_words_of_the_title_count_and_spellings_meet(index: Index) -> None:
    assert [hit.id for hit in index.search("CAFE zurich").hits] == ["c"]
    assert {hit.id for hit in index.search("shoe").hits} == {"a", "b"}


def test_parameters_change_the_ranking(index: Index) -> None:
    assert index.search("red", parameters=both(1.2, 0.75)).hits[0].id == "d"
    flat = index.search("red shoes", parameters=both(0, 0)).hits
    assert flat[0].id == "a", "with k1 0 only the number of matching words counts"


def test_a_repeated_word_counts_again(index: Index) -> None:
    once, thrice = index.search("cake").hits[0], index.search("cake cake cake").hits[0]
    assert thrice.score == pytest.approx(3 * once.score, rel=1e-6)


def test_equal_scores_go_by_order(build: Callable[..., Index]) -> None:
    index = build([Document(i, {"text": "same text"}) for i in "zyx"], POOLED)
    assert [hit.id for hit in index.search("text").hits] == ["z", "y", "x"]
    assert [hit.id for hit in index.search("text", 2).hits] == ["z", "y"]
    assert index.search("text", 2).total == 3


@settings(max_examples=300, deadline=None)
@given(
    query=st.text() | st.sampled_from(["\ud800", "\0", '"', "red AND (", "*", "a" * 9_999, "[/b]"])
)
def test_no_query_raises(shared_index: Index, query: str) -> None:
    for plain in (False, True):
        results = shared_index.search(query, 1, plain=plain)
        assert bool(results.hits) == bool(results.total)
        for hit in results.hits:
            assert results.matcher.explain(results.tree, hit.number).score == hit.score


@pytest.fixture(scope="module")
def shared_index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("shared") / "index"
    schema = IndexSchema({"title": TextField(), "text": TextField()})
    documents = [
        Document("1", {"title": "red", "text": "a b c"}),
        Document("2", {"title": "x", "text": "é ü 1"}),
    ]
    build_index(folder, documents, schema)
    return Index.open(folder)


def test_the_query_language_reaches_the_index(index: Index) -> None:
    def ids(query: str) -> list[str]:
        return [hit.id for hit in index.search(query).hits]

    assert ids('"blue leather"') == ["b"]
    assert ids("+shoes -blue") == ["a"]
    assert ids("title:red") == ["a"]
    assert ids("price:[5 TO 20]") == ["a"]
    assert ids("+red price:>9 #(shoes)") == ["a"]
    assert ids('"shoes for men') == ["a"], "a quote is closed where it was not"
    assert index.search('"shoes for men').repairs
    assert ids("") == ids("nothing-like:that") == []


def test_a_field_without_weight_is_found_by_its_name(build: Callable[..., Index]) -> None:
    schema = IndexSchema({"text": TextField(), "code": TextField("plain", weight=0)})
    index = build([Document("1", {"text": "shoe", "code": "running x9"})], schema)
    assert not index.search("x9").hits
    (hit,) = index.search("code:running").hits
    assert hit.score == index.explain("code:running", "1").score > 0


def test_words_that_no_document_has(index: Index) -> None:
    results = index.search('red unicorns, title:cake red "pink leather"')
    assert unknown_words(results, index.searcher) == ("unicorns", "cake", "pink")


def test_wrong_k_and_unknown_document(index: Index) -> None:
    with pytest.raises(OptionError, match="k must be"):
        index.search("red", 0)
    with pytest.raises(OptionError, match="no document with the id 'zz'"):
        index.explain("red", "zz")
    assert index.explain("cake", "a").score == 0


def test_evaluate(index: Index) -> None:
    evaluation = index.evaluate({"q1": "cake", "q2": "red"}, {"q1": {"c": 1}, "q2": {"b": 1}})
    assert evaluation.with_positive is not None
    assert evaluation.with_positive.reciprocal_rank == 0.5


@pytest.fixture
def shop(build: Callable[..., Index]) -> Index:
    pytest.importorskip("tokenizers", reason="the extra 'dense' is not installed")
    pytest.importorskip("wordllama", reason="the extra 'dense' is not installed")
    schema = IndexSchema(
        {"text": TextField(), "brand": KeywordField(), "vector": VectorField("wordllama")}
    )
    texts = {"1": "laptop computer", "2": "notebook for students", "3": "garden hose, green"}
    return build([Document(i, {"text": t, "brand": f"b{i}"}) for i, t in texts.items()], schema)


def test_meaning_finds_what_words_do_not(shop: Index) -> None:
    query = "portable computers"
    assert [hit.id for hit in shop.search(query).hits] == ["1"]
    dense = shop.search(query, 2, mode="dense").hits
    assert [hit.id for hit in dense] == ["1", "2"]
    assert 1 >= dense[0].score > dense[1].score > 0
    assert [hit.id for hit in shop.search(query, 2, mode="hybrid").hits] == ["1", "2"]


def test_conditions_hold_for_meaning_too(shop: Index) -> None:
    def ids(query: str, **options: object) -> set[str]:
        results = shop.search(query, mode="hybrid", **options)  # type: ignore[arg-type]
        return {hit.id for hit in results.hits}

    assert ids("computer -laptop") == {"2", "3"}
    assert ids("computer #brand:b3") == {"3"}
    assert ids("computer", filters={"brand": ["b2", "b3"]}) == {"2", "3"}
    assert ids("+garden computer") == {"3"}
    with pytest.raises(OptionError, match="sort goes with mode"):
        ids("computer", sort=["brand"])
    with pytest.raises(OptionError, match="dense_weight must be"):
        ids("computer", dense_weight=2)
    shop.add({"text": "a tablet computer"}, "4")
    shop.delete("1")
    shop.commit()
    assert ids("computer") == {"2", "3", "4"}
    shop.close()


def test_an_index_without_vectors_says_so(index: Index) -> None:
    with pytest.raises(OptionError, match="the index has no vectors"):
        index.search("red", mode="dense")


def test_demanded_groups_hold_for_meaning_and_signs_are_not_embedded(shop: Index) -> None:
    hits = shop.search("+(garden OR students) computer", mode="hybrid").hits
    assert {hit.id for hit in hits} == {"2", "3"}
    assert {hit.id for hit in shop.search("(garden OR hose) AND green", mode="dense").hits} == {"3"}
    plain = shop.search("computer", mode="dense").hits[0].score
    signed = shop.search("+computer -garden #brand:b1", mode="dense").hits[0]
    assert (signed.id, signed.score) == ("1", plain)
    assert shop.search("computer", mode="dense").total is None


@pytest.mark.parametrize("mode", ["lexical", "dense", "hybrid"])
def test_every_mode_checks_its_options(shop: Index, mode: str) -> None:
    with pytest.raises(OptionError, match="k must be"):
        shop.search("computer", 0, mode=mode)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="mode must be one of"):
        shop.search("computer", mode="typo")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="k must be"):
        shop.complete("com", -1)


def test_a_cursor_knows_its_parameters_and_filters(build: Callable[..., Index]) -> None:
    schema = IndexSchema({"text": TextField(), "brand": KeywordField()})
    docs = [Document(str(i), {"text": "shoe " * (i + 1), "brand": "ab"[i % 2]}) for i in range(9)]
    index = build(docs, schema)
    first = index.search("shoe", 3, filters={"brand": {"b", "a"}})
    behind = index.search("shoe", 9, filters={"brand": ["a", "b"]}, cursor=first.cursor)
    assert len({hit.id for hit in (*first.hits, *behind.hits)}) == 9
    other = BM25F({"text": FieldParameters(b=0)})
    with pytest.raises(OptionError, match="belongs to another query"):
        index.search("shoe", 3, cursor=index.search("shoe", 3).cursor, parameters=other)
