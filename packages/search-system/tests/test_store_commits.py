"""What a commit costs and what it leaves: in the log alone, or as a checkpoint."""

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from search_system import disk
from search_system.errors import CorruptIndexError, OptionError
from search_system.schema import IndexSchema, TextField
from search_system.store import merger
from search_system.store.commit import read_commit
from search_system.store.config import WriterConfig
from search_system.store.log import LOGGED_BYTES
from search_system.store.recovery import discard_log, verify_store
from search_system.store.snapshot import open_snapshot
from search_system.store.store import Store

SCHEMA = IndexSchema({"text": TextField()})
CONFIG = WriterConfig(logged_commits=3, background_merges=False)


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[Path]:
    """Return a folder whose writer is gone: commits of 2, 4 and 6 documents, and one without."""
    store = Store.open(tmp_path, SCHEMA, "always")
    for i in range(6):
        store.add({"text": f"word w{i}"}, str(i))
        if i % 2:
            store.commit()
    store.add({"text": "late"}, "late")
    store._lock_file.release()
    yield tmp_path
    store._journal.close()


def checkpoints(folder: Path) -> int:
    return read_commit(folder).generation


def test_a_commit_is_one_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    with Store.open(tmp_path, SCHEMA) as store:
        monkeypatch.setattr(disk, "sync", calls.append)
        for i in range(5):
            store.add({"text": "word"}, str(i))
            store.delete(str(i - 2))
            store.commit()
            assert len(store.snapshot()) == min(i + 1, 2)
            assert len(calls) == i + 1
        assert checkpoints(tmp_path) == 0
    assert checkpoints(tmp_path) == 5
    assert len(open_snapshot(tmp_path)) == 2


def test_when_a_commit_is_a_checkpoint(tmp_path: Path) -> None:
    with Store.open(tmp_path, SCHEMA, config=CONFIG) as store:
        found = []
        for i in range(10):
            store.add({"text": "word"}, str(i))
            store.commit()
            found.append(checkpoints(tmp_path))
        assert found == [0, 0, 0, 4, 4, 4, 4, 8, 8, 8]
        store.add({"text": "x" * LOGGED_BYTES}, "large")
        store.commit()
        assert len(store.snapshot()) == 11
        assert checkpoints(tmp_path) == 11
        store.merge_all()
        store.commit()
        assert len(store.snapshot().views) == 1
        assert checkpoints(tmp_path) == 12, "a merge without operations"
    with Store.open(tmp_path / "always", SCHEMA, config=WriterConfig(logged_commits=0)) as store:
        for i in range(3):
            store.add({"text": "word"}, str(i))
            store.commit()
            assert checkpoints(tmp_path / "always") == i + 1
    with pytest.raises(OptionError, match="logged_commits must be from 0 up"):
        WriterConfig(logged_commits=-1)


def test_a_large_merge_is_written_soon(tmp_path: Path) -> None:
    text = " ".join(map(str, range(50_000)))
    with Store.open(tmp_path, SCHEMA) as store:
        for i in range(2):
            store.add({"text": text}, str(i))
        store.commit()
    with Store.open(tmp_path) as store:
        store.delete("0")
        store.commit()
        assert checkpoints(tmp_path) == 1
        store.merge_all()
        store.add({"text": "small"}, "2")
        store.commit()
        assert checkpoints(tmp_path) == 3
        assert len(list(tmp_path.glob("segment-*"))) == 2, "what was merged is gone"


def test_every_segment_of_a_checkpoint_is_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also that of a merge which began before the last checkpoint and ended after it."""
    synced: set[str] = set()
    proceed = threading.Event()
    merge_segments, write_file = merger.merge_segments, disk.write_file

    def merge_and_wait(*arguments: Any, **options: Any) -> Any:
        info = merge_segments(*arguments, **options)
        assert proceed.wait(10)
        return info

    def note(path: Path, data: bytes, *, durable: bool) -> None:
        synced.update([path.name] if durable else [])
        write_file(path, data, durable=durable)

    monkeypatch.setattr(merger, "merge_segments", merge_and_wait)
    monkeypatch.setattr(disk, "write_file", note)
    monkeypatch.setattr(disk, "sync_path", lambda path: synced.add(path.name))
    config = WriterConfig(logged_commits=4, merge_factor=4)
    with Store.open(tmp_path, SCHEMA, config=config) as store:
        for i in range(6):
            store.add({"text": "word"}, str(i))
            store.refresh()
            store.commit()
            if i == 4:  # a checkpoint; four segments are being merged
                assert {entry.name for entry in read_commit(tmp_path).segments} <= synced
                proceed.set()
                store.wait_for_merge()
    segments = read_commit(tmp_path).segments
    assert len(segments) == 3
    assert {entry.name for entry in segments} <= synced


def test_closing_keeps_commits_apart_from_what_is_uncommitted(tmp_path: Path) -> None:
    with Store.open(tmp_path, SCHEMA, "always") as store:
        store.add({"text": "one"}, "1")
        store.commit()
        store.add({"text": "two"}, "2")
        store.refresh()
        store.delete("1")
    assert open_snapshot(tmp_path).ids() == ["1"]
    assert checkpoints(tmp_path) == 1
    with Store.open(tmp_path) as store:
        assert store.recovery.operations == 2
        assert store.snapshot().ids() == ["1"]
        store.commit()
        assert store.snapshot().ids() == ["2"]


def test_a_reader_sees_the_commits_of_a_killed_writer(killed: Path) -> None:
    snapshot = open_snapshot(killed)
    assert snapshot.ids() == [*"012345"]
    assert snapshot.generation == 3
    assert snapshot.df("text", "word") == 6
    assert verify_store(killed) == []
    with Store.open(killed) as store:
        assert store.recovery.operations == 7
        assert store.snapshot().ids() == [*"012345"]
        assert store.snapshot().generation == 3
        store.commit()
        assert store.snapshot().ids() == [*"012345", "late"]


def test_a_reader_goes_on_from_what_it_has(tmp_path: Path) -> None:
    with Store.open(tmp_path, SCHEMA) as store:
        reader = open_snapshot(tmp_path)
        for i in range(30):
            store.add({"text": f"word w{i}"}, str(i))
            store.delete(str(i - 10))
            store.commit()
            newer = open_snapshot(tmp_path, reader)
            assert newer.ids() == store.snapshot().ids()
            assert newer.df("text", "word") == min(10, i + 1)
            assert open_snapshot(tmp_path, newer) is newer
            assert len(newer.views) <= 8
            reader = newer


def test_damage_before_a_logged_commit_is_an_error(killed: Path) -> None:
    (path,) = killed.glob("log-*")
    content = path.read_bytes()
    for place, bit in itertools.product((8, 14, 20, 30, len(content) // 2), (1, 64)):
        changed = bytearray(content)
        changed[place] ^= bit
        path.write_bytes(changed)
        with pytest.raises(CorruptIndexError, match=path.name):
            open_snapshot(killed)
        with pytest.raises(CorruptIndexError, match="go back to the last commit before"):
            Store.open(killed)
    discard_log(killed)
    assert open_snapshot(killed).ids() == ["0", "1"]
    assert verify_store(killed) == []
    path.write_bytes(content[:-5])
    assert len(open_snapshot(killed)) == 6, "a torn end is behind the last commit"
    discard_log(killed)
    assert len(open_snapshot(killed)) == 6
    with Store.open(killed) as store:
        assert (store.recovery.operations, store.recovery.cut) == (6, 0)
