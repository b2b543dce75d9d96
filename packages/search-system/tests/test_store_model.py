"""Any sequence of operations on a store equals a dictionary of documents."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_system.schema import DateField, IndexSchema, KeywordField, NumberField, TextField
from search_system.segments import inverter, merge, merge_text, stored
from search_system.segments.reader import Segment
from search_system.store import buffer
from search_system.store.config import WriterConfig
from search_system.store.pending import Pending
from search_system.store.recovery import verify_store
from search_system.store.snapshot import SegmentView, Snapshot, open_snapshot
from search_system.store.store import Store

SCHEMA = IndexSchema(
    {
        "title": TextField(weight=2.0, positions=False),
        "text": TextField(),
        "tags": KeywordField(),
        "price": NumberField(),
        "count": NumberField(integer=True),
        "date": DateField(),
    }
)
Documents = Mapping[str, Mapping[str, Any]]


def split(text: str) -> list[str]:
    return text.split(" ") if text else []


def check_text(view: SegmentView, field: str, texts: Sequence[str]) -> None:
    """Compare the live postings of a field with counts made by hand; texts are the live ones."""
    index = view.segment.text(field)
    live = np.flatnonzero(view.live).tolist()
    assert index.lengths[live].tolist() == [len(split(text)) for text in texts]
    assert view.n_tokens(field) == sum(len(split(text)) for text in texts)
    expected: dict[str, dict[int, list[int]]] = {}
    for doc, text in zip(live, texts, strict=True):
        for position, term in enumerate(split(text)):
            expected.setdefault(term, {}).setdefault(doc, []).append(position)
    terms = [index.terms[i] for i in range(len(index.terms))]
    assert terms == sorted(terms, key=str.encode)
    assert set(expected) <= set(terms)
    for number, term in enumerate(terms):
        docs, tfs = index.postings(number)
        assert index.terms.find(term) == number
        spans = np.split(index.positions(number) if index.has_positions else [], np.cumsum(tfs))
        found = {
            doc: (int(tf), span.tolist())
            for doc, tf, span in zip(docs.tolist(), tfs, spans, strict=False)
            if view.live[doc]
        }
        wanted = expected.get(term, {})
        assert found == {
            doc: (len(places), places if index.has_positions else [])
            for doc, places in wanted.items()
        }
        assert view.df(field, number) == len(wanted)


def check_snapshot(snapshot: Snapshot, model: Documents) -> None:
    """Compare everything that a snapshot holds with a dictionary of documents."""
    assert len(snapshot) == len(model)
    assert Counter(snapshot.ids()) == Counter(list(model))
    for doc_id, document in model.items():
        assert snapshot.document(doc_id) == document
    for view in snapshot.views:
        check_view(view, model, snapshot.schema)
    for field in snapshot.schema.of_type(TextField):
        lists = [split(document.get(field) or "") for document in model.values()]
        assert snapshot.n_tokens(field) == sum(map(len, lists))
        dfs = Counter(term for terms in lists for term in set(terms))
        assert all(snapshot.df(field, term) == df for term, df in dfs.items())
        assert snapshot.df(field, "no such term") == 0


def check_view(view: SegmentView, model: Documents, schema: IndexSchema) -> None:
    segment = view.segment
    live = np.flatnonzero(view.live).tolist()
    documents = [model[segment.ids[doc]] for doc in live]
    for doc in live:
        assert view.find(segment.ids[doc]) == doc
    for field in schema.of_type(TextField):
        check_text(view, field, [document.get(field) or "" for document in documents])
    for field in schema.of_type(KeywordField):
        column = segment.keywords(field)
        found = [column[doc] for doc in live]
        assert found == [document.get(field, []) for document in documents]
    prices = [document.get("price", np.nan) for document in documents]
    np.testing.assert_array_equal(segment.numbers("price")[live], prices)


def content(segment: Segment) -> dict[str, Any]:
    """Return all arrays of a segment but the compressed ones, and the documents instead."""
    names = [name for name in segment.file if not name.startswith("stored")]
    arrays = {name: (segment.file[name].dtype, segment.file[name].tobytes()) for name in names}
    return arrays | {"documents": [segment.document(doc) for doc in range(segment.n_docs)]}


words = st.lists(st.sampled_from(["a", "b", "\u00e9", "\U0001f600", "zz"]), max_size=9).map(
    " ".join
)
documents = st.fixed_dictionaries(
    {"text": words},
    optional={
        "title": words | st.none(),
        "tags": st.lists(st.sampled_from(["red", "blue", "\u00e9"]), unique=True),
        "price": st.floats(-1e9, 1e9),
        "count": st.integers(-(2**63) + 1, 2**63 - 1),
        "date": st.dates().map(str),
        "other": st.none() | st.text() | st.lists(st.text()),
    },
)
ids = st.sampled_from(["1", "2", "three", "\u00e9", "5", "6"])
operations = st.lists(
    st.tuples(st.just("add"), ids, documents)
    | st.tuples(st.just("add"), ids, documents)
    | st.tuples(st.just("delete"), ids)
    | st.tuples(st.sampled_from(["commit", "commit", "refresh", "snapshot"]))
    | st.tuples(st.sampled_from(["merge_all", "wait_for_merge", "reopen"])),
    max_size=40,
)


@pytest.fixture(scope="module")
def _small_pieces() -> Iterator[None]:
    """Let a few words make several runs, ranges, blocks and large frequencies."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inverter, "_RUN_TOKENS", 20)
        patch.setattr(inverter, "_WAITING", 10)
        patch.setattr(merge_text, "_RANGE_POSTINGS", 30)
        patch.setattr(merge, "_RANGE_VALUES", 2)
        patch.setattr(merge, "_SMALL_BLOCK", 60)
        patch.setattr(stored, "STORED_BLOCK_BYTES", 150)
        patch.setattr(inverter, "LARGE_TF", 3)
        patch.setattr(merge_text, "LARGE_TF", 3)
        yield


