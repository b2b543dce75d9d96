"""The write-ahead log: every operation and commit since the last checkpoint, in order.

::

    "SSLOG002"                                   8 bytes
    record, record, ...
        payload size, payload crc32, header crc32    12 bytes; the last one covers the first eight
        kind                                         1 byte: A (add), D (delete) or C (commit)
        id size, id, document                        uint32, UTF-8, JSON (none for a delete)
        or, for a commit, its number                 uint64

A commit covers the operations before it. It begins in the first mebibyte (`LOGGED_BYTES`) or it is
none that goes to the log, so a reader finds the last one without reading a log of gigabytes, as
adding a million documents leaves it.

A process that is killed, or a machine that loses power, can leave a torn record at the end: it was
never acknowledged, so it is cut off and reported. A damaged record with a whole one behind it is no
torn tail but a changed file, and an error.

With ``sync_always`` an append returns when its record is on the disk. Otherwise operations are
handed to the operating system a mebibyte at a time, and nothing is acknowledged before a commit.
"""

import mmap
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from search_system.errors import CorruptIndexError, IndexFolderError

MAGIC = b"SSLOG002"
LOG_BEGIN = len(MAGIC)
"""Where the first record is."""
LOGGED_BYTES = 1 << 20
"""No commit begins in a log from here on."""
_HEADER = struct.Struct("<III")
_SIZES = struct.Struct("<II")
_ID_SIZE = struct.Struct("<I")
_NUMBER = struct.Struct("<Q")
_BUFFER = 1 << 20
_LONGEST = 1 << 30
ADD, DELETE, COMMIT = b"A", b"D", b"C"


class Operation(NamedTuple):
    """One logged operation."""

    id: str
    line: bytes | None
    """The document's JSON; None for a delete."""

    def encode(self) -> bytes:
        """Return the operation as a record."""
        encoded = self.id.encode()
        kind = DELETE if self.line is None else ADD
        head = b"".join((kind, _ID_SIZE.pack(len(encoded)), encoded))
        record = _record(head, self.line or b"")
        if len(record) > _LONGEST:
            raise IndexFolderError(
                f"document '{self.id}': {len(record):,} bytes, expected at most {_LONGEST:,}"
            )
        return record

    @classmethod
    def decode(cls, payload: bytes) -> "Operation":
        """Return the operation of a record's payload, whose checksum was right."""
        (size,) = _ID_SIZE.unpack_from(payload, 1)
        begin = 1 + _ID_SIZE.size
        line = None if payload[:1] == DELETE else payload[begin + size :]
        return cls(payload[begin : begin + size].decode(), line)


@dataclass(frozen=True, slots=True)
class LogSummary:
    """What a log has."""

    operations: int = 0
    size: int = 0
    """How many bytes of the file are sound."""
    cut: int = 0
    """How many bytes behind them are a torn record."""
    commits: int = 0
    generation: int | None = None
    """The number of the last commit; None if there is none."""
    committed: int = LOG_BEGIN
    """Where the records that no commit covers begin."""


@dataclass(frozen=True, slots=True)
class LoggedCommits:
    """The commits of a part of a log, taken together."""

    operations: list[Operation]
    generation: int | None
    """The number of the last commit; None if there is none, and so no operation."""
    end: int
    """Where the record behind it begins."""


def check_log(path: Path) -> LogSummary:
    """Read a log up to a torn tail.

    Raises:
        CorruptIndexError: the file is missing, or damaged before its last record.
    """
    with _mapped(path) as data:
        if MAGIC.startswith(data[:LOG_BEGIN]) and len(data) <= LOG_BEGIN:
            # Its writer was killed, or lost power, before the first operation.
            return LogSummary(cut=len(data) % LOG_BEGIN)
        summary = _sound(path, data)
        _check_torn(path, data, summary.size, 0)
        return summary


def committed_part(path: Path) -> LogSummary:
    """Return what a log has up to its last commit before any damage."""
    try:
        with _mapped(path) as data:
            return LogSummary(size=_sound(path, data).committed)
    except CorruptIndexError:
        return LogSummary()


def _sound(path: Path, data: bytes | mmap.mmap) -> LogSummary:
    """Return what a log has up to the first record that is not sound."""
    if data[:LOG_BEGIN] != MAGIC:
        raise CorruptIndexError(f"{path}: expected a log of version {MAGIC.decode()}")
    operations, commits, generation, place, committed = 0, 0, None, LOG_BEGIN, LOG_BEGIN
    for payload in _payloads(data, place):
        place += _HEADER.size + len(payload)
        if payload[:1] == COMMIT:
            commits, generation, committed = commits + 1, _commit_number(payload), place
        else:
            operations += 1
    return LogSummary(operations, place, len(data) - place, commits, generation, committed)


