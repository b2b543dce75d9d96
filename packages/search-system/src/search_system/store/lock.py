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
            raise IndexLockedError(
                f"{path}: {_holder(path)} writes to this index; wait until it closes it, or end it"
            ) from error
        now = datetime.now(UTC).isoformat(timespec="seconds")
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "time": now}
        os.ftruncate(self._descriptor, 0)
        disk.write(self._descriptor, json.dumps(holder).encode())

    def release(self) -> None:
        """Let others write. The file stays: removing it could split one lock into two."""
        os.close(self._descriptor)


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_bytes())
        return f"process {holder['pid']} on {holder['host']}, since {holder['time']},"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
