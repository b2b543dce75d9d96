"""Features, training, the model's file and re-ranking, on a made-up catalogue."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import search_system.learning_to_rank.model as model_module
from search_system.errors import (
    CollectionError,
    CorruptIndexError,
    IndexFolderError,
    IndexMissingError,
    OptionError,
)
from search_system.learning_to_rank.features import FeatureExtractor
from search_system.learning_to_rank.first_stage import Blend, FirstStage, standardized
from search_system.learning_to_rank.model import MODEL_FILE, RankingModel
from search_system.learning_to_rank.reranking import Reranker
from search_system.learning_to_rank.stored import checksum
from search_system.learning_to_rank.training import (
    JudgedFeatures,
    TrainingOptions,
    judged_features,
    train,
)
from search_system.learning_to_rank.vectors import Masks
from search_system.schema import DateField, IndexSchema, KeywordField, NumberField, TextField
from search_system.scoring.merging import FieldTerm
from search_system.searching.searcher import Searcher
from search_system.store.store import Store
from search_system.understanding.catalogue import Catalogue
from search_system.understanding.understand import QueryUnderstanding

WORDS = ("red", "blue", "shoe", "boot", "lace", "usb", "hub")
SCHEMA = IndexSchema(
    {
        "title": TextField(analyzer="plain", weight=2.0),
        "text": TextField(analyzer="plain", positions=False),
        "brand": KeywordField(),
        "kind": KeywordField(),
        "price": NumberField(),
        "released": DateField(),
    }
)
FAST = TrainingOptions(boosters=2, trees=5, negatives=5)


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    rng = np.random.default_rng(0)
    with Store.open(tmp_path_factory.mktemp("index"), SCHEMA) as store:
        for number in range(80):
            if number == 50:
                store.commit()
            title, text = (" ".join(rng.choice(WORDS, n)) for n in (4, 9))
            document = {"title": title, "text": text, "brand": f"b{number % 3}"}
            document |= {"kind": ["shoes" if "shoe" in title else "other"]}
            if number % 2:
                document |= {"price": number * 1.5, "released": "2020-05-01"}
            store.add(document, str(number))
        store.delete("7")
        store.commit()
        return Searcher(store.snapshot())


@pytest.fixture(scope="module")
def stage(searcher: Searcher) -> FirstStage:
    understanding = QueryUnderstanding(searcher, Catalogue("brand", ("kind",)))
    return FirstStage(searcher, understanding=understanding, vectors=Bags(searcher))


class Bags:
    """Vectors of titles that count words."""

    def __init__(self, searcher: Searcher) -> None:
        documents = [searcher.document(n) for n in range(80)]
        self._matrix = np.stack([self.embed_query(d["title"]) for d in documents])
        self._live = np.concatenate([view.live for view in searcher.snapshot.views])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        counts = np.array([text.split().count(word) for word in WORDS], np.float32)
        return counts / max(float(np.linalg.norm(counts)), 1e-9)

    def nearest(
        self, vector: NDArray[np.float32], k: int, allowed: Masks | None = None
    ) -> NDArray[np.int64]:
        found = self._live if allowed is None else self._live & np.concatenate(allowed)
        numbers = np.flatnonzero(found)
        return numbers[np.argsort(-(self._matrix[numbers] @ vector), kind="stable")[:k]]

    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._matrix[numbers]


def test_features_do_not_depend_on_the_other_documents(stage: FirstStage) -> None:
    """What training sees of a judged document is what a search sees of a candidate."""
    extractor = FeatureExtractor(stage, ["price", "released"])
    for query in ("red shoe", "usb", "lace lace boot", "b1", "nothing known", ""):
        candidates = stage(query)
        together = extractor(candidates, np.arange(80))
        assert together.shape == (80, len(extractor.names))
        again = stage(query)
        for numbers in (candidates.numbers, np.array([79]), np.arange(80)[::-1], np.array([], int)):
            alone = extractor(again, numbers)
            np.testing.assert_array_equal(alone, together[numbers])


def test_training_features_equal_those_of_a_search(stage: FirstStage) -> None:
    extractor = FeatureExtractor(stage, ["price"])
    qrels = {"q": {"3": 2, "60": 0, "no such document": 1}}
    example = judged_features(extractor, {"q": "red shoe"}, qrels, FAST)["q"]
    candidates = stage("red shoe")
    searched = extractor(candidates, candidates.numbers)
    where = {number: row for row, number in enumerate(candidates.numbers.tolist())}
    assert example.grades.tolist() == [2, 0]
    rows = [(0, 3), (1, 60)]
    compared = [(row, where[number]) for row, number in rows if number in where]
    assert compared
    for row, place in compared:
        np.testing.assert_array_equal(example.judged[row], searched[place])
    unjudged = [where[n] for n in candidates.numbers.tolist() if n not in {3, 60}]
    np.testing.assert_array_equal(example.unjudged, searched[unjudged])


def test_feature_values(stage: FirstStage, searcher: Searcher) -> None:
    extractor = FeatureExtractor(stage, ["price", "released"])
    candidates = stage("red shoe")
    numbers = np.arange(80)
    values = dict(zip(extractor.names, extractor(candidates, numbers).T, strict=True))
    bm25f = stage.scorer.scores({"red": 1, "shoe": 1}, numbers.tolist())
    np.testing.assert_allclose(values["bm25f"], bm25f, rtol=1e-6)
    words = {FieldTerm("red", ("title",)): 1.0, FieldTerm("shoe", ("title",)): 1.0}
    np.testing.assert_allclose(
        values["bm25:title"], stage.scorer.scores(words, numbers.tolist()), rtol=1e-6
    )
    for number in (0, 7, 55):
        tokens = searcher.document(number)["title"].split()
        share = len({"red", "shoe"} & set(tokens)) / 2
        assert values["coverage:title"][number] == share
        assert values["length:title"][number] == pytest.approx(np.log1p(4))
        phrases = sum(tokens[i : i + 2] == ["red", "shoe"] for i in range(3))
        assert values["phrase:title"][number] == pytest.approx(np.log1p(phrases))
    assert "phrase:text" not in values  # no positions
    assert np.isnan(values["prior:price"][0])
    assert values["prior:price"][1] == pytest.approx(np.log1p(1.5))
    assert np.isnan(values["prior:released"][0])


def test_value_and_brand_match(stage: FirstStage) -> None:
    extractor = FeatureExtractor(stage)
    candidates = stage("b1")
    names = list(extractor.names)
    row = extractor(candidates, np.array([1, 2]))
    assert row[:, names.index("of_brand")].tolist() == [1.0, 0.0]
    assert row[:, names.index("is_brand")].tolist() == [1.0, 1.0]
    assert not row[:, [names.index(n) for n in ("dense", "category", "feedback")]].any()
    other = extractor(stage("other"), np.arange(80))
    kinds = ["other" in stage.searcher.document(n)["kind"] for n in range(80)]
    assert other[:, names.index("value_match")].tolist() == kinds


def test_priors_are_columns_of_numbers(stage: FirstStage) -> None:
    with pytest.raises(OptionError, match="no number or date field 'brand'"):
        FeatureExtractor(stage, ["brand"])


def test_first_stage_without_anything_else_is_bm25f(searcher: Searcher) -> None:
    candidates = FirstStage(searcher)("red boot")
    numbers, scores = searcher.scorer().search(
        Counter(searcher.analyzer.query_terms("red boot")), 100
    )
    assert candidates.numbers.tolist() == numbers.tolist()
    np.testing.assert_allclose(candidates.scores, standardized(scores))


def test_first_stage_score_is_the_stated_sum(stage: FirstStage) -> None:
    candidates = stage("red shoe")
    signals = candidates.signals(candidates.numbers)
    expected = sum(
        weight * standardized(signals[name])
        for name, weight in {"bm25f": 1.0, "category": 0.2, "feedback": 0.2}.items()
    )
    np.testing.assert_allclose(candidates.scores, expected)
    assert (np.diff(candidates.scores) <= 0).all()
    blend = Blend(category=0.0, feedback=0.7)
    fresh = FirstStage(
        stage.searcher, understanding=stage.understanding, vectors=stage.vectors, blend=blend
    )("red shoe")
    reweighted = candidates.reweighted(blend)
    assert reweighted.numbers.tolist() == fresh.numbers.tolist()
    np.testing.assert_allclose(reweighted.scores, fresh.scores, atol=1e-12)


def test_documents_found_by_meaning_alone(searcher: Searcher) -> None:
    vectors = Bags(searcher)
    stage = FirstStage(searcher, vectors=vectors, blend=Blend(depth=3, dense_depth=20))
    candidates = stage("usb hub")
    assert set(vectors.nearest(vectors.embed_query("usb hub"), 20)) <= set(candidates.numbers)
    assert len(stage("").numbers) == 0


@pytest.mark.parametrize("options", [{"depth": 0}, {"dense_depth": -1}, {"seeds": 0}])
def test_blend_is_checked(options: dict[str, int]) -> None:
    with pytest.raises(OptionError, match="expected depth and seeds"):
        Blend(**options)


@pytest.fixture(scope="module")
def model(stage: FirstStage) -> RankingModel:
    """Return a model of queries for which documents with the words in the title are relevant."""
    extractor = FeatureExtractor(stage, ["price"])
    queries = {f"{a} {b}": f"{a} {b}" for a in WORDS for b in WORDS if a < b}
    titles = {n: stage.searcher.document(n)["title"].split() for n in range(80) if n != 7}
    qrels = {
        query: {str(n): sum(word in title for word in query.split()) for n, title in titles.items()}
        for query in queries
    }
    examples = judged_features(extractor, queries, qrels, FAST)
    return train(examples.values(), extractor.names, FAST)


def test_training_learns_and_repeats(stage: FirstStage, model: RankingModel) -> None:
    extractor = FeatureExtractor(stage, ["price"])
    candidates = stage("red shoe")
    numbers = np.arange(80)
    features = extractor(candidates, numbers)
    scores = model.scores(features)
    share = features[:, extractor.names.index("coverage:title")]
    assert scores[share == 1].mean() > scores[share == 0].mean()
    assert sum(model.importance().values()) == pytest.approx(1)
    assert set(model.importance()) == set(extractor.names)


def test_training_is_deterministic() -> None:
    rng = np.random.default_rng(1)
    examples = [
        JudgedFeatures(
            rng.normal(size=(30, 3)).astype(np.float32),
            rng.integers(0, 3, 30),
            rng.normal(size=(9, 3)).astype(np.float32),
        )
        for _ in range(4)
    ]
    first, again = (train(examples, ("a", "b", "c"), FAST) for _ in range(2))
    assert first.boosters == again.boosters
    assert first.boosters[0] != first.boosters[1]


def test_training_needs_a_relevant_document() -> None:
    empty = JudgedFeatures(
        np.zeros((2, 1), np.float32), np.zeros(2, np.int64), np.zeros((0, 1), np.float32)
    )
    for examples in ([], [empty]):
        with pytest.raises(CollectionError, match="nothing can be learned"):
            train(examples, ("a",), FAST)


def test_reranking_mixes_and_keeps_the_rest_behind(stage: FirstStage, model: RankingModel) -> None:
    extractor = FeatureExtractor(stage, ["price"])
    candidates = stage("red shoe")
    first_only = RankingModel(model.feature_names, model.boosters, weight=0.0)
    numbers = Reranker(extractor, first_only)(candidates).numbers
    assert numbers.tolist() == candidates.numbers.tolist()
    shallow = RankingModel(model.feature_names, model.boosters, weight=1.0, depth=10)
    reranking = Reranker(extractor, shallow)(candidates)
    numbers, scores = reranking.numbers, reranking.scores
    assert sorted(numbers[:10]) == sorted(candidates.numbers[:10])
    assert numbers[10:].tolist() == candidates.numbers[10:].tolist()
    assert (np.diff(scores) <= 0).all()
    expected = model.scores(extractor(candidates, candidates.numbers[:10]))
    assert numbers[0] == candidates.numbers[np.argmax(expected)]
    assert len(Reranker(extractor, model)(stage("nothing")).numbers) == 0


def test_a_model_survives_its_file(tmp_path: Path, model: RankingModel, stage: FirstStage) -> None:
    extractor = FeatureExtractor(stage, ["price"])
    path = model.save(tmp_path)
    loaded = RankingModel.load(tmp_path, extractor.names)
    assert loaded == model
    features = extractor(stage("red"), np.arange(80))
    np.testing.assert_array_equal(loaded.scores(features), model.scores(features))
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_model_of_other_features_is_refused(tmp_path: Path, model: RankingModel) -> None:
    model.save(tmp_path)
    with pytest.raises(OptionError, match=r"the index computes 2.*train it again"):
        RankingModel.load(tmp_path, ("bm25f", "new"))


@pytest.mark.parametrize(
    "change",
    [{"features": None}, {"weight": "much"}, {"weight": 5}, {"depth": 0}, {"boosters": 3}],
)
def test_values_that_make_no_model_are_named(
    tmp_path: Path, model: RankingModel, change: dict[str, object]
) -> None:
    path = model.save(tmp_path)
    values = json.loads(path.read_text()) | change
    del values["checksum"]
    path.write_text(json.dumps(values | {"checksum": checksum(values)}))
    with pytest.raises(CorruptIndexError, match="no ranking model can be read") as error:
        RankingModel.load(tmp_path, model.feature_names)
    assert MODEL_FILE in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 99}, "format 99, expected 3"),
        ({"checksum": "00"}, "damaged"),
        ({"weight": 0.2}, "damaged"),
        ({"boosters": []}, "damaged"),
    ],
)
def test_a_damaged_file_is_named(
    tmp_path: Path, model: RankingModel, change: dict[str, object], message: str
) -> None:
    path = model.save(tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CorruptIndexError, match=message) as error:
        RankingModel.load(tmp_path, model.feature_names)
    assert MODEL_FILE in str(error.value)


def test_a_missing_or_torn_file(tmp_path: Path, model: RankingModel) -> None:
    with pytest.raises(IndexMissingError, match="no ranking model"):
        RankingModel.load(tmp_path, model.feature_names)
    path = model.save(tmp_path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CorruptIndexError, match="no ranking model can be read"):
        RankingModel.load(tmp_path, model.feature_names)
    with pytest.raises(IndexFolderError, match="cannot be written"):
        model.save(tmp_path / "nowhere")


def test_without_lightgbm_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, model: RankingModel
) -> None:
    monkeypatch.setattr(model_module.importlib.util, "find_spec", lambda _: None)
    bare = RankingModel(model.feature_names, model.boosters)
    with pytest.raises(OptionError, match=r"search-system\[rank\]"):
        bare.scores(np.zeros((1, len(model.feature_names)), np.float32))
