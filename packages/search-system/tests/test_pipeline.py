"""Mode ranked: everything that an index has, applied to a query."""

import operator
from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from pathlib import Path

import numpy as np
import pytest

from search_system import BM25F, Document, FieldParameters, Index, IndexSchema, OptionError
from search_system.errors import CorruptIndexError
from search_system.learning_to_rank.cross_validated import train_cross_validated
from search_system.learning_to_rank.first_stage import Blend
from search_system.learning_to_rank.model import MODEL_FILE
from search_system.learning_to_rank.parameters_file import PARAMETERS_FILE, RankingParameters
from search_system.learning_to_rank.training import TrainingOptions
from search_system.schema import KeywordField, NumberField, TextField, VectorField
from search_system.searching.build import build_index
from search_system.searching.signals import SignalExplanation
from search_system.understanding.understand import Switches

SCHEMA = IndexSchema(
    {
        "title": TextField(analyzer="products", weight=2.0),
        "text": TextField(analyzer="products"),
        "brand": KeywordField(),
        "kind": KeywordField(),
        "price": NumberField(),
        "vector": VectorField("wordllama"),
    }
)
THINGS = {"headset": "audio", "laptop": "computer", "keyboard": "computer", "kettle": "kitchen"}
FAST = TrainingOptions(boosters=1, trees=5, negatives=5)


