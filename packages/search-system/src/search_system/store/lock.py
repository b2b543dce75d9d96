"""One writer per index: an exclusive lock on a file that says who holds it.

The lock is the kernel's (flock), so it ends with its process, however that ends, and nothing stale
needs to be cleaned up; the file's content is only there to be read by people. Readers do not lock.
"""

import fcntl
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

from search_system import disk
from search_system.errors import IndexLockedError

LOCK = "lock"


class WriterLock:
    """The lock of a folder, held until `release`."""

    def __init__(self, folder: Path) -> None:
        path = folder / LOCK
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            self._take(path)
        except BaseException:
            os.close(self._descriptor)
            raise

    def _take(self, path: Path) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise IndexLockedError(f"{path}: {_holder(path)}") from error
        if not _is_same(self._descriptor, path):
            raise IndexLockedError(f"{path}: this index was replaced just now; open it again")
        now = datetime.now(UTC).isoformat(timespec="seconds")
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "time": now}
        os.ftruncate(self._descriptor, 0)
        disk.write(self._descriptor, json.dumps(holder).encode())

    def release(self) -> None:
        """Let others write. The file stays: removing it could split one lock into two."""
        os.close(self._descriptor)


def _is_same(descriptor: int, path: Path) -> bool:
    """Return whether a file that was opened is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _holder(path: Path) -> str:
    """Return who holds the lock, and what to do."""
    who = "another process"
    try:
        holder = json.loads(path.read_bytes())
        if (holder["pid"], holder["host"]) == (os.getpid(), socket.gethostname()):
            return "this process writes to this index already; close the other one first"
        who = f"process {holder['pid']} on {holder['host']}, since {holder['time']},"
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return f"{who} writes to this index; wait until it closes it, or end it"
