"""``search-system verify``: compare every byte of an index with its checksums."""

from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape
from tyro.conf import Positional

from search_system.commands.search import find_index
from search_system.engine import Index
from search_system.output import print_json, stdout


@dataclass(frozen=True)
class VerifyConfig:
    """Read a whole index and compare it with the checksums written when it was built.

    Opening an index checks its manifest and the sizes of its files only, to be quick; this finds
    any byte that has changed, and names the file.

    Example: search-system verify data/search/nfcorpus
    """

    index: Positional[Path | None] = None
    """The index's folder, or its name under data/search; by default the one built last."""
    json: bool = False
    """Print JSON instead of text."""

    def run(self) -> None:
        """Verify and print what was verified."""
        index = Index.open(find_index(self.index), verify=True)
        files = index.manifest.files
        size = sum(info.size for info in files.values())
        if self.json:
            print_json({"index": str(index.folder), "files": len(files), "bytes": size})
        else:
            stdout().print(
                escape(f"{index.folder}: {len(files)} files, {size:,} bytes, as they were written"),
                soft_wrap=True,
            )