def product(number: int) -> Document:
    thing = [*THINGS][number % 4]
    other = [*THINGS][(number // 4) % 4]
    fields = {
        "title": f"{thing} model {number}",
        "text": f"goes with your {other}",
        "brand": f"Brand{number % 3}",
        "kind": THINGS[thing],
        "price": float(number),
    }
    return Document(str(number), fields)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    build_index(tmp_path / "index", map(product, range(60)), SCHEMA)
    with Index.open(tmp_path / "index") as index:
        for number in range(60, 90):
            index.add(product(number).fields, str(number))
        index.delete("0")
        index.commit()
        yield index


def ids(index: Index, query: str, k: int = 10, **options: object) -> list[str]:
    return [hit.id for hit in index.search(query, k, mode="ranked", **options).hits]  # type: ignore[arg-type]


def test_scores_are_those_of_the_first_stage(index: Index) -> None:
    candidates = index.pipeline.stage("laptop")
    hits = index.search("laptop", 10, mode="ranked").hits
    assert [hit.number for hit in hits] == candidates.numbers[:10].tolist()
    assert [hit.score for hit in hits] == candidates.scores[:10].tolist()
    assert all(hit.document["title"].startswith("laptop") for hit in hits)


def test_more_results_do_not_change_the_first(index: Index) -> None:
    replace(index.parameters, blend=Blend(depth=5)).save(index.folder)
    index.refresh()
    first, all_ = ids(index, "laptop", 5), ids(index, "laptop", 100)
    assert all_[:5] == first
    by_words = [hit.id for hit in index.search("laptop", 100).hits]
    assert sorted(all_) == sorted(by_words)
    assert all_[5:] == [doc for doc in by_words if doc not in first]
    scores = [hit.score for hit in index.search("laptop", 100, mode="ranked").hits]
    assert (np.diff(scores) <= 0).all()


def test_conditions_hold(index: Index) -> None:
    found = index.search(
        "laptop #brand:brand1 -model", 100, mode="ranked", filters={"price": (None, 50)}
    )
    assert found.hits == []
    found = index.search("laptop #kind:audio", 100, mode="ranked", filters={"price": (10, 50)})
    assert found.hits
    for hit in found.hits:
        assert hit.document["kind"] == "audio"
        assert 10 <= hit.document["price"] <= 50
    assert "0" not in ids(index, "headset", 100)


@pytest.mark.parametrize(
    "query", ["lap*", "price:[10 TO 20]", "#kind:audio", "*", "labtop~", '"laptop model"', "brand1"]
)
def test_whatever_words_find_is_found(index: Index, query: str) -> None:
    """What is no word has no candidates; a brand's name finds its documents without any word."""
    by_words = {hit.id for hit in index.search(query, 100).hits}
    found = index.search(query, 100, mode="ranked")
    assert by_words <= {hit.id for hit in found.hits}
    assert found.hits
    for hit in found.hits:
        assert index.explain(query, hit.id, 100, mode="ranked").score == hit.score
        assert query != "brand1" or hit.document["brand"] == "Brand1"


def test_conditions_keep_the_query_as_typed(index: Index) -> None:
    results = index.search("+labtop model", 5, mode="ranked")
    assert (results.hits, results.understood) == ([], None)
    assert index.search("\ud800 laptop", 5, mode="ranked").hits


def test_misspelt_words_are_searched_corrected(index: Index) -> None:
    results = index.search("labtop", 5, mode="ranked", facets=["kind"])
    assert [hit.id for hit in results.hits] == ids(index, "laptop", 5)
    assert results.understood == "laptop"
    counts = dict(index.search("laptop", 5, mode="ranked", facets=["kind"]).facets["kind"])
    assert dict(results.facets["kind"]) == counts
    assert index.search("laptop", 5, mode="ranked").understood is None
    switches = Switches(spelling=False)
    replace(index.parameters, switches=switches).save(index.folder)
    index.refresh()
    assert index.search("labtop", 5, mode="ranked").understood is None


def test_without_vectors_and_keywords_it_is_bm25f(tmp_path: Path) -> None:
    schema = IndexSchema({"title": TextField(), "text": TextField()})
    build_index(tmp_path / "index", map(product, range(30)), schema)
    index = Index.open(tmp_path / "index")
    for query in ("laptop kettle", "model 7", "", "nothing known"):
        by_words = [hit.id for hit in index.search(query, 30).hits]
        assert ids(index, query, 30) == by_words
    with Index.open(tmp_path / "empty", SCHEMA) as empty:
        assert ids(empty, "laptop") == []


def test_tuned_parameters_are_those_of_every_search(index: Index) -> None:
    fields = {"title": FieldParameters(0.1, 0.2), "text": FieldParameters(3.0, 0.2)}
    tuned = BM25F(fields, 0.5)
    expected = [(h.id, h.score) for h in index.search("laptop", 20, parameters=tuned).hits]
    assert expected != [(h.id, h.score) for h in index.search("laptop", 20).hits]
    replace(index.parameters, bm25f=tuned, dense_weight=1.0).save(index.folder)
    other = Index.open(index.folder)
    index.refresh()
    for reader in (index, other):
        assert [(h.id, h.score) for h in reader.search("laptop", 20).hits] == expected
        hits = reader.search("laptop", 1).hits
        assert reader.explain("laptop", hits[0].id).score == hits[0].score
        by_meaning = reader.search("laptop", 20, mode="dense").hits
        assert [h.id for h in reader.search("laptop", 20, mode="hybrid").hits] == [
            h.id for h in by_meaning
        ]
    index.add({"title": "laptop"}, "new")
    index.commit()  # parameters outlast a new snapshot
    assert index.searcher.parameters.k1 == 0.5


def test_a_stored_model_orders_the_first_anew(index: Index) -> None:
    queries = {thing: thing for thing in THINGS}
    qrels = {
        thing: {str(n): int(n % 4 == place and n % 3 == 1) for n in range(1, 90)}
        for place, thing in enumerate(THINGS)
    }
    before = ids(index, "laptop", 20)
    trained = train_cross_validated(index.pipeline.extractor, queries, qrels, FAST, folds=4)
    assert trained.cross_validation.by_query.keys() == queries.keys()
    replace(trained.model, weight=1.0).save(index.folder)
    assert ids(index, "laptop", 20) == before  # until it is read anew
    index.refresh()
    after = ids(index, "laptop", 20)
    candidates = index.pipeline.stage("laptop")
    scores = trained.model.scores(index.pipeline.extractor(candidates, candidates.numbers[:50]))
    assert index.searcher.number(after[0]) == candidates.numbers[np.argmax(scores)]
    assert Index.open(index.folder).search("laptop", 20, mode="ranked").hits == [
        *index.search("laptop", 20, mode="ranked").hits
    ]


def test_what_is_stored_is_read_with_care(index: Index) -> None:
    (index.folder / MODEL_FILE).write_text("{}")
    with pytest.raises(CorruptIndexError, match=MODEL_FILE):
        Index.open(index.folder).search("laptop", mode="ranked")
    assert Index.open(index.folder).search("laptop").hits  # words need no model
    (index.folder / PARAMETERS_FILE).write_text("[]")
    with pytest.raises(CorruptIndexError, match=PARAMETERS_FILE):
        Index.open(index.folder)


def test_a_build_keeps_what_fits(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    build_index(folder, map(product, range(9)), SCHEMA)
    tuned = replace(RankingParameters.default(SCHEMA), dense_weight=0.7)
    tuned.save(folder)
    build_index(folder, map(product, range(12)), SCHEMA)
    assert Index.open(folder).parameters == tuned
    build_index(folder, map(product, range(12)), IndexSchema({"title": TextField()}))
    assert Index.open(folder).parameters.dense_weight != 0.7
    assert not (folder / PARAMETERS_FILE).exists()


def check(explanation: SignalExplanation) -> None:
    """Check that the parts of each score add up to it, to the last bit."""
    if explanation.parts and not explanation.note and explanation.scale is None:
        assert reduce(operator.add, (p.score for p in explanation.parts), 0.0) == explanation.score
    for part in explanation.parts:
        assert part.normalized is not None
        assert part.score == part.weight * part.normalized
        check(part)
        if part.words:
            assert part.words.score == part.value


@pytest.mark.parametrize("with_model", [False, True])
def test_explanations_are_the_scores(index: Index, *, with_model: bool) -> None:
    blend = Blend(dense=0.1, depth=20, dense_depth=5)
    replace(index.parameters, blend=blend).save(index.folder)
    index.refresh()
    if with_model:
        queries = {thing: thing for thing in THINGS}
        qrels = {t: {str(n): n % 3 for n in range(1, 40)} for t in THINGS}
        options = replace(FAST, depth=10)
        trained = train_cross_validated(index.pipeline.extractor, queries, qrels, options, folds=2)
        trained.model.save(index.folder)
        index.refresh()
    for query, filters in (
        ("labtop kettle", None),
        ("brand1 laptop", None),
        ("model #kind:audio", None),
        ("laptop", {"price": (5, 60)}),
    ):
        results = index.search(query, 60, mode="ranked", filters=filters)
        assert results.hits
        for hit in results.hits:
            explanation = index.explain(query, hit.id, 60, mode="ranked", filters=filters)
            assert isinstance(explanation, SignalExplanation)
            assert explanation == results.explain(hit)
            assert explanation.score == hit.score
            assert explanation.name == "ranked"
            check(explanation)
    explanation = index.explain("laptop", "4", 1, mode="ranked")  # a headset
    assert isinstance(explanation, SignalExplanation)
    assert "no candidate" in explanation.note


def test_pages_are_one_ranking(index: Index) -> None:
    replace(index.parameters, blend=Blend(depth=5)).save(index.folder)
    index.refresh()
    whole = ids(index, "laptop model", 100)
    found: list[str] = []
    cursor = None
    while True:
        page = index.search("laptop model", 7, mode="ranked", cursor=cursor)
        found += [hit.id for hit in page.hits]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == whole
    cursor = index.search("laptop", 2, mode="ranked").cursor
    for other in ({"query": "kettle"}, {"filters": {"kind": "audio"}}, {"mode": "hybrid"}):
        with pytest.raises(OptionError, match="cursor belongs to another"):
            index.search(**{"query": "laptop", "k": 2, "mode": "ranked", "cursor": cursor} | other)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="sort goes with mode 'lexical'"):
        index.search("laptop", mode="ranked", sort=["price"])
