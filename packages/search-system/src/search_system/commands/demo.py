"""``search-system demo``: index the documentation of this Python environment, and search it."""

import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.text import Text

from search_system.commands.index import DATA_FOLDER, index_facts, print_facts
from search_system.commands.search import INDENT, hit_line
from search_system.corpus.document import Document
from search_system.errors import CollectionError, OptionError
from search_system.output import print_indented, print_json, stderr, stdout, track
from search_system.pydocs.extract import distinct, read_docs
from search_system.pydocs.known_items import KnownItemResult, find_known_items
from search_system.pydocs.sources import default_roots, find_sources, within
from search_system.schema import IndexSchema, KeywordField, NumberField, StoredField, TextField
from search_system.searching.build import build_index
from search_system.searching.highlight import one_line
from search_system.searching.index import Index
from search_system.searching.page import Page, make_page

_EXAMPLES = ("read csv file lazily", "merge overlapping intervals", "parse ISO date")
SCHEMA = IndexSchema(
    {
        "title": TextField("code"),
        "text": TextField("code"),
        "kind": KeywordField(),
        "signature": StoredField(),
        "file": KeywordField(),
        "line": NumberField(),
        "path": StoredField(),
    }
)
"""What is searched and filtered of a definition."""
_HITS_SHOWN = 3
_NAMES_SHOWN = 10
_MOST_JOBS = 61
"""What concurrent.futures allows on Windows."""


@dataclass(frozen=True)
class DemoConfig:
    """Index the documentation of your own Python environment, and search it.

    Every module, class and function with a docstring becomes a document: the standard library's and
    those of all installed packages. Source files are parsed, never imported; nothing is downloaded.

    Example: search-system demo, then search-system search "retry with exponential backoff"
    """

    out: Path = DATA_FOLDER / "python"
    """The folder for the index."""
    source: tuple[Path, ...] = ()
    """Folders with packages to index instead, such as another environment's site-packages."""
    max_megabytes: int = 100
    """How much source to read: 10 MB take some seconds. The largest packages are left out first."""
    jobs: int = min(os.cpu_count() or 1, _MOST_JOBS)
    """How many processes parse."""
    known_items: int = 300
    """How many random objects to look for by the first sentence of their docstring; 0: none."""
    seed: int = 0
    """The seed that picks them."""
    json: bool = False
    """Print JSON instead of text."""

    def __post_init__(self) -> None:
        if not 1 <= self.jobs <= _MOST_JOBS:
            raise OptionError(f"expected --jobs from 1 to {_MOST_JOBS}, not {self.jobs}")
        if self.max_megabytes < 1:
            raise OptionError(f"expected --max-megabytes from 1 up, not {self.max_megabytes}")
        if self.known_items < 0:
            raise OptionError(f"expected --known-items from 0 up, not {self.known_items}")
        for folder in self.source:
            if not folder.is_dir():
                raise OptionError(f"--source {folder}: no such folder")

    def run(self) -> None:
        """Index, search and check."""
        facts = self._build()
        index = Index.open(self.out)
        searches = [index.search(query, _HITS_SHOWN) for query in _EXAMPLES]
        pages = [make_page(results, index.searcher, str(self.out)) for results in searches]
        check = find_known_items(index, self.known_items, self.seed)
        if self.json:
            printed = [page.to_json() for page in pages]
            print_json({"index": facts, "searches": printed, "known_items": asdict(check)})
            return
        print_facts(facts)
        for page in pages:
            print_code_page(page)
        _print_check(check)
        stdout().print("\nSearch on:", style="bold")
        command = f'search-system search "your words" --index {self.out} --show signature file line'
        stdout().print(escape(f"  {command}"), soft_wrap=True)

    def _build(self) -> dict[str, Any]:
        start = time.perf_counter()
        sources, left_out = within(
            find_sources(self.source or default_roots()), self.max_megabytes * 1_000_000
        )
        if left_out:
            names = ", ".join(left_out[:_NAMES_SHOWN])
            more = f" and {more:,} more" if (more := len(left_out) - _NAMES_SHOWN) > 0 else ""
            note = f"note: left out for their size: {names}{more}; --max-megabytes raises the limit"
            stderr().print(note, style="yellow", soft_wrap=True)
        files = track(read_docs(sources, self.jobs), "reading source files", len(sources))
        documents = distinct(chain.from_iterable(files))
        build_index(self.out, _some(documents), SCHEMA)
        return index_facts(self.out, time.perf_counter() - start)


def _some(documents: Iterator[Document]) -> Iterator[Document]:
    """Pass documents through; raise `CollectionError` if there are none."""
    first = next(documents, None)
    if first is None:
        raise CollectionError(
            "found no Python file with a docstring; name folders that hold some with --source"
        )
    return chain([first], documents)


def print_code_page(page: Page) -> None:
    """Print hits as a programmer wants them: name, signature, first line, place."""
    console = stdout()
    console.print(Text(f'\n"{page.query}"', style="bold"), f"  {page.total or 0:,} found")
    for place, shown in enumerate(page.hits, 1):
        console.print(hit_line(place, shown), soft_wrap=True)
        place_in_file = f"{shown.fields['file']}:{shown.fields['line']}"
        for line, style in (
            (shown.fields["signature"], "green"),
            (shown.first_line, ""),
            (place_in_file, "dim"),
        ):
            print_indented(console, Text(one_line(line), style=style), INDENT)


def _print_check(check: KnownItemResult) -> None:
    if check.items:
        stdout().print(
            f"\nKnown items: {check.items} random objects, each looked for by the first sentence "
            "of its docstring without the words of its name.\n"
            f"MRR {check.mrr:.3f}; found first {check.found_first:.1%}, in the first ten "
            f"{check.found_in_ten:.1%}.",
            soft_wrap=True,
        )
