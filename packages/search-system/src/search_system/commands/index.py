"""``search-system index``: build an index of a collection."""

import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.filesize import decimal
from rich.markup import escape
from tyro.conf import Positional

from search_system.analysis.spec import named_analyzer
from search_system.corpus.collection import Collection
from search_system.corpus.documents import choose_id_field, read_documents, sample_rows
from search_system.dense.embedder import embedder_named
from search_system.errors import CollectionError, FieldValueError, OptionError
from search_system.output import counted, print_json, stderr, stdout, track
from search_system.schema import IndexSchema, VectorField, is_field_name
from search_system.schema_guess import guess_schema
from search_system.searching.build import build_index
from search_system.store.commit import read_commit
from search_system.store.snapshot import open_snapshot

DATA_FOLDER = Path("data/search")
ANALYZER = "english"


@dataclass(frozen=True)
class IndexConfig:
    """Build an index of a folder in BEIR's layout, or of a JSONL, CSV or TSV file (plain or .gz).

    The fields are guessed from the first rows and printed: text to search, keywords, numbers and
    dates to filter and sort by. To correct the guess, write it to a file with --guess, edit it, and
    give it back with --schema. An index that exists is replaced when the new one is complete.

    Example: search-system index products.csv, then search-system search "usb c hub price:<20"
    """

    collection: Positional[Path]
    """A folder that holds corpus.jsonl or corpus.jsonl.gz, or a file of documents."""
    out: Path | None = None
    """The folder for the index; data/search/NAME by default."""
    id_field: str | None = None
    """The field with each document's id."""
    schema: Path | None = None
    """A TOML file that says what the fields are, instead of a guess."""
    analyzer: str = ANALYZER
    """What turns text into terms where the fields are guessed: a language, products or code."""
    vectors: str | None = None
    """Add vectors of the texts, to search by meaning: wordllama, or minilm (slow); in extras."""
    guess: bool = False
    """Print the guessed schema as TOML, and index nothing."""
    json: bool = False
    """Print JSON instead of text."""

    def run(self) -> None:
        """Build the index and print what is in it."""
        if self.schema and self.analyzer != ANALYZER:
            raise OptionError(
                "a schema names its own analyzers; give either --schema or --analyzer"
            )
        collection = Collection.find(self.collection)
        id_field, schema = choose_schema(
            collection.corpus, self.id_field, self.schema, self.analyzer
        )
        if self.vectors:
            schema = with_vectors(schema, self.vectors)
        if self.guess:
            sys.stdout.write(schema.to_toml())
            return
        stderr().print(escape(f"{collection.corpus.name}: {schema_line(id_field, schema)}"))
        out = self.out or DATA_FOLDER / collection.name
        start = time.perf_counter()
        documents = track(read_documents(collection.corpus, id_field), "indexing documents")
        try:
            build_index(out, documents, schema)
        except FieldValueError as error:
            raise CollectionError(
                f"{collection.corpus}: {error}; give fields with --schema (--guess prints these)"
            ) from error
        facts = index_facts(out, time.perf_counter() - start)
        if self.json:
            print_json(facts | {"id_field": id_field})
        else:
            print_facts(facts)


def choose_schema(
    corpus: Path, id_field: str | None, schema: Path | None, analyzer: str
) -> tuple[str | None, IndexSchema]:
    """Return the field of the ids, and the schema of a file: the given one, or a guess.

    Raises:
        CollectionError: the corpus cannot be read.
        OptionError: the schema cannot be read, or there is nothing to search.
    """
    rows = sample_rows(corpus)
    id_field = choose_id_field(corpus, rows, id_field)
    if schema is None:
        for name in dict.fromkeys(name for row in rows for name in row if not is_field_name(name)):
            stderr().print(f"note: {corpus.name}: no field can be named {name!r}; it is only kept")
        named_analyzer(analyzer)
        return id_field, guess_schema(rows, id_field, analyzer)
    try:
        return id_field, IndexSchema.from_toml(schema.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"--schema {schema}: cannot be read ({error})") from error
    except OptionError as error:
        raise OptionError(f"--schema {schema}: {error}") from error


def with_vectors(schema: IndexSchema, embedder: str) -> IndexSchema:
    """Return a schema with vectors of all its texts; raise `OptionError` for no such embedder."""
    embedder_named(embedder)
    if "vector" in schema.fields:
        raise OptionError(
            "--vectors: the documents have a field 'vector' already; add a field of type vector "
            "and another name to a --schema"
        )
    return replace(schema, fields={**schema.fields, "vector": VectorField(embedder)})


def schema_line(id_field: str | None, schema: IndexSchema) -> str:
    """Return the fields in one line, for people."""
    return f"id: {id_field or 'row number'}, {schema}"


def index_facts(out: Path, seconds: float) -> dict[str, Any]:
    """Return what there is to say about a new index."""
    snapshot = open_snapshot(out)
    n_docs = len(snapshot)
    return {
        "index": str(out),
        "documents": n_docs,
        "tokens": sum(snapshot.n_tokens(name) for name in snapshot.schema.searched),
        "bytes": index_bytes(out),
        "seconds": round(seconds, 3),
        "documents_per_second": round(n_docs / seconds),
        "schema": snapshot.schema.to_dict(),
    }


def index_bytes(folder: Path) -> int:
    """Return the size of the files that make an index."""
    return sum((folder / name).stat().st_size for name in read_commit(folder).files)


def print_facts(facts: dict[str, Any]) -> None:
    """Print the facts of a new index in one line."""
    line = (
        f"{facts['index']}: {counted(facts['documents'], 'document')}, "
        f"{counted(facts['tokens'], 'word')}, "
        f"{decimal(facts['bytes'])}, built in {facts['seconds']:.1f} s "
        f"({facts['documents_per_second']:,} documents/s)"
    )
    stdout().print(escape(line), soft_wrap=True)
