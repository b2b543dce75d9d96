"""Many short real documents out of what this machine has, and real queries for them.

============ ====================================================================================
source       one document for each
============ ====================================================================================
packages     Debian package: its name, description and tags (``apt-cache dumpavail``)
python       docstring of this Python environment (`search_system.pydocs`)
collections  title or sentence of the documents of collections in BEIR's layout
notes        paragraph of the texts in /usr/share/doc (READMEs, changelogs, copyrights)
manual       paragraph of the English manual pages in /usr/share/man
============ ====================================================================================

Each source gives an equal share of the documents wanted; what one lacks, those after it give.
Files are read in a random order (seed 0), so a share is a sample. Paragraphs and sentences of fewer
than four words are left out, and so are equal texts after the first: licences repeat. A source that
the machine lacks gives nothing.
"""

import gzip
import random
import re
import subprocess
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

from search_system import Collection, read_documents, read_queries
from search_system.pydocs.extract import read_docs
from search_system.pydocs.sources import default_roots, find_sources

T = TypeVar("T")

_FEWEST_WORDS = 4
_LARGEST_FILE = 1_000_000
_ROFF_BREAK = re.compile(
    r"^[.'](?:[PLIT]P|HP|PP|TP|SH|SS|Sh|Ss|Pp|It|sp|br|RS|RE).*$", re.MULTILINE
)
_ROFF_COMMENT = re.compile(r"""^[.']\s*\\".*$|\\".*$""", re.MULTILINE)
_ROFF_REQUEST = re.compile(r"^[.'][A-Za-z]{1,2}\b", re.MULTILINE)
_ROFF_ESCAPE = re.compile(r"\\(?:f.|f\[\w*\]|[|^&,/%:]|s[-+]?\d|\*\(?..?|\((?:aq|dq|bu|em|en))")
_PARAGRAPH = re.compile(r"\n\s*\n")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def read_sources(collections: Path | None, wanted: int) -> dict[str, list[str]]:
    """Return distinct documents of each source, up to ``wanted`` in all."""
    sources: dict[str, Iterable[str]] = {
        "packages": packages(),
        "python": python_docs(),
        "collections": sentences(collections) if collections else [],
        "notes": notes(Path("/usr/share/doc")),
        "manual": manual_pages(Path("/usr/share/man")),
    }
    seen: set[str] = set()
    shares: dict[str, list[str]] = {}
    for i, (name, texts) in enumerate(sources.items()):
        share = (wanted - len(seen)) // (len(sources) - i)
        shares[name] = list(islice(_new(texts, seen), share))
    return shares


def read_queries_of(collections: Path | None) -> list[str]:
    """Return the queries of the collections."""
    if collections is None:
        return []
    found = (Collection.find(folder).queries for folder in sorted(collections.iterdir()))
    return [query for path in found if path for query in read_queries(path).values()]


def choose_queries(sources: dict[str, list[str]], queries: list[str], n: int) -> list[str]:
    """Return n queries: of the collections, first lines of docstrings, package descriptions."""
    rng = random.Random(0)
    pools = [
        queries,
        [_line(text, 1) for text in sources["python"]],
        [_line(text, 1) for text in sources["packages"]],
    ]
    pools = [pool for pool in pools if pool] or [[t for ts in sources.values() for t in ts]]
    return [q for pool in pools for q in rng.sample(pool, min(len(pool), n // len(pools)))]


def _line(text: str, number: int) -> str:
    return text.split("\n", number + 1)[number][:200]


def packages() -> Iterator[str]:
    """Yield a text for each package that apt knows."""
    try:
        found = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return
    for record in _shuffled(found.stdout.decode("utf-8", "replace").split("\n\n")):
        values = dict(line.split(": ", 1) for line in record.splitlines() if ": " in line)
        if "Description" in values:
            tags = re.sub(r"[^a-z]+", " ", values.get("Tag", ""))
            yield f"{values['Package']}\n{values['Description']}\n{tags}"


def python_docs() -> Iterator[str]:
    """Yield name and docstring of each module, class and function."""
    for document in chain.from_iterable(
        read_docs(_shuffled(find_sources(default_roots())), jobs=1)
    ):
        yield f"{document.fields['title']}\n{document.fields['text']}"


def manual_pages(folder: Path) -> Iterator[str]:
    """Yield the paragraphs of the manual pages, without their markup."""
    for path in _shuffled(sorted(folder.glob("man?/*.gz"))):
        if path.is_symlink():
            continue
        text = _ROFF_COMMENT.sub("", _read(path)).replace("\\-", "-")
        text = _ROFF_ESCAPE.sub("", _ROFF_REQUEST.sub("", _ROFF_BREAK.sub("\n", text)))
        name = path.name.split(".")[0]
        yield from (f"{name}: {paragraph}" for paragraph in _long(_PARAGRAPH.split(text)))


def notes(folder: Path) -> Iterator[str]:
    """Yield the paragraphs of plain text files."""
    for path in _shuffled(sorted(folder.rglob("*"))):
        plain = path.suffix in {"", ".gz", ".txt", ".md", ".rst", ".Debian"}
        if plain and path.is_file() and path.stat().st_size <= _LARGEST_FILE:
            yield from _long(_PARAGRAPH.split(_read(path)))


def sentences(folder: Path) -> Iterator[str]:
    """Yield the titles and the sentences of the documents of all collections of a folder."""
    found = [
        document
        for collection in map(Collection.find, sorted(folder.iterdir()))
        for document in read_documents(collection.corpus, "_id")
    ]
    for document in _shuffled(found):
        yield from _long([document.fields["title"], *_SENTENCE.split(document.fields["text"])])


def _shuffled(values: list[T]) -> list[T]:
    return random.Random(0).sample(values, len(values))


def _read(path: Path) -> str:
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError):
        return ""
    return "" if b"\0" in data else data.decode("utf-8", "replace")


def _long(texts: Iterable[str]) -> Iterator[str]:
    return (" ".join(text.split()) for text in texts if text.count(" ") >= _FEWEST_WORDS - 1)


def _new(texts: Iterable[str], seen: set[str]) -> Iterator[str]:
    for text in texts:
        if text not in seen:
            seen.add(text)
            yield text
