"""What was learnt, as a JSON file in an index's folder: one format, one checksum, one reader.

A file is written under a temporary name and renamed, so readers see the old one or the new one.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from search_system import disk
from search_system.errors import CorruptIndexError, OptionError

_UNREADABLE = (
    OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError,
    OptionError,
)  # fmt: skip


def write_learnt(path: Path, form: int, values: Mapping[str, Any]) -> None:
    """Write values and the number of their format.

    Raises:
        IndexFolderError: they cannot be written; an earlier file is as it was.
    """
    whole = {"format": form, **values}
    text = json.dumps(whole | {"checksum": checksum(whole)}, indent=1, ensure_ascii=False)
    with disk.writing(path.parent):
        disk.replace_file(path, text.encode(), durable=True)


@contextmanager
def reading_learnt(path: Path, form: int, what: str, advice: str) -> Iterator[dict[str, Any]]:
    """Yield the values of a file; what goes wrong while they are used is the file's fault, too.

    Args:
        path: the file.
        form: the format that is understood.
        what: what the file holds, for people.
        advice: what to do about a bad one.

    Raises:
        FileNotFoundError: there is none.
        CorruptIndexError: it is damaged, of another format, or its values make no sense.
    """
    try:
        values = json.loads(path.read_bytes())
        if values["format"] != form:
            raise CorruptIndexError(
                f"{path}: {what} of format {values['format']}, expected {form}; {advice}"
            )
        if values.pop("checksum") != checksum(values):
            raise CorruptIndexError(f"{path}: {what}, damaged; {advice}")
        yield values
    except FileNotFoundError:
        raise
    except _UNREADABLE as error:
        raise CorruptIndexError(f"{path}: no {what} can be read ({error}); {advice}") from error


def checksum(values: Mapping[str, Any]) -> str:
    """Return the checksum of all values but itself."""
    text = json.dumps(values, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
