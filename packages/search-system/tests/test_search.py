"""Ranking: against brute force, bm25s, and the explanation."""

import math
from collections import Counter
from collections.abc import Callable

import bm25s
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from search_system import (
    BM25,
    AnalysisConfig,
    Collection,
    Document,
    Index,
    OptionError,
    choose_schema,
    read_documents,
    read_queries,
    write_index,
)
from search_system.ranking.scorer import Scorer
from search_system.ranking.topk import top_k, zero_scores

WORDS = st.lists(st.sampled_from("abcdefgh"), max_size=30)
PARAMETERS = st.builds(BM25, st.floats(0, 5), st.floats(0, 1))


def brute_force(index: Index, query: str, bm25: BM25) -> list[float]:
    """Score every document from the formula, term by term, without the index's postings."""
    counts = [
        Counter(index.analyzer(f"{d.title}\n{d.text}"))
        for d in (index.segment.documents[n] for n in range(len(index)))
    ]
    average = sum(c.total() for c in counts) / len(counts)
    dfs = Counter(term for count in counts for term in count)
    scores = []
    for count in counts:
        score = 0.0
        for term in index.analyzer(query):
            df, tf = dfs[term], count[term]
            if tf:
                idf = math.log(1 + (len(counts) - df + 0.5) / (df + 0.5))
                norm = bm25.k1 * (1 - bm25.b + bm25.b * count.total() / average)
                score += float(np.float32(idf * (tf / (tf + norm))))
        scores.append(score)
    return scores


@settings(max_examples=60, deadline=None)
@given(corpus=st.lists(WORDS, min_size=1, max_size=150), query=WORDS, k=st.integers(1, 200),
       bm25=PARAMETERS)  # fmt: skip
def test_equals_brute_force(
    tmp_path_factory: pytest.TempPathFactory, corpus: list, query: list, k: int, bm25: BM25
) -> None:
    folder = tmp_path_factory.mktemp("index")
    write_index(folder, [Document(str(i), "", " ".join(words)) for i, words in enumerate(corpus)])
    index = Index.open(folder)
    text = " ".join(query)
    scores = brute_force(index, text, bm25)
    expected = sorted((i for i, s in enumerate(scores) if s > 0), key=lambda i: (-scores[i], i))[:k]
    hits = index.search(text, k, bm25)
    assert [(hit.number, hit.score) for hit in hits] == [(i, scores[i]) for i in expected]
    for hit in hits:
        explanation = index.explain(text, hit.id, bm25)
        assert explanation.score == hit.score
        assert sum(part.query_count * part.impact for part in explanation.terms) == hit.score
    assert index.count(text) == sum(score > 0 for score in scores)


@given(
    values=st.lists(st.sampled_from([0.0, 0.25, 1.0, 1.5]) | st.floats(0, 9), max_size=400),
    k=st.integers(1, 500),
)
def test_top_k_equals_sorting(values: list[float], k: int) -> None:
    scores = zero_scores(len(values))
    scores[: len(values)] = values
    expected = sorted((i for i, v in enumerate(values) if v > 0), key=lambda i: (-values[i], i))
    assert top_k(scores, k).tolist() == expected[:k]


@pytest.mark.parametrize("levels", [1, 3, 100_000])
def test_top_k_of_many_equal_scores(levels: int) -> None:
    values = np.random.default_rng(levels).integers(0, levels, 20_000) + 1.0
    scores = zero_scores(len(values))
    scores[: len(values)] = values
    for k in (1, 10, 3_000, 20_000, 50_000):
        expected = np.lexsort((np.arange(len(values)), -values))[:k]
        assert top_k(scores, k).tolist() == expected.tolist()


def bm25s_scores(corpus: list[list[str]], query: list[str], bm25: BM25) -> np.ndarray:
    retriever = bm25s.BM25(method="lucene", k1=bm25.k1, b=bm25.b)
    retriever.index(corpus, show_progress=False)
    known = [term for term in query if term in retriever.vocab_dict]
    return retriever.get_scores(known) if known else np.zeros(len(corpus))


@settings(max_examples=30, deadline=None)
@given(corpus=st.lists(WORDS, min_size=1, max_size=40), query=WORDS)
def test_scores_equal_bm25s(
    tmp_path_factory: pytest.TempPathFactory, corpus: list, query: list
) -> None:
    assume(any(corpus))  # bm25s cannot index a corpus without a word
    folder = tmp_path_factory.mktemp("index")
    documents = [Document(str(i), "", " ".join(words)) for i, words in enumerate(corpus)]
    write_index(folder, documents, AnalysisConfig(stemmer="none"))
    hits = Index.open(folder).search(" ".join(query), len(corpus))
    expected = bm25s_scores(corpus, query, BM25())
    assert len(hits) == np.count_nonzero(expected)
    for hit in hits:
        assert hit.score == pytest.approx(expected[hit.number], abs=1e-5)


