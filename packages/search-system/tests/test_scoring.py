"""BM25F scoring: kernels against brute force, bm25s, the present scorer and the explanation."""

import math
import random
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import bm25s
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from search_system.errors import CorruptIndexError, OptionError
from search_system.scoring.kernels.windows import WINDOW
from search_system.scoring.merging import FieldTerm, Term
from search_system.scoring.parameters import BM25F, FieldParameters
from search_system.scoring.scorer import Method, Scorer
from search_system.scoring.source import IndexStatistics, IntArray

WORDS = ("a", "b", "c", "d")
METHODS = (Method.TERM_AT_A_TIME, Method.MAX_SCORE, Method.CHOOSE)
Texts = Mapping[str, list[str]]


@dataclass
class MemorySource:
    """A segment of a few documents, each a list of terms per field."""

    documents: Sequence[Texts]
    live: NDArray[np.bool_] | None = None

    @property
    def n_docs(self) -> int:
        return len(self.documents)

    def lengths(self, field: str) -> IntArray:
        return np.array([len(doc.get(field, [])) for doc in self.documents], dtype=np.uint32)

    def postings(self, field: str, term: str) -> tuple[IntArray, IntArray] | None:
        tfs = [doc.get(field, []).count(term) for doc in self.documents]
        docs = np.flatnonzero(tfs)
        return (docs.astype(np.uint32), np.array(tfs)[docs]) if len(docs) else None

    def is_live(self, doc: int) -> bool:
        return self.live is None or bool(self.live[doc])


def statistics_of(sources: Sequence[MemorySource], fields: Sequence[str]) -> IndexStatistics:
    docs = [d for s in sources for i, d in enumerate(s.documents) if s.is_live(i)]
    n = max(1, len(docs))
    return IndexStatistics(len(docs), {f: sum(len(d.get(f, [])) for d in docs) / n for f in fields})


def brute_force(
    sources: Sequence[MemorySource],
    parameters: BM25F,
    terms: Mapping[Term, float],
    allowed: Sequence[NDArray[np.bool_] | None],
) -> dict[int, float]:
    """Return the score of every document that has a term, straight from the formula."""
    statistics = statistics_of(sources, list(parameters.fields))

    def frequency(doc: Texts, term: Term) -> float:
        text, wanted = (term, None) if isinstance(term, str) else (term.term, term.fields)
        return sum(
            (values.weight or 1.0) * doc[name].count(text)
            / (1 - values.b + values.b * len(doc[name]) / statistics.average_lengths[name])
            for name, values in parameters.fields.items()
            if doc.get(name) and (values.weight if wanted is None else name in wanted)
        )  # fmt: skip

    live = [(s, i) for s, source in enumerate(sources) for i in range(source.n_docs)
            if source.is_live(i)]  # fmt: skip
    bases = np.cumsum([0, *(source.n_docs for source in sources)])
    scores: dict[int, float] = {}
    for term, weight in terms.items():
        found = {at: f for at in live if (f := frequency(sources[at[0]].documents[at[1]], term))}
        idf = math.log(1 + (statistics.n_docs - len(found) + 0.5) / (len(found) + 0.5))
        for (s, doc), f in found.items():
            mask = allowed[s]
            if mask is None or mask[doc]:
                number = int(bases[s]) + doc
                part = np.float32(max(2.0**-40, weight * idf * (f / (parameters.k1 + f))))
                scores[number] = scores.get(number, 0.0) + float(part)
    return scores


texts = st.lists(st.sampled_from(WORDS), max_size=6)
documents = st.lists(st.fixed_dictionaries({"title": texts, "body": texts}), max_size=30)
weights = st.sampled_from([0.0, 0.5, 1.0, 3.0])
field_parameters = st.builds(FieldParameters, weights, st.sampled_from([0.0, 0.4, 0.75, 1.0]))
parameters = st.builds(
    BM25F,
    st.fixed_dictionaries({"title": field_parameters, "body": field_parameters}),
    st.sampled_from([0.0, 0.5, 1.2, 5.0]),
)
term = st.sampled_from([*WORDS, "missing", FieldTerm("a", ("title",)), FieldTerm("b", ("body",))])
queries = st.lists(term, max_size=8).map(Counter)