def open_store(folder: Path) -> Store:
    config = WriterConfig(merge_factor=2, logged_commits=3)
    return Store.open(folder, SCHEMA, "never", config=config, analyzer=named_split)


def named_split(_: str) -> Callable[[str], Sequence[str]]:
    return split


def run_operations(
    folder: Path, steps: Sequence[tuple[Any, ...]]
) -> tuple[dict[str, Any], list[tuple[Snapshot, dict[str, Any]]]]:
    """Run operations on a store and on a dictionary; return it, and snapshots with its states."""
    model: dict[str, Any] = {}
    committed: dict[str, Any] = {}
    shown: dict[str, Any] = {}
    states = []
    store, reader = open_store(folder), None
    for name, *arguments in steps:
        if name == "add":
            doc_id, document = arguments
            store.add(document, doc_id)
            model[doc_id] = document
        elif name == "delete":
            store.delete(*arguments)
            model.pop(arguments[0], None)
        elif name == "reopen":
            store.close()
            store, shown = open_store(folder), committed
        elif name == "snapshot":
            states.append((store.snapshot(), shown))
        else:
            getattr(store, name)()
        if name in {"commit", "refresh"}:
            shown = dict(model)
        if name == "commit":
            committed = shown
            reader = open_snapshot(folder, reader, named_split)
            states.append((reader, committed))
    store.commit()
    states.append((store.snapshot(), dict(model)))
    assert store.merge_error is None
    store.close()
    return model, states


@pytest.mark.usefixtures("_small_pieces")
@settings(max_examples=100, deadline=None)
@given(steps=operations)
def test_a_store_equals_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Any, ...]]
) -> None:
    folder = tmp_path_factory.mktemp("store")
    model, states = run_operations(folder, steps)
    for snapshot, state in states:  # snapshots stay valid whatever happened since
        check_snapshot(snapshot, state)
    snapshot = open_snapshot(folder)
    check_snapshot(snapshot, model)
    assert verify_store(folder) == []
    check_merged_equals_rebuilt(folder, snapshot.ids(), model)


def check_merged_equals_rebuilt(folder: Path, order: list[str], model: Documents) -> None:
    """Compare a merged index, array by array, with one built of its documents in one go."""
    with open_store(folder) as store:
        store.merge_all()
        store.commit()
        merged = store.snapshot()
    assert merged.ids() == order, "merging keeps the order of documents"
    check_snapshot(merged, model)
    with open_store(folder / "rebuilt") as store:
        for doc_id in order:
            store.add(model[doc_id], doc_id)
        store.commit()
        rebuilt = store.snapshot()
    assert len(merged.views) == len(rebuilt.views) == bool(model)
    for one, other in zip(merged.views, rebuilt.views, strict=True):
        assert content(one.segment) == content(other.segment)


@pytest.mark.usefixtures("_small_pieces")
def test_memory_that_is_full_becomes_a_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buffer, "_CHECK_MEMORY_EVERY", 1)
    monkeypatch.setattr(buffer, "Pending", SmallPending)
    model = {str(i % 40): {"text": f"a b {i}"} for i in range(100)}
    with open_store(tmp_path) as store:
        for i in range(100):
            store.add({"text": f"a b {i}"}, str(i % 40))
        assert len(store.snapshot()) == 0, "what is spilled is not yet visible"
        assert len(list(tmp_path.glob("segment-*"))) > 1
        store.commit()
        check_snapshot(store.snapshot(), model)


class SmallPending(Pending):
    @property
    def nbytes(self) -> int:
        return len(self._docs) << 25


def test_frequencies_and_lengths_are_exact(tmp_path: Path) -> None:
    model = {
        "1": {"text": "w " * 254 + "w", "title": "x"},
        "2": {"text": "w " * 253 + "w"},
        "3": {"text": " ".join(["w"] * 70_000 + ["x"])},
        "4": {"text": "w x"},
    }
    with open_store(tmp_path) as store:
        for doc_id, document in model.items():
            store.add(document, doc_id)
            check_snapshot(store.refresh(), {k: model[k] for k in list(model)[: int(doc_id)]})
        store.merge_all()
        store.commit()
        check_snapshot(store.snapshot(), model)
