"""Vectors in segments, and their search: equal to brute force over what documents say."""

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from search_system.dense.approximate import HNSW, IVF
from search_system.dense.index import VectorSearcher, best
from search_system.errors import CorruptIndexError, IndexFolderError, OptionError
from search_system.schema import IndexSchema, KeywordField, TextField, VectorField
from search_system.store.config import WriterConfig
from search_system.store.snapshot import Snapshot, open_snapshot
from search_system.store.store import Store

DIM = 16
SCHEMA = IndexSchema(
    {"title": TextField(), "text": TextField(), "tag": KeywordField(), "v": VectorField("hash")}
)
NO_MERGES = WriterConfig(background_merges=False)


class HashEmbedder:
    """The sum of a random direction per word; counts what it embeds."""

    name = "hash"
    dim = DIM

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded.extend(texts)
        return self.embed_queries(texts)

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.array([sum(map(direction, text.split()), np.zeros(DIM)) for text in texts])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@functools.cache
def direction(word: str) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest(), "little")
    return np.random.default_rng(seed).standard_normal(DIM)


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder()


def open_store(folder: Path, embedder: Any, schema: IndexSchema | None = SCHEMA) -> Store:
    return Store.open(folder, schema, "never", config=NO_MERGES, embedder=lambda _: embedder)


def vectors_of(snapshot: Snapshot) -> dict[str, NDArray[np.float16]]:
    """Return the rows of all live documents by id."""
    return {
        view.segment.ids[doc]: view.segment.vectors("v").rows[doc]
        for view in snapshot.views
        for doc in np.flatnonzero(view.live).tolist()
    }


def ids_of(snapshot: Snapshot, numbers: NDArray[np.int64]) -> list[str]:
    every = [view.segment.ids[d] for view in snapshot.views for d in range(view.segment.n_docs)]
    return [every[number] for number in numbers]


def test_segments_and_merges_hold_the_vectors_of_their_documents(
    tmp_path: Path, embedder: HashEmbedder
) -> None:
    texts = {str(i): f"w{i} w{i % 7}" for i in range(600)} | {"none": ""}
    with open_store(tmp_path, embedder) as store:
        for number, (doc_id, text) in enumerate(texts.items()):
            store.add({"title": text[:2], "text": text, "v": "ignored"}, doc_id)
            if number % 250 == 249:
                assert len(embedder.embedded) == number - 249, "not while adding"
                store.refresh()
        store.delete("3")
        store.add({"text": "new"}, "5")
        texts["5"] = "new"
        del texts["3"]
        store.commit()
        n_embedded = len(embedder.embedded)
        assert "w1\nw1 w1" in embedder.embedded, "all text fields, a line each"
        beside = open_snapshot(tmp_path)  # without the embedder, which it could not name
        assert vectors_of(beside).keys() == texts.keys()
        store.merge_all()
        store.commit()
        merged = store.snapshot()
    assert len(embedder.embedded) == n_embedded, "a merge embeds nothing"
    (view,) = open_snapshot(tmp_path).views
    found = vectors_of(merged)
    assert found.keys() == texts.keys()
    for doc_id, text in texts.items():
        joined = text if doc_id == "5" else f"{text[:2]}\n{text}"
        expected = embedder.embed_queries([joined])[0] if text else np.zeros(DIM)
        np.testing.assert_array_equal(found[doc_id], expected.astype(np.float16))
    without = np.flatnonzero(~view.segment.vectors("v").present)
    assert [view.segment.ids[doc] for doc in without] == ["none"]
    view.segment.verify()