@pytest.mark.parametrize("name", ["chorus_icecat", "cranfield"])
def test_scores_equal_bm25s_on_real_text(
    real: Callable[[str], tuple[Collection, Index]], name: str
) -> None:
    collection, index = real(name)
    documents = read_documents(collection.corpus, choose_schema(collection.corpus))
    corpus = [index.analyzer(f"{d.title}\n{d.text}") for d in documents]
    retriever = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
    retriever.index(corpus, show_progress=False)
    assert collection.queries is not None
    for query in list(read_queries(collection.queries).values())[:20]:
        terms = [term for term in index.analyzer(query) if term in retriever.vocab_dict]
        expected = retriever.get_scores(terms)
        found = {h.number: h.score for h in index.search(query, len(index), BM25(0.9, 0.4))}
        ours = np.array([found.get(number, 0.0) for number in range(len(index))])
        np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_a_score_by_hand(index: Index) -> None:
    (hit,) = index.search("cake")
    # 5 documents of 9, 6, 11, 5 and 1 terms; "cake" twice in the third and nowhere else.
    idf = math.log(1 + (5 - 1 + 0.5) / (1 + 0.5))
    assert hit.id == "c"
    assert hit.score == pytest.approx(idf * 2 / (2 + 1.2 * (0.25 + 0.75 * 11 / (32 / 5))), rel=1e-6)


def test_words_of_the_title_count_and_spellings_meet(index: Index) -> None:
    assert [hit.id for hit in index.search("CAFE zurich")] == ["c"]
    assert {hit.id for hit in index.search("shoe")} == {"a", "b"}


def test_parameters_change_the_ranking(index: Index) -> None:
    assert index.search("red", bm25=BM25())[0].id == "d"
    by_length = index.search("red shoes", bm25=BM25(k1=0, b=0))
    assert by_length[0].id == "a", "with k1 0 only the number of matching words counts"


def test_a_repeated_word_counts_again(index: Index) -> None:
    once, thrice = index.search("cake")[0], index.search("cake cake cake")[0]
    assert thrice.score == 3 * once.score


def test_equal_scores_go_by_order(build: Callable[..., Index]) -> None:
    index = build([Document(i, "", "same text") for i in "zyx"])
    assert [hit.id for hit in index.search("text")] == ["z", "y", "x"]
    assert [hit.id for hit in index.search("text", 2)] == ["z", "y"]


@settings(max_examples=300, deadline=None)
@given(
    query=st.text() | st.sampled_from(["\ud800", "\0", '"', "red AND (", "*", "a" * 9_999, "[/b]"])
)
def test_no_query_raises(shared_index: Index, query: str) -> None:
    hits = shared_index.search(query)
    terms = shared_index.query_terms(query)
    assert bool(hits) == any(terms.values()) == bool(shared_index.count(query))


@pytest.fixture(scope="module")
def shared_index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("shared")
    write_index(folder, [Document("1", "red", "a b c"), Document("2", "x", "é ü 1")])
    return Index.open(folder)


def test_an_explanation_equals_a_score_that_is_not_exact(build: Callable[..., Index]) -> None:
    """Parts of very different sizes are rounded as they are added, so their order counts."""
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice([*"abcdefgh"], 30)) for _ in range(100)]
    index = build([Document(str(i), "", text) for i, text in enumerate(texts)])
    scorer = Scorer(index.segment, BM25())
    counts = {"a": 1, "b": 10**9 + 7, "c": 3, "d": 7, "e": 10**8 + 7, "f": 1, "g": 3, "h": 1}
    numbers, scores = scorer.search(counts, 100)
    explanations = [scorer.explain(counts, int(number), "") for number in numbers]
    assert [e.score for e in explanations] == scores.tolist()
    assert any(math.fsum(part.part for part in e.terms) != e.score for e in explanations)


def test_query_terms_show_what_is_unknown(index: Index) -> None:
    assert index.query_terms("red unicorns, red") == {"red": 2, "unicorn": 0}


@pytest.mark.parametrize(
    "wrong",
    [
        {"k1": -1},
        {"k1": 1e7},
        {"k1": math.nan},
        {"k1": math.inf},
        {"b": -0.1},
        {"b": 1.1},
        {"b": math.nan},
    ],
)
def test_parameters_outside_their_range(wrong: dict[str, float]) -> None:
    with pytest.raises(OptionError, match="must be a number"):
        BM25(**wrong)


def test_wrong_k_and_unknown_document(index: Index) -> None:
    with pytest.raises(OptionError, match="k must be"):
        index.search("red", 0)
    with pytest.raises(OptionError, match="no document with the id 'zz'"):
        index.explain("red", "zz")
    assert index.explain("cake", "a").score == 0
