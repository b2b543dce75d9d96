"""``search-system search``: the best documents for a query, as a page or as JSON."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from rich.console import Console
from rich.markup import escape
from rich.text import Text
from tyro.conf import Positional, arg

from search_system.commands.explanation_tables import print_explanation
from search_system.commands.index import DATA_FOLDER
from search_system.commands.scoring_flags import ScoringFlags
from search_system.corpus.documents import as_text
from search_system.errors import IndexMissingError, OptionError
from search_system.output import print_indented, print_json, stdout
from search_system.searching.highlight import Snippet, one_line
from search_system.searching.index import Index
from search_system.searching.page import Page, PageHit, make_page
from search_system.searching.semantic import Mode
from search_system.store.commit import COMMIT

INDENT = 14
"""Where what belongs to a hit begins: below its title."""


@dataclass(frozen=True)
class SearchConfig:
    """Search an index, and show the best documents with the words that matched.

    A query is some words, or more: "a phrase", +must -not, title:word, price:[10 TO 20], word*,
    fuzzy~, #filter, (groups), word^2. Without --index the index built last under data/search is
    searched. A query that begins with a dash goes behind two: search-system search -- -1.

    Example: search-system search "usb c hub price:<20" -k 3 --explain
    """

    query: Positional[str]
    """What to look for, in quotes if it is several words."""
    index: Path | None = None
    """The index's folder, or its name under data/search."""
    k: Annotated[int, arg(aliases=["-k"])] = 10
    """How many documents to show."""
    scoring: ScoringFlags = field(default_factory=ScoringFlags)
    mode: Mode = "lexical"
    """lexical: by words; dense: by meaning, of an index with vectors; hybrid: by both; ranked: by
    all that the index has, with the model if one was trained."""
    sort: tuple[str, ...] = ()
    """Fields to sort by instead of the score, ascending; price- is descending."""
    facets: tuple[str, ...] = ()
    """Keyword fields whose most frequent values to count among all that match."""
    cursor: str | None = None
    """Go on behind the page that named this cursor, with the same query and flags."""
    show: tuple[str, ...] = ()
    """Fields to show with each document, such as price; --json has them all."""
    explain: bool = False
    """Show how each score comes about."""
    json: bool = False
    """Print JSON instead of a page."""

    def run(self) -> None:
        """Search and print."""
        if self.explain and self.sort:
            raise OptionError("--explain is for scores: leave --sort out")
        self.scoring.check_mode(self.mode)
        folder = find_index(self.index)
        index = Index.open(folder)
        # The command line hands over bytes that are no UTF-8 as lone surrogates.
        query = self.query.encode("utf-8", "replace").decode()
        results = index.search(
            query,
            self.k,
            sort=tuple(_sort_key(text) for text in self.sort),
            cursor=self.cursor,
            facets=self.facets,
            mode=self.mode,
            dense_weight=self.scoring.dense_weight,
            parameters=self.scoring.parameters(index.parameters.bm25f),
        )
        page = make_page(results, index.searcher, str(folder), explain=self.explain)
        if self.json:
            print_json(page.to_json())
        else:
            print_page(stdout(), page, self.show)


def _sort_key(text: str) -> str:
    """Return a field and its direction as an index takes them; a leading dash would be a flag."""
    return f"-{text[:-1]}" if text.endswith("-") else text


def find_index(name: Path | None) -> Path:
    """Return the folder of an index given by path or by name, or of the one built last.

    Raises:
        IndexMissingError: there is none.
    """
    if name is not None:
        candidates = (name, DATA_FOLDER / name)
        return next((path for path in candidates if (path / COMMIT).is_file()), name)
    commits = sorted(DATA_FOLDER.glob(f"[!.]*/{COMMIT}"), key=lambda path: path.stat().st_mtime)
    if not commits:
        raise IndexMissingError(
            f"no index under {DATA_FOLDER}; build one with 'search-system demo' or "
            "'search-system index COLLECTION', or name one with --index"
        )
    return commits[-1].parent


def print_page(console: Console, page: Page, fields: tuple[str, ...] = ()) -> None:
    """Print a page for people, with some of the documents' stored fields."""
    for repair in page.repairs:
        console.print(escape(f"Read as well as it could be: {repair}"), style="yellow")
    if page.unknown:
        console.print(escape(f"In no document: {', '.join(page.unknown)}"), style="yellow")
    if page.searched_for:
        console.print(Text(f"Searched for: {page.searched_for}", style="green"))
    if page.did_you_mean:
        console.print(Text(f"Did you mean: {page.did_you_mean}", style="green"))
    if not page.hits:
        console.print(escape(f"Nothing found in {page.index}."))
        return
    n = len(page.hits)
    found = f"The best {n}" if page.total is None else f"The best {n} of {page.total:,} that match"
    console.print(f"{found}, in {escape(page.index)}", style="dim")
    for place, shown in enumerate(page.hits, 1):
        _print_hit(console, place, shown, fields)
    for name, counts in page.facets.items():
        values = ", ".join(f"{one_line(value)} {count:,}" for value, count in counts)
        console.print(Text(f"{name}: {values}", style="dim"), soft_wrap=True)
    if page.cursor and console.is_terminal:
        console.print(f"The next page: --cursor {page.cursor}", style="dim", soft_wrap=True)


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
    if shown.snippet.text:
        print_indented(console, _highlighted(shown.snippet, marks=marks), INDENT)
    for name in fields:
        if name in shown.fields:
            value = shown.fields[name]
            text = as_text(value) if not isinstance(value, dict) else json.dumps(value)
            print_indented(console, Text(f"{name}: {one_line(text)}", style="dim"), INDENT)
    if shown.explanation:
        print_explanation(console, shown.explanation, INDENT)


def _highlighted(snippet: Snippet, *, marks: bool) -> Text:
    """Colour the matched words, or mark them where there is no colour."""
    if marks:
        return Text(snippet.marked())
    text = Text(snippet.text)
    for start, end in snippet.spans:
        text.stylize("bold yellow", start, end)
    return text
