"""Append to the write-ahead log, whose format is described in `search_system.store.log`."""

import os
from pathlib import Path
from typing import Self

from search_system import disk
from search_system.store.log import LOG_BEGIN, MAGIC, LogSummary, Operation, commit_record

_BUFFER = 1 << 20


class Log:
    """A log that is open for appending."""

    def __init__(self, path: Path, *, sync_always: bool) -> None:
        """Open a log as if it were empty; `create` and `reopen` are the ways to make one."""
        self.path = path
        self.size = LOG_BEGIN
        self.committed = LOG_BEGIN
        """Where the records that no commit covers begin."""
        self.commits = 0
        """How many commits it has."""
        self.sync_always = sync_always
        self._buffer = bytearray()
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o666)

    @classmethod
    def create(cls, path: Path, *, sync_always: bool) -> Self:
        """Create a log without operations."""
        log = cls(path, sync_always=sync_always)
        os.ftruncate(log._descriptor, 0)
        disk.write(log._descriptor, MAGIC)
        return log

    @classmethod
    def reopen(cls, path: Path, summary: LogSummary, *, sync_always: bool) -> Self:
        """Go on with a log that was checked, and cut its torn tail off."""
        if not summary.size:
            return cls.create(path, sync_always=sync_always)
        log = cls(path, sync_always=sync_always)
        log.size, log.committed, log.commits = summary.size, summary.committed, summary.commits
        os.ftruncate(log._descriptor, summary.size)
        return log

    @property
    def has_uncommitted(self) -> bool:
        """Whether there are operations that no commit covers."""
        return self.size > self.committed

    def append(self, operation: Operation) -> None:
        """Append an operation; return when it is as safe as the policy says."""
        self._append(operation.encode())
        if self.sync_always:
            self.flush()
            self.sync()
        elif len(self._buffer) >= _BUFFER:
            self.flush()

    def append_commit(self, number: int) -> None:
        """Append a commit, and hand it to the operating system."""
        self._append(commit_record(number))
        self.flush()
        self.committed = self.size
        self.commits += 1

    def copy_uncommitted(self, source: "Log") -> None:
        """Append the operations that no commit of another log covers; that one was flushed."""
        place = source.committed
        while chunk := os.pread(source._descriptor, _BUFFER, place):
            place += len(chunk)
            self._append(chunk)
            self.flush()

    def _append(self, data: bytes) -> None:
        self._buffer += data
        self.size += len(data)

    def flush(self) -> None:
        """Hand everything appended to the operating system."""
        disk.write(self._descriptor, self._buffer)
        self._buffer.clear()

    def sync(self) -> None:
        """Return when everything flushed is on the disk."""
        disk.sync(self._descriptor)

    def close(self) -> None:
        """Close the file; what was not flushed is dropped."""
        os.close(self._descriptor)
