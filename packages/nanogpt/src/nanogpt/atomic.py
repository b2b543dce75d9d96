"""Write a file so that a reader, or a crash, never meets half of it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nanogpt.errors import OutputError


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside ``path``, which takes its place when the block succeeds.

    Raises:
        OutputError: The folder cannot be written, or the disk is full.
    """
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _flush(temporary)
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
    finally:
        if temporary.exists():
            temporary.unlink()


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` in one piece, as UTF-8."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _flush(path: Path) -> None:
    # On the disk before the rename: a power cut must not leave an empty file under the final name.
    with path.open("rb+") as file:
        os.fsync(file.fileno())
