"""Write a file so that nothing half-written is left and no earlier one is lost."""

import os
import tempfile
from pathlib import Path

from search_system.errors import OutputError


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8 under a temporary name beside ``path``, then rename it.

    Missing folders are made. A link or an open reader keeps what it had until the rename.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name[:50]}.") as folder:
            temporary = Path(folder) / "new"
            with temporary.open("w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"{path}: cannot be written ({reason}); name another file") from error
