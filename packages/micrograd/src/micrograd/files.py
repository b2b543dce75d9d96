"""Reading and writing files so that nothing half-written is left and no earlier result is lost."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from micrograd.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

PICTURE_FORMATS = (".svg", ".png", ".pdf")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path of the same suffix beside `path`; rename it to `path` on success.

    Missing folders are made.

    Raises:
        InputError: The folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".micrograd-") as folder:
            temporary = Path(folder) / path.name
            yield temporary
            temporary.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; choose another --out") from error


def check_picture_format(path: Path) -> None:
    """Refuse a file that we cannot draw, before the work that leads to it.

    Raises:
        InputError: Its suffix is none of `PICTURE_FORMATS`.
    """
    if path.suffix not in PICTURE_FORMATS:
        raise InputError(f"--out must end in {', '.join(PICTURE_FORMATS)}, got {path}")


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_json(path: Path) -> Any:
    """Return what a JSON file holds.

    Raises:
        InputError: The file cannot be read, or is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path} is no JSON file: {error}") from error
