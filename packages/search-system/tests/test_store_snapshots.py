"""A commit leaves its snapshot to whoever searches next: what is found then, and what may fail."""

import errno
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from search_system import Index, IndexSchema, TextField, disk
from search_system.errors import IndexFolderError
from search_system.segments.writer import SegmentWriter
from search_system.store.config import WriterConfig
from search_system.store.segment_set import SegmentSet
from search_system.store.snapshot import open_snapshot
from search_system.store.store import Store

SCHEMA = IndexSchema({"text": TextField()})


def failing(code: int) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise OSError(code, os.strerror(code))

    return fail


def found(index: Index, query: str = "word") -> set[str]:
    return {hit.id for hit in index.search(query, 100).hits}


def test_a_search_finds_what_was_committed_and_nothing_later(tmp_path: Path) -> None:
    with Index.open(tmp_path, SCHEMA) as index:
        for i in range(6):
            index.add({"text": f"word w{i}"}, str(i))
            index.delete(str(i - 2))
            if i % 2:
                index.commit()
            if i % 3 == 2:
                committed = {str(j) for j in range(i + 1 - (i % 2 == 0))}
                gone = {str(j - 2) for j in range(i + 1 - (i % 2 == 0))}
                assert found(index) == committed - gone
        index.add({"text": "word new"}, "5")
        index.add({"text": "word late"}, "late")
        assert found(index) == {"4", "5"}
        assert found(index, "new") == set()
        index.refresh()
        assert found(index) == {"4", "5", "late"}
        assert found(index, "new") == {"5"}
        assert found(index, "w5") == set()
        index.add({"text": "word last"}, "last")
        index.commit()
        assert len(Index.open(tmp_path)) == 4, "beside the writer, which has not searched"
    assert found(index) == {"4", "5", "late", "last"}, "also when it is closed"


def test_explain_and_words_see_the_last_commit(tmp_path: Path) -> None:
    with Index.open(tmp_path, SCHEMA) as index:
        index.add({"text": "unusual"}, "1")
        index.commit()
        assert index.explain("unusual", "1").score > 0
        index.add({"text": "unusable"}, "2")
        index.commit()
        assert index.complete("unus") == ["unusable", "unusual"]
        assert index.did_you_mean("unusabel") == "unusable"
        index.delete("1")
        index.commit()
        assert index.complete("unus") == ["unusable"]


def test_a_snapshot_needs_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(tmp_path, SCHEMA) as store:
        store.add({"text": "word"}, "1")
        store.commit()
        store.add({"text": "word"}, "2")
        with monkeypatch.context() as patch:
            for name in ("write", "create", "sync", "sync_path"):
                patch.setattr(disk, name, failing(errno.ENOSPC))
            assert store.snapshot().ids() == ["1"]
            assert store.refresh().ids() == ["1", "2"]
        assert list(tmp_path.glob("segment-*")) == []
        (one, two) = store.snapshot().views
        store.commit()
    assert len(list(tmp_path.glob("segment-*"))) == 2
    reopened = open_snapshot(tmp_path)
    assert reopened.ids() == ["1", "2"]
    for view, mapped in zip((one, two), reopened.views, strict=True):
        content = (tmp_path / mapped.segment.name).read_bytes()
        assert view.segment.file.content == content
        assert mapped.segment.file.content is None


@pytest.mark.parametrize("logged_commits", [256, 1])
@pytest.mark.parametrize("name", ["write", "sync"])
def test_after_a_failed_commit_the_one_before_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, logged_commits: int
) -> None:
    store = Store.open(tmp_path, SCHEMA, config=WriterConfig(logged_commits=logged_commits))
    store.add({"text": "word"}, "1")
    store.commit()
    store.add({"text": "word"}, "2")
    with monkeypatch.context() as patch:
        patch.setattr(disk, name, failing(errno.ENOSPC))
        with pytest.raises(IndexFolderError, match="what was committed is intact"):
            store.commit()
    with pytest.raises(IndexFolderError, match="an earlier write failed"):
        store.add({"text": "word"}, "3")
    assert store.snapshot().ids()[0] == "1"
    store.close()
    assert open_snapshot(tmp_path).ids()[0] == "1"
    with Store.open(tmp_path) as store:
        store.commit()
        assert set(store.snapshot().ids()) in ({"1"}, {"1", "2"})


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_a_snapshot_that_fails_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    index = Index.open(tmp_path, SCHEMA)
    index.add({"text": "word"}, "1")
    index.commit()
    with monkeypatch.context() as patch:
        patch.setattr(SegmentWriter, "write", fail)
        with pytest.raises(error):
            found(index)
    for action in (lambda: found(index), index.commit, lambda: index.delete("1")):
        with pytest.raises(IndexFolderError, match=f"failed .{error.__name__}.; open the index"):
            action()
    index.close()
    with Index.open(tmp_path) as again:
        assert found(again) == {"1"}
        again.add({"text": "word"}, "2")
        again.commit()
        assert found(again) == {"1", "2"}


def test_uncommitted_operations_do_not_pile_up_behind_a_commit(tmp_path: Path) -> None:
    text = "word " * 50_000
    with Store.open(tmp_path, SCHEMA) as store:
        store.add({"text": "word"}, "0")
        store.commit()
        for i in range(1, 9):
            store.add({"text": text}, str(i))
        assert not store._contents.buffer.has_committed, "shown, though nobody searched"
        assert store.snapshot().ids() == ["0"]
        store.commit()
        assert len(store.snapshot()) == 9


def test_a_second_thread_waits_for_the_snapshot_that_the_first_one_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, proceed, add = threading.Event(), threading.Event(), SegmentSet.add

    def add_slowly(*arguments: Any, **options: Any) -> None:
        entered.set()
        assert proceed.wait(10)
        add(*arguments, **options)

    monkeypatch.setattr(SegmentSet, "add", add_slowly)
    with Store.open(tmp_path, SCHEMA) as store, ThreadPoolExecutor(2) as pool:
        store.add({"text": "word"}, "1")
        store.commit()
        first = pool.submit(lambda: len(store.snapshot()))
        assert entered.wait(10)
        second = pool.submit(lambda: len(store.snapshot()))
        with pytest.raises(TimeoutError):
            second.result(0.05)
        proceed.set()
        assert first.result(10) == second.result(10) == 1


def test_searches_in_threads_find_every_acknowledged_commit(tmp_path: Path) -> None:
    committed, errors = [0], list[str]()
    with Index.open(tmp_path, SCHEMA, config=WriterConfig(merge_factor=2)) as index:
        done = threading.Event()

        def search() -> None:
            while not done.is_set():
                least = committed[0]
                if not least <= len(found(index)) <= committed[0] + 1:
                    errors.append(f"fewer than {least}")

        threads = [threading.Thread(target=search) for _ in range(3)]
        for thread in threads:
            thread.start()
        for i in range(60):
            index.add({"text": "word"}, str(i))
            index.commit()
            committed[0] = i + 1
        done.set()
        for thread in threads:
            thread.join()
    assert errors == []
