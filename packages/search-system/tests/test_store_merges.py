"""Merges: which segments, beside readers and writers, and that nothing is lost by them."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_system import Collection, Index, read_documents
from search_system.errors import (
    CorruptIndexError,
)
from search_system.schema import (
    IndexSchema,
    TextField,
)
from search_system.store import merger
from search_system.store.config import WriterConfig
from search_system.store.policy import plan_merges
from search_system.store.snapshot import open_snapshot
from search_system.store.store import Store

SCHEMA = IndexSchema({"text": TextField()})
NO_MERGES = WriterConfig(background_merges=False)


def fill(store: Store, numbers: range) -> None:
    for i in numbers:
        store.add({"text": f"word w{i}"}, str(i))


def test_background_merges_keep_segments_few(tmp_path: Path) -> None:
    config = WriterConfig(merge_factor=3)
    with Store.open(tmp_path, SCHEMA, "never", config=config) as store:
        old = []
        for i in range(40):
            store.add({"text": f"word w{i}"}, str(i))
            store.delete(str(i - 5))
            store.commit()
            old.append(store.snapshot())
            store.wait_for_merge()
        store.commit()
        last = store.snapshot()
    assert len(last.views) <= 4
    assert last.ids() == [str(i) for i in range(35, 40)]
    assert len(list(tmp_path.glob("segment-*"))) == len(last.views), "the others are removed"
    for i, snapshot in enumerate(old):  # but still readable
        assert snapshot.ids() == [str(j) for j in range(max(0, i - 4), i + 1)]
        assert snapshot.document(str(i)) == {"text": f"word w{i}"}


def test_deletes_while_a_merge_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proceed = threading.Event()
    merge_segments = merger.merge_segments

    def merge_and_wait(*arguments: Any, **options: Any) -> Any:
        info = merge_segments(*arguments, **options)
        assert proceed.wait(10)
        return info

    monkeypatch.setattr(merger, "merge_segments", merge_and_wait)
    with Store.open(tmp_path, SCHEMA, config=WriterConfig(merge_factor=2)) as store:
        for i in range(2):
            fill(store, range(10 * i, 10 * i + 10))
            store.refresh()
        store.delete("3")
        store.add({"text": "new"}, "14")
        store.commit()
        before = store.snapshot()
        proceed.set()
        store.wait_for_merge()
        store.commit()
        after = store.snapshot()
        assert [view.segment.n_docs for view in after.views] == [20, 1]
        assert set(before.ids()) == set(after.ids()) == {*map(str, range(20))} - {"3"}
        assert after.document("14") == {"text": "new"}
        assert (after.df("text", "word"), after.df("text", "w14")) == (18, 0)


def test_readers_see_whole_commits_while_a_writer_commits_and_merges(tmp_path: Path) -> None:
    """A reader may read a commit whose files are gone when it maps them; it must not notice."""
    config = WriterConfig(merge_factor=2)
    with Store.open(tmp_path, SCHEMA, "never", config=config) as store:
        done = threading.Event()
        seen: list[int] = []
        errors: list[Exception] = []

        def read() -> None:
            while not done.is_set():
                try:
                    snapshot = open_snapshot(tmp_path)
                    batches = [snapshot.document(doc_id) for doc_id in snapshot.ids()]
                    assert len({str(batch) for batch in batches}) <= 1, "half a commit"
                    assert len(batches) in {0, 5}
                    seen.append(snapshot.generation)
                except Exception as error:  # noqa: BLE001 - for the main thread
                    errors.append(error)

        reader = threading.Thread(target=read)
        reader.start()
        for batch in range(80):
            for i in range(5):
                store.add({"text": f"batch {batch}"}, str(i))
            store.commit()
            if batch % 2:
                store.snapshot()
        done.set()
        reader.join()
    assert errors == []
    assert seen == sorted(seen)


def test_a_merge_of_damaged_segments_is_refused(tmp_path: Path) -> None:
    config = WriterConfig(background_merges=False, logged_commits=0)
    with Store.open(tmp_path, SCHEMA, config=config) as store:
        for i in range(2):
            store.add({"text": "word " * 100}, str(i))
            store.commit()
        path = sorted(tmp_path.glob("segment-*"))[0]
        content = bytearray(path.read_bytes())
        content[70] ^= 1
        path.write_bytes(content)
        with pytest.raises(CorruptIndexError, match=path.name):
            store.merge_all()
    assert open_snapshot(tmp_path).generation == 2


@given(st.lists(st.integers(1, 10**7), max_size=60), st.data(), st.integers(2, 12))
def test_merge_plans(sizes: list[int], data: st.DataObject, factor: int) -> None:
    deleted = [data.draw(st.integers(0, size)) for size in sizes]
    groups = plan_merges(sizes, deleted, factor)
    members = [i for group in groups for i in group]
    assert len(set(members)) == len(members)
    assert all(len(group) in (1, factor) for group in groups)
    assert all(deleted[g.start] > sizes[g.start] / 3 for g in groups if len(g) == 1)


def test_merges_settle_with_few_segments_and_few_copies() -> None:
    sizes: list[int] = []
    copied = 0
    for _ in range(3_000):
        sizes.append(1_000)
        while groups := plan_merges(sizes):
            merged = sum(sizes[i] for i in groups[0])
            copied += merged
            sizes[groups[0].start : groups[0].stop] = [merged]
    assert sum(sizes) == 3_000_000
    assert len(sizes) <= 4 * 9
    assert copied <= 4 * 3_000_000


def test_real_documents_equal_the_index_of_one_segment(
    tmp_path: Path, real: Callable[[str], tuple[Collection, Index]]
) -> None:
    collection, index = real("cranfield")
    assert len(index.searcher.snapshot.views) == 1
    with Store.open(tmp_path, index.schema) as store:
        for number, document in enumerate(read_documents(collection.corpus, "_id")):
            store.add(document.fields, document.id)
            if number % 400 == 0:
                store.refresh()
        store.merge_all()
        store.commit()
        (view,) = store.snapshot().views
    text, expected = (
        view.segment.text("text"),
        index.searcher.snapshot.views[0].segment.text("text"),
    )
    assert len(text.terms) == len(expected.terms)
    assert all(text.terms[i] == expected.terms[i] for i in range(0, len(text.terms), 7))
    np.testing.assert_array_equal(text.lengths, expected.lengths)
    for term in range(len(text.terms)):
        for found, wanted in zip(text.postings(term), expected.postings(term), strict=True):
            np.testing.assert_array_equal(found, wanted)
