"""Find the Python source files of an environment: its standard library and what is installed."""

import sysconfig
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

_SKIPPED_FOLDERS = frozenset(
    ("__pycache__", "test", "tests", "site-packages", "idlelib", "lib2to3", "turtledemo")
)
_LARGEST_FILE = 1_000_000  # bytes; what is larger is generated


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A source file and the module that it defines."""

    path: Path
    module: str
    size: int = 0
    """In bytes."""

    @property
    def shown_path(self) -> str:
        """The path below the folder of all modules, such as json/decoder.py."""
        depth = self.module.count(".") + (2 if self.path.stem == "__init__" else 1)
        return "/".join(self.path.parts[-depth:])


def default_roots() -> list[Path]:
    """Return the folders of this interpreter's modules: standard library, then packages."""
    paths = sysconfig.get_paths()
    return list(dict.fromkeys(Path(paths[name]) for name in ("stdlib", "purelib", "platlib")))


def find_sources(roots: Iterable[Path]) -> list[SourceFile]:
    """Return the source files below some folders, in a stable order, without tests."""
    return [source for root in roots for source in _find(root, "")]


def _find(folder: Path, prefix: str) -> Iterator[SourceFile]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return  # no such folder, or not ours to read
    for entry in entries:
        # What has no importable name, such as dist-packages or numpy-2.0.dist-info, is no module.
        if not entry.name.removesuffix(".py").isidentifier():
            continue
        if entry.suffix == ".py" and entry.is_file():
            size = entry.stat().st_size
            if size <= _LARGEST_FILE:
                stem = "" if entry.stem == "__init__" else entry.stem
                yield SourceFile(entry, f"{prefix}{stem}".removesuffix("."), size)
        elif entry.name not in _SKIPPED_FOLDERS and entry.is_dir() and not entry.is_symlink():
            yield from _find(entry, f"{prefix}{entry.name}.")


def within(sources: Iterable[SourceFile], limit: int) -> tuple[list[SourceFile], list[str]]:
    """Keep whole top-level packages, the smallest first, up to ``limit`` bytes in all.

    Returns the sources kept, in their order, and the names of the packages left out.
    """
    sources = list(sources)
    sizes: Counter[str] = Counter()
    for source in sources:
        sizes[_package(source)] += source.size
    by_size = sorted(sizes, key=lambda name: (sizes[name], name))
    totals = accumulate(sizes[name] for name in by_size)
    kept = {name for name, total in zip(by_size, totals, strict=True) if total <= limit}
    return [s for s in sources if _package(s) in kept], sorted(sizes.keys() - kept)


def _package(source: SourceFile) -> str:
    return source.module.partition(".")[0]