@st.composite
def indexes(draw: st.DrawFn) -> tuple[list[MemorySource], list[NDArray[np.bool_] | None]]:
    """Draw segments with deleted documents, and a filter for each."""
    sources, allowed = [], []
    for _ in range(draw(st.integers(1, 3))):
        docs = draw(documents)
        masks = st.none() | st.lists(st.booleans(), min_size=len(docs), max_size=len(docs)).map(
            lambda bits: np.array(bits, dtype=np.bool_)
        )
        sources.append(MemorySource(docs, draw(masks)))
        allowed.append(draw(masks))
    return sources, allowed


def best_of(scores: Mapping[int, float], k: int) -> list[tuple[int, float]]:
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:k]


@settings(max_examples=300, deadline=None)
@given(indexes(), parameters, queries, st.integers(1, 40))
def test_all_methods_equal_brute_force(
    index: tuple[list[MemorySource], list[NDArray[np.bool_] | None]],
    parameters: BM25F,
    terms: Counter[Term],
    k: int,
) -> None:
    sources, allowed = index
    scorer = Scorer(sources, statistics_of(sources, list(parameters.fields)), parameters)
    expected = brute_force(sources, parameters, terms, allowed)
    everything = dict(scorer_items(scorer, terms, 1000, allowed, Method.TERM_AT_A_TIME))
    assert set(everything) == set(expected)
    # The kernel rounds to a grid, and so may differ from the formula in float32's last place.
    for number, score in expected.items():
        assert everything[number] == pytest.approx(score, rel=1e-6, abs=1e-11)
    # Order, ties and all, must be that of the kernel's own scores, whatever the method.
    for method in METHODS:
        assert scorer_items(scorer, terms, k, allowed, method) == best_of(everything, k)
    assert scorer.scores(terms, list(everything)).tolist() == list(everything.values())
    for number, score in everything.items():
        assert scorer.explain(terms, number).score == score


def scorer_items(
    scorer: Scorer,
    terms: Mapping[Term, float],
    k: int,
    allowed: Sequence[NDArray[np.bool_] | None],
    method: Method,
) -> list[tuple[int, float]]:
    numbers, scores = scorer.search(terms, k, allowed, method)
    return list(zip(numbers.tolist(), scores.tolist(), strict=True))


@dataclass
class ArraySource:
    """A segment of one field, given by its postings."""

    n_docs: int
    table: Mapping[str, tuple[IntArray, IntArray]]
    all_lengths: IntArray
    live: NDArray[np.bool_] | None = None

    def lengths(self, field: str) -> IntArray:  # noqa: ARG002
        return self.all_lengths

    def postings(self, field: str, term: str) -> tuple[IntArray, IntArray] | None:  # noqa: ARG002
        return self.table.get(term)


def make_large(seed: int, n_docs: int, densities: Sequence[float]) -> ArraySource:
    """Return random postings over several windows: frequent terms with bitmaps, and rare ones."""
    rng = np.random.default_rng(seed)
    table: dict[str, tuple[IntArray, IntArray]] = {}
    for i, density in enumerate(densities):
        docs = np.flatnonzero(rng.random(n_docs) < density).astype(np.uint32)
        table[f"t{i}"] = docs, rng.geometric(0.5, len(docs)).astype(np.uint8)
    # Few distinct lengths make many ties.
    return ArraySource(n_docs, table, rng.choice([5, 10, 20], n_docs).astype(np.uint32))


@pytest.mark.parametrize("k", [1, 10, 100, 5000])
@pytest.mark.parametrize("masked", [False, True])
def test_methods_agree_on_many_windows(k: int, masked: bool) -> None:
    densities = [0.9, 0.5, 0.2, 0.04, 0.02, 0.005, 0.001, 0.0001]
    sources = [make_large(seed, n, densities) for seed, n in ((0, 5 * WINDOW + 7), (1, 3000))]
    rng = np.random.default_rng(7)
    sources[0].live = rng.random(sources[0].n_docs) < 0.9
    allowed = [rng.random(s.n_docs) < 0.3 if masked else None for s in sources]
    n_docs = int(sources[0].live.sum()) + sources[1].n_docs
    scorer = Scorer(sources, IndexStatistics(n_docs, {"text": 11.0}), BM25F())
    names = [f"t{i}" for i in range(len(densities))]
    for n in range(1, len(names) + 1):
        terms = Counter(random.Random(n).sample(names, n))
        expected = scorer_items(scorer, terms, k, allowed, Method.TERM_AT_A_TIME)
        assert scorer_items(scorer, terms, k, allowed, Method.MAX_SCORE) == expected
        assert scorer.scores(terms, [n for n, _ in expected]).tolist() == [s for _, s in expected]


