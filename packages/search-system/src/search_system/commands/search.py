"""``search-system search``: the best documents for a query, as a page or as JSON."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from tyro.conf import Positional, arg

from search_system.commands.index import DATA_FOLDER
from search_system.engine import Index
from search_system.errors import IndexMissingError
from search_system.index.format import MANIFEST
from search_system.output import print_indented, print_json, stdout
from search_system.page import Page, PageHit, make_page
from search_system.ranking.bm25 import BM25, Explanation
from search_system.snippet import Snippet, one_line

INDENT = 14
"""Where what belongs to a hit begins: below its title."""


@dataclass(frozen=True)
class SearchConfig:
    """Search an index, and show the best documents with the words that matched.

    Without --index the index built last under data/search is searched. A query that begins with a
    dash goes behind two: search-system search -- -1.

    Example: search-system search "statins and breast cancer" -k 3 --explain
    """

    query: Positional[str]
    """What to look for: words, in quotes if several."""
    index: Path | None = None
    """The index's folder, or its name under data/search."""
    k: Annotated[int, arg(aliases=["-k"])] = 10
    """How many documents to show."""
    bm25: BM25 = field(default_factory=BM25)
    show: tuple[str, ...] = ()
    """Stored fields to show with each document, such as price; --json has them all."""
    explain: bool = False
    """Show how each score comes about."""
    json: bool = False
    """Print JSON instead of a page."""

    def run(self) -> None:
        """Search and print."""
        index = Index.open(find_index(self.index))
        # The command line hands over bytes that are no UTF-8 as lone surrogates.
        query = self.query.encode("utf-8", "replace").decode()
        page = make_page(index, query, self.k, self.bm25, explain=self.explain)
        if self.json:
            print_json(page.to_json())
        else:
            print_page(stdout(), page, self.show)


def find_index(name: Path | None) -> Path:
    """Return the folder of an index given by path or by name, or of the one built last.

    Raises:
        IndexMissingError: there is none.
    """
    if name is not None:
        candidates = (name, DATA_FOLDER / name)
        return next((path for path in candidates if (path / MANIFEST).is_file()), name)
    manifests = sorted(DATA_FOLDER.glob(f"*/{MANIFEST}"), key=lambda path: path.stat().st_mtime)
    if not manifests:
        raise IndexMissingError(
            f"no index under {DATA_FOLDER}; build one with 'search-system demo' or "
            "'search-system index COLLECTION', or name one with --index"
        )
    return manifests[-1].parent


def print_page(console: Console, page: Page, fields: tuple[str, ...] = ()) -> None:
    """Print a page for people, with some of the documents' stored fields."""
    missing = [term for term, df in page.terms.items() if not df]
    if not page.terms:
        console.print("The query has no word to search for.")
    elif missing:
        console.print(escape(f"In no document: {', '.join(missing)}"), style="yellow")
    if not page.hits:
        console.print(escape(f"Nothing found in {page.index}."))
        return
    console.print(
        f"The best {len(page.hits)} of {page.total:,} that match, in {escape(str(page.index))}",
        style="dim",
    )
    for place, shown in enumerate(page.hits, 1):
        _print_hit(console, place, shown, fields)


def hit_line(place: int, shown: PageHit) -> Text:
    """Return the first line of a hit: rank, score, title."""
    score = Text(f"{shown.hit.score:9.4f}  ", style="cyan")
    return Text(f"{place:>3}").append(score).append(shown.title or shown.hit.id, style="bold")


def _print_hit(console: Console, place: int, shown: PageHit, fields: tuple[str, ...]) -> None:
    line = hit_line(place, shown)
    if shown.title not in {"", shown.hit.id}:
        line.append(f"  {shown.hit.id}", style="dim")
    console.print(line, soft_wrap=not console.is_terminal)
    marks = not console.is_terminal
    print_indented(console, _highlighted(shown.snippet, marks=marks), INDENT)
    for name in fields:
        if name in shown.extra:
            value = shown.extra[name]
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            print_indented(console, Text(f"{name}: {one_line(text)}", style="dim"), INDENT)
    if shown.explanation:
        _print_explanation(console, shown.explanation)


def _highlighted(snippet: Snippet, *, marks: bool) -> Text:
    """Colour the matched words, or mark them where there is no colour."""
    if marks:
        return Text(snippet.marked())
    text = Text(snippet.text)
    for start, end in snippet.spans:
        text.stylize("bold yellow", start, end)
    return text


def _print_explanation(console: Console, e: Explanation) -> None:
    """Print a score's parts as a table, whose last row is their sum."""
    table = Table(box=None, pad_edge=False, show_footer=True)
    table.add_column("term", "score", overflow="fold")
    for name in ("in query", "df", "idf", "tf", "tf factor"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("part", f"{e.score:.6f}", justify="right", no_wrap=True)
    for t in e.terms:
        row = [t.query_count, f"{t.df:,}", f"{t.idf:.6f}", t.tf, f"{t.tf_factor:.6f}"]
        table.add_row(Text(t.term), *map(str, row), f"{t.part:.6f}")
    # Numbers that are cut off would be worse than a table further left.
    indent = max(0, min(INDENT, console.width - console.measure(table).maximum))
    console.print(Padding(table, (0, 0, 0, indent), expand=False))
    note = (
        f"k1 {e.bm25.k1:g}, b {e.bm25.b:g}; {e.length:,} terms here, {e.average_length:,.2f} on "
        f"average; {e.n_docs:,} documents"
    )
    print_indented(console, Text(note, style="dim"), INDENT)
