"""Compile kernels ahead of use, keep them on disk, and say so when it takes time.

A kernel has one explicit signature, so it is compiled or loaded when its module is imported, and
never again. Compiled code is kept where numba finds a writable folder: beside the source, else in
``NUMBA_CACHE_DIR``, else in the user's cache folder. Without any, as in a read-only installation of
a user without a home, every process compiles anew; a line on stderr says so.

numba takes kept code for good as long as the kernel's own file has not changed. Kernels here call
functions of other files, and an upgrade may change these alone; so the code is kept under a
checksum of all files of this folder, and of the kernel's own, instead.
"""

import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from numba import njit, types
from numba.core import event

F = TypeVar("F", bound=Callable[..., Any])
Integer = Any
"""An integer inside a kernel, where numba, not Python, decides on its width and sign."""


def read_only(element: Any) -> Any:
    """Return the type of a contiguous array that a kernel only reads, such as a mapped file."""
    return types.Array(element, 1, "C", readonly=True)


def written(element: Any) -> Any:
    """Return the type of a contiguous array that a kernel writes to."""
    return types.Array(element, 1, "C")


class _Announcement(event.Listener):
    """One line on stderr when a compilation begins: the first of this process."""

    def __init__(self) -> None:
        self._made = False

    def on_start(self, event: Any) -> None:  # noqa: ARG002 - numba's interface
        if not self._made:
            self._made = True
            _tell("compiling the scoring kernels, once after an installation (under a minute) ...")

    def on_end(self, event: Any) -> None:
        """Nothing to say."""


_announcement = _Announcement()


def kernel(result: Any, *arguments: Any) -> Callable[[F], F]:
    """Compile a function for one signature, without the interpreter lock.

    Load it instead if it was compiled before.
    """

    def decorate(function: F) -> F:
        signature = result(*arguments)
        compiled: Any
        with event.install_listener("numba:compile", _announcement):
            try:
                compiled = njit(nogil=True, error_model="numpy", cache=True)(function)
                with suppress(AttributeError):  # of another numba: then it looks at one file
                    source = Path(function.__code__.co_filename)
                    compiled._cache._cache_file._source_stamp = _checksum(source)
                compiled.compile(signature)
            except (RuntimeError, OSError):  # no place, or no space, to keep it
                _warn_once()
                compiled = njit(nogil=True, error_model="numpy")(function)
                compiled.compile(signature)
        compiled.disable_compile()
        kept: F = compiled
        return kept

    return decorate


def inlined(function: F) -> F:
    """Mark a function that becomes part of the kernels that call it; it must not allocate.

    Without ``_nrt=False`` numba would count references to each array at each call, which takes
    longer than the work that is done between them.
    """
    options: Any = {"forceinline": True, "error_model": "numpy", "_nrt": False}
    compiled: Any = njit(**options)(function)
    kept: F = compiled
    return kept


@cache
def _checksum(source: Path) -> int:
    """Return a checksum of the files that the kernels of one are made of."""
    checksum = 0
    for path in sorted({source, *Path(__file__).parent.glob("*.py")}):
        checksum = zlib.crc32(path.read_bytes(), checksum)
    return checksum


@cache
def _warn_once() -> None:
    _tell(
        "compiled kernels cannot be kept for the next start: no writable folder; "
        "name one in NUMBA_CACHE_DIR"
    )


def _tell(message: str) -> None:
    sys.stderr.write(f"search-system: {message}\n")
    sys.stderr.flush()
