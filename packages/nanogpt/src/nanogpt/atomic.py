"""Write a file so that a reader, or a crash, never meets half of it."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nanogpt.errors import OutputError

_TEMPORARY = re.compile(r"\.\d+-(.+)")


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside ``path``, which takes its place when the block succeeds.

    Raises:
        OutputError: The folder cannot be written, or the disk is full.
    """
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # What a killed process of the same number left may be a second name of a file in use.
        temporary.unlink(missing_ok=True)
        yield temporary
        _flush(temporary)
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
    except Exception as error:
        if not _is_failed_write(error):
            raise
        raise OutputError(
            f"cannot write {path}: is the disk full, or the size of files limited?"
        ) from error
    finally:
        if temporary.exists():
            temporary.unlink()


def remove_temporaries(folder: Path, of: Callable[[str], bool]) -> None:
    """Remove what processes that were killed left of the files whose names ``of`` accepts.

    Raises:
        OutputError: The folder cannot be written.
    """
    try:
        for path in folder.glob(".*"):
            temporary = _TEMPORARY.fullmatch(path.name)
            if temporary and of(temporary[1]):
                path.unlink()
    except OSError as error:
        raise OutputError(f"cannot write into {folder}: {error.strerror}") from error


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` in one piece, as UTF-8."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _flush(path: Path) -> None:
    # On the disk before the rename: a power cut must not leave an empty file under the final name.
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _is_failed_write(error: Exception) -> bool:
    # torch.save and safetensors have types of their own for what the system refused.
    return "inline_container" in str(error) or "I/O error" in str(error)
