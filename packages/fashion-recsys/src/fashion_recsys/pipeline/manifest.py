"""``stage.json``: the last file that a stage's output receives, and how it is checked.

It lists the size of every other file, so that an output that was cut short, by a full disk or a
power cut, or from which a file was taken away, is noticed before it is used. Sizes cost one
``stat`` per file; checksums would read gigabytes at each run, and damage that keeps the size is not
what happens to files.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fashion_recsys.errors import StageError

NAME = "stage.json"


@dataclass(frozen=True)
class Manifest:
    """What a finished stage leaves beside its results."""

    stage: str
    key: str
    params: Mapping[str, Any]
    inputs: Mapping[str, str]
    """Key of every input."""
    facts: Mapping[str, Any]
    seconds: float
    cpu_seconds: float
    peak_mib: float
    files: Mapping[str, int]
    """Bytes of every other file, by its path inside the output."""

    def write(self, folder: Path) -> None:
        """Write the manifest into an output folder."""
        text = json.dumps(asdict(self), indent=2)
        (folder / NAME).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read the manifest of an output folder.

        Raises:
            StageError: there is none, or it cannot be read.
        """
        try:
            return cls(**json.loads((folder / NAME).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise StageError(
                f"{folder / NAME}: is missing or damaged ({error}); run the stage again"
            ) from error

    def damage(self, folder: Path) -> str:
        """Return what is wrong with the files of an output, or nothing."""
        for name, size in self.files.items():
            path = folder / name
            found = path.stat().st_size if path.is_file() else None
            if found != size:
                came = "nothing" if found is None else f"{found:,}"
                return f"{path}: expected {size:,} bytes, found {came}"
        return ""


def sizes(folder: Path) -> dict[str, int]:
    """Return the bytes of every file in ``folder`` but manifests, by its path inside."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != NAME)
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}
