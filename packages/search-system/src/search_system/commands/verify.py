"""``search-system verify``: compare every byte of an index with its checksums."""

from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape
from tyro.conf import Positional

from search_system.commands.index import index_bytes
from search_system.commands.search import find_index
from search_system.errors import CorruptIndexError
from search_system.output import counted, print_json, stdout
from search_system.store.recovery import verify_store
from search_system.store.snapshot import open_snapshot


@dataclass(frozen=True)
class VerifyConfig:
    """Read a whole index and compare it with the checksums written when it was built.

    Opening an index checks its commit and the sizes of its files only, to be quick; this finds any
    byte that has changed, and names the file.

    Example: search-system verify data/search/nfcorpus
    """

    index: Positional[Path | None] = None
    """The index's folder, or its name under data/search; by default the one built last."""
    json: bool = False
    """Print JSON instead of text."""

    def run(self) -> None:
        """Verify and print what was verified."""
        folder = find_index(self.index)
        if problems := verify_store(folder):
            raise CorruptIndexError("; ".join(problems))
        snapshot = open_snapshot(folder)
        segments, size = len(snapshot.views), index_bytes(folder)
        if self.json:
            print_json({"index": str(folder), "segments": segments, "bytes": size})
        else:
            line = f"{folder}: {counted(segments, 'segment')}, {size:,} bytes, as they were written"
            stdout().print(escape(line), soft_wrap=True)