def _check_torn(path: Path, data: bytes | mmap.mmap, place: int, begin: int) -> None:
    """Raise if what is not sound at a place is no torn end; ``data`` begins at ``begin``."""
    header = _header(data, place)
    torn = header is not None and place + _HEADER.size + header[0] > len(data)
    if not torn and (later := _next_record(data, place)) is not None:
        raise CorruptIndexError(
            f"{path}: damaged at byte {begin + place:,}, with sound records from byte "
            f"{begin + later:,}; restore the file, or go back to the last commit before with "
            "discard_log"
        )


def read_operations(path: Path, begin: int, end: int) -> Iterator[Operation]:
    """Yield operations of a log that `check_log` found sound, one in memory at a time.

    Args:
        path: the log.
        begin: where their records begin.
        end: where they end.
    """
    with _mapped(path) as data:
        place = begin
        while place < end and (payload := _payload(data, place)) is not None:
            if payload[:1] != COMMIT:
                yield Operation.decode(payload)
            place += _HEADER.size + len(payload)


def read_commits(path: Path, begin: int) -> LoggedCommits:
    """Return the commits that a log has behind a place, while a writer may append to it.

    Raises:
        CorruptIndexError: the file is missing, or damaged before its last record.
    """
    data = _read(path, begin)
    operations: list[Operation] = []
    covered, generation, place, end = 0, None, 0, 0
    for payload in _payloads(data, 0):
        place += _HEADER.size + len(payload)
        if payload[:1] == COMMIT:
            covered, generation, end = len(operations), _commit_number(payload), place
        else:
            operations.append(Operation.decode(payload))
    _check_torn(path, data, place, begin)
    return LoggedCommits(operations[:covered], generation, begin + end)


def _read(path: Path, begin: int) -> bytes:
    """Return the part of a log that can have commits, from a place on.

    It is read and not mapped, since a writer that goes on after a crash may cut the file's end.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(LOG_BEGIN)
            if not MAGIC.startswith(magic):
                raise CorruptIndexError(f"{path}: expected a log of version {MAGIC.decode()}")
            file.seek(begin)
            return file.read(max(0, LOGGED_BYTES - begin) + len(commit_record(0)))
    except FileNotFoundError as error:
        raise _missing(path) from error
    except OSError as error:
        raise CorruptIndexError(f"{path}: cannot be read ({error.strerror or error})") from error


def _record(head: bytes, rest: bytes = b"") -> bytes:
    """Return the record of a payload in two parts."""
    sizes = _SIZES.pack(len(head) + len(rest), zlib.crc32(rest, zlib.crc32(head)))
    return b"".join((sizes, zlib.crc32(sizes).to_bytes(4, "little"), head, rest))


def commit_record(number: int) -> bytes:
    """Return the record of the commit of a number."""
    return _record(COMMIT + _NUMBER.pack(number))


def _commit_number(payload: bytes) -> int:
    number: int = _NUMBER.unpack_from(payload, 1)[0]
    return number


def _missing(path: Path) -> CorruptIndexError:
    return CorruptIndexError(f"{path}: no such file; the last checkpoint names it")


@contextmanager
def _mapped(path: Path) -> Iterator[bytes | mmap.mmap]:
    try:
        with path.open("rb") as file:
            empty = os.fstat(file.fileno()).st_size == 0  # nothing cannot be mapped
            data = None if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError as error:
        raise _missing(path) from error
    except OSError as error:
        raise CorruptIndexError(f"{path}: cannot be read ({error.strerror or error})") from error
    if data is None:
        yield b""
    else:
        with data:
            yield data


def _payloads(data: bytes | mmap.mmap, place: int) -> Iterator[bytes]:
    while (payload := _payload(data, place)) is not None:
        yield payload
        place += _HEADER.size + len(payload)


def _payload(data: bytes | mmap.mmap, place: int) -> bytes | None:
    """Return the payload of the record at a place, or None if there is no sound one."""
    header = _header(data, place)
    if header is None:
        return None
    begin, (size, crc) = place + _HEADER.size, header
    payload = data[begin : begin + size]
    return payload if len(payload) == size and zlib.crc32(payload) == crc else None


def _header(data: bytes | mmap.mmap, place: int) -> tuple[int, int] | None:
    """Return size and checksum of the payload of the record at a place, or None if not sound."""
    if place + _HEADER.size > len(data):
        return None
    size, crc, header_crc = _HEADER.unpack_from(data, place)
    return (size, crc) if zlib.crc32(data[place : place + 8]) == header_crc else None


def _next_record(data: bytes | mmap.mmap, place: int) -> int | None:
    """Return where the next sound record behind a damaged one begins, or None."""
    places = range(place + 1, len(data) - _HEADER.size)
    return next((p for p in places if _payload(data, p) is not None), None)
