"""Open a folder for writing, find out what a crash left, and check everything.

A crash leaves at most: files that no commit names, which are removed; a log to replay; and a torn
record at its end, which is cut off.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from search_system import disk
from search_system.errors import (
    CorruptIndexError,
    IndexFolderError,
    IndexMissingError,
    OptionError,
)
from search_system.schema import IndexSchema
from search_system.segments.array_file import ArrayFile
from search_system.store.commit import COMMIT, Commit, read_commit, write_commit
from search_system.store.lock import LOCK, WriterLock
from search_system.store.log import check_log, committed_part
from search_system.store.log_writer import Log

_OURS = re.compile(r"(segment|deletes)-\d+\.arrays|log-\d+|\.commit\.json\.tmp")


@dataclass(frozen=True, slots=True)
class Recovery:
    """What opening an index for writing found in its log."""

    log: Path
    operations: int
    """How many operations since the last checkpoint were replayed."""
    cut: int
    """How many bytes of a torn record were cut off the log's end."""


def take_folder(folder: Path, schema: IndexSchema | None, *, durable: bool) -> WriterLock:
    """Lock a folder for writing, and begin an empty index if there is none.

    Raises:
        IndexMissingError: there is no index, and no schema to begin one.
        IndexLockedError: another writer holds the lock.
        IndexFolderError: the folder holds something else, or cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise IndexFolderError(f"{folder}: expected a folder for the index, found a file")
    exists = (folder / COMMIT).exists()
    if not exists and schema is None:
        raise IndexMissingError(f"{folder}: no index here; give a schema to begin one")
    with disk.writing(folder):
        if not exists:
            folder.mkdir(parents=True, exist_ok=True)
            _check_free(folder)
        lock = WriterLock(folder)
    try:
        with disk.writing(folder):
            if schema is not None and not (folder / COMMIT).exists():
                _begin(folder, Commit(schema), durable=durable)
    except BaseException:
        lock.release()
        raise
    return lock


def is_store_file(name: str) -> bool:
    """Return whether a store writes files of this name, beside its commit and its lock."""
    return bool(_OURS.fullmatch(name))


def _check_free(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name != LOCK and not _OURS.fullmatch(path.name):
            raise IndexFolderError(
                f"{folder}: holds {path.name!r} and no index; name an empty or a new folder"
            )


def _begin(folder: Path, commit: Commit, *, durable: bool) -> None:
    Log.create(folder / commit.log, sync_always=False).close()
    if durable:
        disk.sync_path(folder)
    write_commit(folder, commit, durable=durable)


def check_schema(folder: Path, commit: Commit, schema: IndexSchema | None) -> None:
    """Raise `OptionError` if an index has another schema than the one that is asked for."""
    if schema is not None and schema != commit.schema:
        raise OptionError(
            f"{folder}: the index has the schema ({commit.schema}), not ({schema}), or options of "
            "a field differ; open it without a schema, or build a new index"
        )


def remove_unnamed(folder: Path, keep: set[str]) -> None:
    """Remove files of ours that are in nobody's use."""
    for path in folder.iterdir():
        if path.name not in keep and _OURS.fullmatch(path.name):
            path.unlink(missing_ok=True)


def discard_log(folder: str | Path) -> None:
    """Go back to an index's last commit: forget what its log has after it, damaged or not.

    If the log is damaged within its commits, that is the last one before the damage.
    """
    folder = Path(folder)
    path = folder / read_commit(folder).log
    with disk.writing(folder):
        lock = WriterLock(folder)
        try:
            kept = committed_part(path)
            Log.reopen(path, kept, sync_always=False).close()
        finally:
            lock.release()


def verify_store(folder: str | Path) -> list[str]:
    """Compare every byte of an index with its checksums; return what is wrong, by file.

    Raises:
        IndexMissingError: there is no index in ``folder``.
    """
    folder = Path(folder)
    try:
        commit = read_commit(folder)
    except CorruptIndexError as error:
        return [str(error)]
    problems = []
    deletes = [commit.deletes] if commit.deletes else []
    for entry in (*commit.segments, *deletes):
        try:
            ArrayFile(folder / entry.name, entry.info).verify()
        except CorruptIndexError as error:
            problems.append(str(error))
    try:
        cut = check_log(folder / commit.log).cut
    except CorruptIndexError as error:
        return [*problems, str(error)]
    if cut:
        problems.append(f"{folder / commit.log}: a torn record of {cut:,} bytes at its end")
    return problems
