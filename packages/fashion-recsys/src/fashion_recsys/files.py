"""Folders and files that appear whole or not at all.

A result is written under a hidden sibling name and renamed into place when it is complete. A folder
cannot be renamed over a full one, so the old folder steps aside first; if the process dies between
the two renames, ``recover`` puts the old one back. Whoever reads or writes such a folder calls it
first. One writer per folder at a time: a second one would remove the first one's unfinished work.
"""

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from fashion_recsys.errors import OutputError


def recover(folder: Path) -> None:
    """Undo a replacement that died half-way: put back the folder that stepped aside."""
    if not folder.exists() and _previous(folder).exists():
        _previous(folder).rename(folder)


@contextmanager
def replaced_folder(folder: Path, *, marker: str, contents: Collection[str]) -> Iterator[Path]:
    """Yield an empty folder that takes the place of ``folder`` when the block ends well.

    Args:
        folder: the folder to write or replace.
        marker: file name by which an earlier result of ours is known.
        contents: names of all that the result holds. A folder without the marker, or with anything
            else in it, hidden files aside, holds somebody's work and is never replaced, unless it
            is empty.

    Raises:
        OutputError: the folder is not ours to replace, or cannot be written.
    """
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        recover(folder)
        _refuse_foreign(folder, marker, contents)
        _sweep(folder)
        partial = Path(tempfile.mkdtemp(prefix=_partial_prefix(folder), dir=folder.parent))
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        yield partial
        _swap(partial, folder)
    except (OSError, pl.exceptions.ComputeError) as error:
        # polars reports a full disk as a ComputeError.
        raise _unwritable(folder, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _unwritable(folder: Path, error: Exception) -> OutputError:
    reason = getattr(error, "strerror", None) or error
    return OutputError(f"cannot write {folder}: {reason}; make room or choose another --out")


def _refuse_foreign(folder: Path, marker: str, contents: Collection[str]) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file, expected a folder; choose another --out")
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    foreign = sorted(names.difference(contents) if marker in names else names)
    if foreign:
        raise OutputError(
            f"{folder} holds files that are not ours to replace ({foreign[0]}); "
            "choose another --out"
        )


def _swap(partial: Path, folder: Path) -> None:
    partial.chmod(0o755)  # mkdtemp gives 0700; a result is as readable as its neighbours.
    previous = _previous(folder)
    if folder.exists():
        folder.rename(previous)
    partial.rename(folder)
    shutil.rmtree(previous, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove what a killed run left beside ``folder``."""
    shutil.rmtree(_previous(folder), ignore_errors=True)
    for leftover in folder.parent.glob(_partial_prefix(folder) + "*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _previous(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.previous")


def _partial_prefix(folder: Path) -> str:
    return f".{folder.name}.partial-"


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """Yield the name of a hidden sibling that takes the place of ``path`` when the block ends well.

    Raises:
        OutputError: the file cannot be written.
    """
    path = path.absolute()
    try:
        if path.is_dir():
            raise OutputError(f"{path} is a folder, expected a file; choose another --out")
        path.parent.mkdir(parents=True, exist_ok=True)
        for leftover in path.parent.glob(_partial_prefix(path) + "*"):
            leftover.unlink(missing_ok=True)  # A killed run left it.
        handle, name = tempfile.mkstemp(prefix=_partial_prefix(path), dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise _unwritable(path, error) from error
    partial = Path(name)
    try:
        yield partial
        partial.chmod(0o644)  # mkstemp gives 0600.
        partial.replace(path)
    except (OSError, pl.exceptions.ComputeError) as error:
        raise _unwritable(path, error) from error
    finally:
        partial.unlink(missing_ok=True)
