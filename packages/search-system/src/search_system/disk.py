"""Writes that reach the disk or fail loudly: the few system calls that durability rests on.

Everything that the store writes goes through `write`, `sync` and `sync_folder`, so what happens
when one of them fails can be tested in one place. A rename is atomic, but it and new file names are
only durable once their folder has been synced. fsync of a folder is POSIX; so are the locks and the
removal of files that are still mapped on which the store builds.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from search_system.errors import IndexFolderError


def write(descriptor: int, data: bytes | bytearray | memoryview) -> None:
    """Write all of ``data`` at the descriptor's place; a system call may take only a part."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync(descriptor: int) -> None:
    """Return when a file's content is on the disk."""
    os.fsync(descriptor)


def sync_path(path: Path) -> None:
    """Return when the content of a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def create(path: Path) -> int:
    """Return a descriptor for writing a file that must not exist yet."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)


def write_file(path: Path, data: bytes, *, durable: bool) -> None:
    """Write a file that must not exist yet; if that fails, nothing of it is left."""
    descriptor = create(path)
    try:
        write(descriptor, data)
        if durable:
            sync(descriptor)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def replace_file(path: Path, data: bytes, *, durable: bool) -> None:
    """Make ``data`` a file's content in one step: readers see the old one or the new one."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    write_file(temporary, data, durable=durable)
    try:
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_path(path.parent)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn an `OSError` of the block into one line about the index's folder."""
    try:
        yield
    except OSError as error:
        raise unwritable(folder, error) from error


def unwritable(folder: Path, error: OSError) -> IndexFolderError:
    """Return the error for a folder that could not be written."""
    from search_system.store.commit import COMMIT  # noqa: PLC0415 - it imports this module

    intact = "; what was committed is intact" if os.access(folder / COMMIT, os.F_OK) else ""
    return IndexFolderError(
        f"{folder}: the index cannot be written ({error.strerror or error}){intact}"
    )
