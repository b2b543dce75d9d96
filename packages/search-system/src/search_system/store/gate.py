"""Who may write to an index: one thread at a time, and nobody after a write has failed.

After a failed write, such as on a full disk, memory and disk may differ, and going on could commit
what was refused. So all further work is, until the index is opened again.
"""

import threading
from pathlib import Path
from types import TracebackType

from search_system import disk
from search_system.errors import IndexFolderError

_CLOSED = "it is closed"


class Gate:
    """What encloses each write, as a context; entered by a thread that is inside, it counts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._failure: str | None = None
        self.mutex = threading.RLock()
        """What keeps other threads out; who only holds this may not write."""

    def __enter__(self) -> None:
        self.mutex.acquire()
        try:
            self.check()
        except BaseException:
            self.mutex.release()
            raise

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        if error is not None:
            self.fail(error)
        self.mutex.release()
        if isinstance(error, OSError):
            raise disk.unwritable(self._folder, error) from error

    def check(self) -> None:
        """Raise `IndexFolderError` if nobody may write any more."""
        if self._failure is not None:
            raise IndexFolderError(f"{self._folder}: {self._failure}; open the index again")

    def fail(self, error: BaseException) -> None:
        """Let nobody write any more, because of an error."""
        self._failure = f"an earlier write failed ({str(error) or type(error).__name__})"

    @property
    def is_open(self) -> bool:
        """Whether writes may go on."""
        return self._failure is None

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._failure == _CLOSED

    def close(self) -> None:
        """Let nobody write any more."""
        self._failure = _CLOSED
