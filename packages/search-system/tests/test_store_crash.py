"""What a store survives: a full disk, a read-only folder, flipped bytes, torn logs."""

import errno
import itertools
import json
import os
import resource
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search_system import disk
from search_system.errors import CorruptIndexError, IndexFolderError, SearchSystemError
from search_system.schema import IndexSchema, KeywordField, TextField
from search_system.segments.words import WordTable
from search_system.store.config import WriterConfig
from search_system.store.recovery import discard_log, verify_store
from search_system.store.snapshot import Snapshot, open_snapshot
from search_system.store.store import Store

Contents = Callable[[Snapshot], dict[str, Any]]

SCHEMA = IndexSchema({"text": TextField("plain"), "tag": KeywordField()})
NO_MERGES = WriterConfig(background_merges=False)


def failing(function: Callable[..., Any], n: int, code: int) -> Callable[..., Any]:
    """Return a function whose call number n does half of its work and then fails, as do later."""
    calls = itertools.count(1)

    def fail(*arguments: Any, **options: Any) -> Any:
        if next(calls) < n:
            return function(*arguments, **options)
        if function is WRITE:
            descriptor, data = arguments
            function(descriptor, bytes(data)[: len(data) // 2])
        raise OSError(code, os.strerror(code))

    return fail


WRITE = disk.write


def use(folder: Path, states: list[dict[str, Any]], done: list[int]) -> None:
    """Use a store in all ways; note each state before it is begun, and that it was acknowledged."""
    config = WriterConfig(background_merges=False, logged_commits=1)  # every other commit logged
    with Store.open(folder, SCHEMA, "always", config=config) as store:
        for step in range(12):
            document = {"text": "w " * 600 * step, "tag": str(step)}
            states.append(states[-1] | {str(step % 5): document})
            store.add(document, str(step % 5))
            done.append(len(states))
            if step % 4 == 3:
                states.append({k: v for k, v in states[-1].items() if k != "2"})
                store.delete("2")
                done.append(len(states))
                store.merge_all()
                store.commit()
            elif step % 2:
                store.refresh()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("write", errno.ENOSPC),
        ("create", errno.EROFS),
        ("sync", errno.EIO),
        ("sync_path", errno.EIO),
    ],
)
def test_every_write_fails_once(tmp_path: Path, name: str, code: int, contents: Contents) -> None:
    for n in itertools.count(1):
        folder, states, done = tmp_path / str(n), [dict[str, Any]()], [1]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(disk, name, failing(getattr(disk, name), n, code))
            try:
                use(folder, states, done)
            except IndexFolderError as error:
                message = str(error)
                assert str(folder) in message
                assert os.strerror(code) in message
            else:
                break
        if (folder / "commit.json").exists():
            assert set(contents(open_snapshot(folder))) <= {*"01234"}
        with Store.open(folder, SCHEMA, config=NO_MERGES) as store:
            store.commit()
            found = contents(store.snapshot())
        # An operation that failed may have reached the log all the same.
        assert found in states[done[-1] - 1 :]
        assert verify_store(folder) == []
    assert n > 5


def test_a_store_refuses_work_after_a_failed_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(tmp_path, SCHEMA, "always") as store:
        store.add({"text": "a", "tag": "1"}, "1")
        store.commit()
        with monkeypatch.context() as patch:
            patch.setattr(disk, "write", failing(WRITE, 1, errno.ENOSPC))
            with pytest.raises(IndexFolderError, match=r"No space left.*committed is intact"):
                store.add({"text": "a", "tag": "2"}, "2")
        with pytest.raises(IndexFolderError, match=r"an earlier write failed .*open the index"):
            store.commit()
    with Store.open(tmp_path) as store:
        assert store.recovery.cut > 0
        store.commit()
        assert store.snapshot().ids() == ["1"]