def test_scores_beyond_exact_sums_are_added_in_the_order_of_the_query() -> None:
    source = make_large(3, 2 * WINDOW, [0.3, 0.3, 0.3])
    scorer = Scorer([source], IndexStatistics(source.n_docs, {"text": 11.0}), BM25F())
    terms = {"t0": 99_999.0, "t1": 1e-6, "t2": 12_345.6}
    found = scorer_items(scorer, terms, 10, [None], Method.MAX_SCORE)
    assert found == [(n, scorer.explain(terms, n).score) for n, _ in found]


def test_deleting_equals_never_adding() -> None:
    docs = [{"text": list(t)} for t in ("aab", "ab", "b", "abcd", "c")]
    live = np.array([True, False, True, True, False])
    both = [
        Scorer([source], statistics_of([source], ["text"]), BM25F())
        for source in (
            MemorySource(docs, live),
            MemorySource([d for d, keep in zip(docs, live, strict=True) if keep]),
        )
    ]
    terms = {"a": 1.0, "b": 2.0, "c": 1.0}
    (numbers, scores), (kept_numbers, kept_scores) = (scorer.search(terms, 10) for scorer in both)
    assert scores.tolist() == kept_scores.tolist()
    assert numbers.tolist() == np.flatnonzero(live)[kept_numbers].tolist()


def test_explanation_shows_the_arithmetic() -> None:
    docs = [{"title": ["red"], "body": ["red", "shoe"]}, {"title": [], "body": ["shoe"] * 4}]
    fields = {"title": FieldParameters(3.0, 0.5), "body": FieldParameters(1.0, 0.75)}
    source = MemorySource(docs)
    scorer = Scorer([source], statistics_of([source], list(fields)), BM25F(fields, 1.5))
    explained = scorer.explain({"red": 2.0, "shoe": 1.0, "blue": 1.0}, 0)
    red, shoe = explained.terms
    assert (red.df, shoe.df, red.query_weight) == (1, 2, 2.0)
    assert red.idf == math.log(1 + 1.5 / 1.5)
    title, body = red.fields
    assert (title.tf, title.length, title.average_length) == (1, 1, 0.5)
    assert title.frequency == 3 * 1 / (1 - 0.5 + 0.5 * 1 / 0.5)
    assert body.frequency == 1 * 1 / (1 - 0.75 + 0.75 * 2 / 3)
    assert red.frequency == title.frequency + body.frequency
    assert red.saturation == red.frequency / (1.5 + red.frequency)
    assert red.part == pytest.approx(2 * red.idf * red.saturation, rel=1e-7)
    assert explained.score == red.part + shoe.part
    numbers, scores = scorer.search({"red": 2.0, "shoe": 1.0, "blue": 1.0}, 1)
    assert (numbers[0], scores[0]) == (0, explained.score)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    st.lists(texts, min_size=1, max_size=30),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=5),
    st.floats(0.1, 3),
    st.floats(0, 1),
)
def test_scores_equal_bm25s(corpus: list[list[str]], query: list[str], k1: float, b: float) -> None:
    assume(any(corpus))  # bm25s cannot index a corpus without a word
    retriever = bm25s.BM25(method="lucene", k1=k1, b=b)
    retriever.index(corpus, show_progress=False)
    known = [term for term in query if term in retriever.vocab_dict]
    expected = retriever.get_scores(known) if known else np.zeros(len(corpus))
    source = MemorySource([{"text": terms} for terms in corpus])
    model = BM25F({"text": FieldParameters(b=b)}, k1)
    scorer = Scorer([source], statistics_of([source], ["text"]), model)
    scores = scorer.scores(Counter(query), range(len(corpus)))
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_little_memory_forgets_terms_and_changes_nothing() -> None:
    source = make_large(5, 2 * WINDOW, [0.5, 0.1, 0.01])
    statistics = IndexStatistics(source.n_docs, {"text": 11.0})
    small = Scorer([source], statistics, BM25F(), memory=1)
    large = Scorer([source], statistics, BM25F())
    for terms in ({"t0": 1.0}, {"t1": 1.0, "t0": 1.0}, {"t2": 2.0}, {"t0": 1.0}):
        found, expected = small.search(terms, 10), large.search(terms, 10)
        assert [a.tolist() for a in found] == [a.tolist() for a in expected]