@pytest.mark.parametrize("memory", [0, 1 << 20])
def test_exact_search_equals_brute_force(
    tmp_path: Path, embedder: HashEmbedder, memory: int
) -> None:
    rng = np.random.default_rng(0)
    with open_store(tmp_path, embedder) as store:
        for i in range(300):
            words = " ".join(f"w{w}" for w in rng.integers(0, 40, 3))
            store.add({"text": words if i % 50 else ""}, str(i))
            if i % 100 == 70:
                store.refresh()
        for i in range(0, 300, 7):
            store.delete(str(i))
        store.commit()
        snapshot = store.snapshot()
    searcher = VectorSearcher(snapshot, "v", memory=memory)
    rows = vectors_of(snapshot)
    query = embedder.embed_queries(["w1 w2"])[0]
    scores = {doc_id: float(row.astype(np.float32) @ query) for doc_id, row in rows.items()}
    findable = [doc_id for doc_id in rows if int(doc_id) % 50]
    expected = sorted(findable, key=lambda doc_id: -scores[doc_id])
    for k in (1, 10, 1_000):
        numbers, found = searcher.search(query, k)
        np.testing.assert_allclose(found, [scores[i] for i in ids_of(snapshot, numbers)], atol=1e-6)
        np.testing.assert_allclose(found, [scores[i] for i in expected[:k]], atol=1e-6)
    numbers, found = searcher.search(query, 1_000)
    np.testing.assert_allclose(searcher.scores(query, numbers[::-1]), found[::-1], atol=1e-6)
    n_all = sum(view.segment.n_docs for view in snapshot.views)
    missing = sorted(set(range(n_all)) - set(numbers.tolist()))
    assert not searcher.scores(query, missing).any(), "deleted, or without text"
    for share in (0.02, 0.5):  # few are gathered, many are masked
        allowed = [rng.random(view.segment.n_docs) < share for view in snapshot.views]
        every = np.concatenate(allowed)
        numbers, found = searcher.search(query, 20, allowed)
        everything, everywhere = searcher.search(query, 1_000)
        keep = every[everything]
        np.testing.assert_array_equal(numbers, everything[keep][:20])
        np.testing.assert_allclose(found, everywhere[keep][:20], atol=1e-6)
    assert len(searcher.search(query, 5, [np.zeros_like(mask) for mask in allowed])[0]) == 0


