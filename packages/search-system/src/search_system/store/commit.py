"""The checkpoint: which segments and deletions an index has, in one small checksummed file.

::

    INDEX/commit.json                 this file: schema, segments, deletions, log
    INDEX/segment-00000001.arrays     immutable (see search_system.segments.format)
    INDEX/deletes-00000007.arrays     per segment: a bitmap of deleted documents
    INDEX/log-00000007                what happened since (see search_system.store.log)
    INDEX/lock                        who writes (see search_system.store.lock)

A checkpoint replaces commit.json by an atomic rename, after everything that it names is on the
disk. Commits after it are in its log. What it does not name is what a writer has not yet written to
the disk for good, or left behind when it was killed; the next writer removes it.
"""

import json
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from search_system import disk
from search_system.errors import CorruptIndexError, IndexMissingError, SearchSystemError
from search_system.schema import IndexSchema
from search_system.segments.array_file import FileInfo, damaged

COMMIT = "commit.json"
FORMAT = "search-system store"
VERSION = 2


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file that a commit names, and what it must be."""

    name: str
    size: int
    crc32: int

    @property
    def info(self) -> FileInfo:
        """What the file must be."""
        return FileInfo(self.size, self.crc32)


@dataclass(frozen=True, slots=True)
class Commit:
    """The state of an index at a checkpoint."""

    schema: IndexSchema
    generation: int = 0
    """Counts commits."""
    next_segment: int = 1
    segments: tuple[FileEntry, ...] = ()
    """In the order of their documents."""
    deletes: FileEntry | None = None
    log: str = "log-00000000"

    @property
    def files(self) -> set[str]:
        """The names of all files that belong to this checkpoint."""
        names = {entry.name for entry in self.segments} | {COMMIT, self.log}
        return names | {self.deletes.name} if self.deletes else names


def write_commit(folder: Path, commit: Commit, *, durable: bool) -> None:
    """Make ``commit`` the index's checkpoint, in one atomic step."""
    body = {"format": FORMAT, "version": VERSION, **asdict(commit)}
    body["schema"] = commit.schema.to_dict()
    body["checksum"] = _checksum(body)
    disk.replace_file(folder / COMMIT, json.dumps(body, indent=1).encode(), durable=durable)


def read_commit(folder: Path) -> Commit:
    """Return the last checkpoint of an index, checked against its own checksum.

    Raises:
        IndexMissingError: ``folder`` holds no index.
        CorruptIndexError: it does, but its commit is damaged or of another version.
    """
    path = folder / COMMIT
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise IndexMissingError(f"{folder}: no index here") from error
    except OSError as error:
        raise CorruptIndexError(f"{path}: cannot be read ({error.strerror or error})") from error
    try:
        return _parse(text, path)
    except SearchSystemError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise damaged(path, f"not a commit ({error})") from error


def _parse(text: bytes, path: Path) -> Commit:
    body: dict[str, Any] = json.loads(text)
    if body.pop("checksum") != _checksum(body):
        raise damaged(path, "its checksum is wrong")
    if body.pop("format") != FORMAT or (version := body.pop("version")) != VERSION:
        raise CorruptIndexError(
            f"{path}: expected format version {VERSION}, found {version}; "
            "build the index again with this version of search-system"
        )
    body["schema"] = IndexSchema.from_dict(body["schema"])
    body["segments"] = tuple(FileEntry(**entry) for entry in body["segments"])
    body["deletes"] = FileEntry(**body["deletes"]) if body["deletes"] else None
    return Commit(**body)


def _checksum(body: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(body, sort_keys=True).encode())