def test_threads_share_a_scorer() -> None:
    source = make_large(6, 8 * WINDOW, [0.5, 0.2, 0.1, 0.05, 0.01, 0.001])
    statistics = IndexStatistics(source.n_docs, {"text": 11.0})
    queries = [Counter(random.Random(i).choices([f"t{j}" for j in range(6)], k=3))
               for i in range(60)]  # fmt: skip
    expected = [Scorer([source], statistics, BM25F()).search(q, 10)[1].tolist() for q in queries]
    shared = Scorer([source], statistics, BM25F(), memory=200_000)
    wrong: list[int] = []

    def work(seed: int) -> None:
        order = random.Random(seed).sample(range(60), 60)
        found = {i: shared.search(queries[i], 10)[1].tolist() for i in order}
        wrong.extend(i for i in order if found[i] != expected[i])

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_empty_indexes_and_queries_find_nothing() -> None:
    for sources in ([], [MemorySource([])], [MemorySource([{"text": []}])]):
        scorer = Scorer(sources, statistics_of(sources, ["text"]), BM25F())
        for terms in ({}, {"a": 1.0}):
            numbers, scores = scorer.search(terms, 10)
            assert len(numbers) == len(scores) == 0


def test_bad_parameters_are_named() -> None:
    source = MemorySource([{"text": ["a"]}])
    scorer = Scorer([source], statistics_of([source], ["text"]), BM25F())
    with pytest.raises(OptionError, match="k must be"):
        scorer.search({"a": 1.0}, 0)
    with pytest.raises(OptionError, match="weight must be over 0"):
        scorer.search({"a": math.nan}, 1)
    with pytest.raises(OptionError, match="no field 'title'"):
        scorer.search({FieldTerm("a", ("title",)): 1.0}, 1)
    with pytest.raises(OptionError, match="no document number 1"):
        scorer.explain({"a": 1.0}, 1)
    with pytest.raises(OptionError, match="k1 must be"):
        BM25F(k1=math.nan)
    with pytest.raises(OptionError, match="b must be"):
        FieldParameters(b=2)
    with pytest.raises(OptionError, match="weight must be"):
        FieldParameters(weight=-1)
    with pytest.raises(OptionError, match="at least one field"):
        BM25F({})


@pytest.mark.parametrize(
    ("docs", "tfs"), [([1, 0], [1, 1]), ([0, 0], [1, 1]), ([0, 3], [1, 1]), ([-1], [1]), ([0], [])]
)
def test_damaged_postings_are_found_before_kernels_use_them(
    docs: list[int], tfs: list[int]
) -> None:
    table = {"a": (np.array(docs, np.int32), np.array(tfs, np.uint8))}
    source = ArraySource(3, table, np.ones(3, np.uint32))
    scorer = Scorer([source], IndexStatistics(3, {"text": 1.0}), BM25F())
    with pytest.raises(CorruptIndexError, match="postings of 'a' in field 'text' are damaged"):
        scorer.search({"a": 1.0}, 1)


def test_a_mask_of_another_length_is_refused() -> None:
    source = MemorySource([{"text": ["a"]}] * 3)
    scorer = Scorer([source], statistics_of([source], ["text"]), BM25F())
    with pytest.raises(OptionError, match="a mask of 3 documents, found one of 2"):
        scorer.search({"a": 1.0}, 1, [np.ones(2, np.bool_)])
    every_other = np.array([1, 0, 0, 0, 1, 1], np.bool_)[::2]
    assert scorer.search({"a": 1.0}, 9, [every_other])[0].tolist() == [0, 2]