def test_updates_and_deletes_show_in_the_next_snapshot_only(
    tmp_path: Path, embedder: HashEmbedder
) -> None:
    query = embedder.embed_queries(["w1"])[0]
    with open_store(tmp_path, embedder) as store:
        for i in range(3):
            store.add({"text": f"w{i}"}, str(i))
        first = store.refresh()
        store.add({"text": "x"}, "1")
        store.add({"text": "w1"}, "2")
        second = store.refresh()
        searcher = VectorSearcher(first, "v")
        later = VectorSearcher(second, "v", previous=searcher)
        assert ids_of(first, searcher.search(query, 1)[0]) == ["1"]
        assert ids_of(second, later.search(query, 1)[0]) == ["2"]
        assert later._segments[0] is searcher._segments[0], "shared"
        store.delete("2")
        third = store.refresh()
        assert "2" not in ids_of(third, VectorSearcher(third, "v").search(query, 9)[0])


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Return a large and a small segment, with deletions."""
    embedder, rng = HashEmbedder(), np.random.default_rng(0)
    schema = IndexSchema({"text": TextField("plain", positions=False), "v": VectorField("hash")})
    with open_store(tmp_path_factory.mktemp("many"), embedder, schema) as store:
        for i in range(7_500):
            store.add({"text": " ".join(f"w{w}" for w in rng.integers(0, 400, 4))}, str(i))
            if i == 7_000:
                store.refresh()
        for i in range(0, 7_500, 9):
            store.delete(str(i))
        store.commit()
        return store.snapshot()


@pytest.mark.parametrize(
    ("method", "recall"),
    [(HNSW(16), 0.95), (IVF(), 0.75), (IVF(50, probes=50), 0.99)],
)
def test_approximate_search_finds_most_and_scores_exactly(
    many: Snapshot, method: HNSW | IVF, recall: float
) -> None:
    pytest.importorskip("faiss")
    exact, approximate = VectorSearcher(many, "v"), VectorSearcher(many, "v", method)
    queries = HashEmbedder().embed_queries([f"w{i} w{i + 1}" for i in range(40)])
    mask = np.random.default_rng(1).random(many.views[0].segment.n_docs) < 0.8
    for allowed in (None, [mask, None]):
        hits = 0
        for query in queries:
            wanted, _ = exact.search(query, 10, allowed)
            numbers, scores = approximate.search(query, 10, allowed)
            assert len(set(numbers.tolist())) == 10
            np.testing.assert_allclose(scores, exact.scores(query, numbers), atol=1e-6)
            assert np.all(np.diff(scores) <= 0)
            assert allowed is None or all(mask[n] for n in numbers if n < len(mask))
            live = np.concatenate([view.live for view in many.views])
            assert live[numbers].all()
            hits += len(np.intersect1d(wanted, numbers))
        assert hits >= recall * 400


def test_few_allowed_documents_are_searched_exactly(many: Snapshot) -> None:
    exact, approximate = VectorSearcher(many, "v"), VectorSearcher(many, "v", HNSW())
    query = HashEmbedder().embed_queries(["w1 w2"])[0]
    allowed = [np.arange(view.segment.n_docs) % 10 == 1 for view in many.views]
    np.testing.assert_array_equal(
        approximate.search(query, 50, allowed)[0], exact.search(query, 50, allowed)[0]
    )


def test_wrong_input_is_one_clear_line(tmp_path: Path, embedder: HashEmbedder) -> None:
    with open_store(tmp_path, embedder) as store:
        empty = VectorSearcher(store.snapshot(), "v")
        assert len(empty.search(np.ones(3), 5)[0]) == 0
        store.add({"text": "w1"}, "1")
        store.commit()
        snapshot = store.snapshot()
    searcher, query = VectorSearcher(snapshot, "v"), np.ones(DIM)
    with pytest.raises(OptionError, match="a vector of 16 finite numbers, found shape"):
        searcher.search(np.ones(3), 1)
    with pytest.raises(OptionError, match="finite"):
        searcher.search(query * np.nan, 1)
    with pytest.raises(OptionError, match="k must be"):
        searcher.search(query, 0)
    with pytest.raises(OptionError, match="a mask of 1 documents, found one of 2"):
        searcher.search(query, 1, [np.ones(2, np.bool_)])
    with pytest.raises(OptionError, match=r"type vector, one of \['v'\], not 'text'"):
        VectorSearcher(snapshot, "text")
    assert len(searcher.search(np.zeros(DIM), 1)[0]) == 0, "no direction, no neighbours"
    for options in ({"neighbours": 1}, {"ef_search": 0}):
        with pytest.raises(OptionError, match="HNSW needs"):
            HNSW(**options)
    with pytest.raises(OptionError, match="IVF needs"):
        IVF(probes=0)


class WrongEmbedder(HashEmbedder):
    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.ones((len(texts), 3), np.float32)


def test_a_failing_embedder_loses_no_document(tmp_path: Path, embedder: HashEmbedder) -> None:
    with Store.open(tmp_path, SCHEMA, "always", embedder=lambda _: WrongEmbedder()) as store:
        store.add({"text": "w1"}, "1")
        with pytest.raises(
            OptionError, match=r"'hash': expected finite vectors of shape \(1, 16\)"
        ):
            store.commit()
        with pytest.raises(IndexFolderError, match="open the index again"):
            store.commit()
    assert not list(tmp_path.glob("segment-*"))
    with open_store(tmp_path, embedder) as store:
        store.commit()
        assert store.snapshot().ids() == ["1"]


class LargeEmbedder(HashEmbedder):
    dim = 2 * DIM

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.tile(super().embed_queries(texts), 2)


def test_vectors_of_two_sizes_do_not_mix(tmp_path: Path, embedder: HashEmbedder) -> None:
    with open_store(tmp_path, embedder) as store:
        store.add({"text": "w1"}, "1")
        store.commit()
    with open_store(tmp_path, LargeEmbedder()) as store:
        store.add({"text": "w2"}, "2")
        store.commit()
        with pytest.raises(OptionError, match=r"vectors of \[16, 32\] numbers"):
            VectorSearcher(store.snapshot(), "v")
        with pytest.raises(OptionError, match=r"vectors of \[16, 32\] numbers"):
            store.merge_all()
    assert open_snapshot(tmp_path).ids() == ["1", "2"]


def test_damage_is_found(tmp_path: Path, embedder: HashEmbedder) -> None:
    with open_store(tmp_path, embedder) as store:
        for i in range(3_000):
            store.add({"text": f"w{i % 9}"}, str(i))
        store.commit()
        view = store.snapshot().views[0]
    content = bytearray(view.segment.path.read_bytes())
    offset = content.find(view.segment.vectors("v").rows.tobytes())
    content[offset + 50] ^= 1
    view.segment.path.write_bytes(content)
    with pytest.raises(CorruptIndexError, match="'v/vectors' is wrong"):
        open_snapshot(tmp_path).views[0].segment.verify()


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(1, 40))
def test_best_is_the_beginning_of_a_stable_sort(values: list[int], k: int) -> None:
    scores = np.array(values, np.float32)
    expected = sorted(range(len(values)), key=lambda place: (-values[place], place))[:k]
    assert best(scores, k).tolist() == expected