def test_a_file_size_limit(tmp_path: Path) -> None:
    with Store.open(tmp_path, SCHEMA) as store:
        store.add({"text": "a", "tag": "1"}, "1")
        store.commit()
        store.add({"text": "b", "tag": "2"}, "2")
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
        try:
            with pytest.raises(IndexFolderError, match="File too large"):
                store.commit()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert all("torn record" in problem for problem in verify_store(tmp_path))
    for _ in range(2):
        assert open_snapshot(tmp_path).ids() == ["1"]
        Store.open(tmp_path).close()
    assert verify_store(tmp_path) == []


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_a_folder_that_is_read_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    with Store.open(tmp_path, SCHEMA) as store:
        store.add({"text": "a", "tag": "1"}, "1")
        store.commit()
    os_open = os.open

    def read_only(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR):
            raise OSError(code, os.strerror(code), str(path))
        return os_open(path, flags, *arguments, **options)

    monkeypatch.setattr(os, "open", read_only)
    with pytest.raises(IndexFolderError, match=f"cannot be written .{os.strerror(code)}"):
        Store.open(tmp_path)
    assert open_snapshot(tmp_path).ids() == ["1"]
    assert verify_store(tmp_path) == []


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """Return a folder with two segments, deletions, and operations in the log."""
    with Store.open(tmp_path, SCHEMA, config=NO_MERGES) as store:
        for i in range(12):
            store.add({"text": f"word w{i % 3} " * (1 + i * 90), "tag": f"t{i}"}, str(i))
            if i in {5, 9}:
                store.delete("2")
                store.delete("7")
                store.commit()
    return tmp_path


def test_flipped_bytes_are_found_and_named_and_crash_nothing(full: Path) -> None:
    rng = np.random.default_rng(0)
    assert verify_store(full) == []
    for path in sorted(full.iterdir()):
        content = bytearray(path.read_bytes())
        places = rng.choice(len(content), min(50, len(content)), replace=False)
        for place in [] if path.name == "lock" else places.tolist():
            content[place] ^= 1 << int(rng.integers(8))
            damaged, content[:] = bytes(content), path.read_bytes()
            path.write_bytes(damaged)
            problems = verify_store(full)
            assert problems
            assert all(path.name in problem for problem in problems)
            use_everything(full)
            path.write_bytes(content)
    assert verify_store(full) == []


def use_everything(folder: Path) -> None:
    """Read a damaged index as a user might, who has not verified it."""
    try:
        for view in open_snapshot(folder).views:
            for doc in range(view.segment.n_docs):
                view.segment.document(doc)
            text = view.segment.text("text")
            for term in range(len(text.terms)):
                text.postings(term)
                view.df("text", term)
                text.positions(term)
            assert text.words
            for number in text.words.terms.tolist():
                assert number == -1 or text.terms.encoded(number) is not None
    except SearchSystemError:
        pass


def test_words_that_point_outside_the_terms_are_refused(full: Path) -> None:
    text = open_snapshot(full).views[0].segment.text("text")
    assert text.words
    with pytest.raises(CorruptIndexError, match="words of 'text' are damaged"):
        WordTable(text._file, "text", int(text.words.terms.max()))


def test_another_format_version_is_refused(full: Path) -> None:
    path = full / "commit.json"
    body = json.loads(path.read_bytes()) | {"version": 1}
    del body["checksum"]
    body["checksum"] = zlib.crc32(json.dumps(body, sort_keys=True).encode())
    path.write_text(json.dumps(body))
    with pytest.raises(CorruptIndexError, match=r"expected format version 2, found 1; build"):
        open_snapshot(full)


def test_missing_and_cut_files_are_named(full: Path) -> None:
    for path in sorted(full.glob("*-*")):
        content = path.read_bytes()
        for change in (path.unlink, lambda p=path, c=content: p.write_bytes(c[:-1])):
            change()
            (problem,) = verify_store(full)
            assert path.name in problem
            if path.suffix:
                with pytest.raises(CorruptIndexError, match=path.name):
                    open_snapshot(full)
        path.write_bytes(content)


def test_a_log_cut_anywhere(full: Path) -> None:
    (path,) = full.glob("log-*")
    content = path.read_bytes()
    committed, cuts = 8, set()
    for size in (*range(0, 40, 3), len(content) // 2, len(content) - 1, len(content)):
        path.write_bytes(content[:size])
        with Store.open(full, fsync="never", config=NO_MERGES) as store:
            assert store.recovery.cut == (size - path.stat().st_size if size >= 8 else size)
            cuts.add(store.recovery.operations)
            assert len(store.refresh()) == committed + store.recovery.operations
    assert cuts == {0, 1, 2}


def test_a_damaged_record_before_others_is_an_error(full: Path) -> None:
    (path,) = full.glob("log-*")
    content = bytearray(path.read_bytes())
    for place in (0, 8, 12, 16, 20, 30, 100):
        content[place] ^= 4
        path.write_bytes(content)
        with pytest.raises(CorruptIndexError, match=path.name):
            Store.open(full)
        content[place] ^= 4
    content[20] ^= 4
    path.write_bytes(content)
    discard_log(full)
    with Store.open(full) as store:
        assert store.recovery.operations == 0
        store.commit()
        assert len(store.snapshot()) == 8
