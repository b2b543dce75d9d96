"""``search-system index``: build an index of a collection."""

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.filesize import decimal
from rich.markup import escape
from tyro.conf import Positional

from search_system.analysis.analyzer import AnalysisConfig
from search_system.corpus.collection import Collection
from search_system.corpus.schema import choose_schema, read_documents
from search_system.index.format import Manifest
from search_system.index.writer import write_index
from search_system.output import print_json, stderr, stdout, track

DATA_FOLDER = Path("data/search")


@dataclass(frozen=True)
class IndexConfig:
    """Build an index of a folder in BEIR's layout, or of a JSONL, CSV or TSV file (plain or .gz).

    The fields that hold a document's id, title and text are guessed from their names, and printed;
    the flags below name others. An index that exists is replaced when the new one is complete.

    Example: search-system index products.csv --text-fields description brand
    """

    collection: Positional[Path]
    """A folder that holds corpus.jsonl or corpus.jsonl.gz, or a file of documents."""
    out: Path | None = None
    """The folder for the index; data/search/NAME by default."""
    id_field: str | None = None
    """The field with each document's id."""
    title_field: str | None = None
    """The field with the title."""
    text_fields: tuple[str, ...] = ()
    """The fields with text to search, together with the title."""
    analysis: AnalysisConfig = field(default_factory=AnalysisConfig)
    json: bool = False
    """Print JSON instead of text."""

    def run(self) -> None:
        """Build the index and print what is in it."""
        collection = Collection.find(self.collection)
        schema = choose_schema(collection.corpus, self.id_field, self.title_field, self.text_fields)
        stderr().print(escape(f"{collection.corpus.name}: {schema}"))
        out = self.out or DATA_FOLDER / collection.name
        start = time.perf_counter()
        documents = track(read_documents(collection.corpus, schema), "indexing documents")
        manifest = write_index(out, documents, self.analysis, schema)
        facts = index_facts(out, manifest, time.perf_counter() - start)
        if self.json:
            print_json(facts)
        else:
            print_facts(facts)


def index_facts(out: Path, manifest: Manifest, seconds: float) -> dict[str, Any]:
    """Return what there is to say about a new index."""
    return {
        "index": str(out),
        "documents": manifest.documents,
        "terms": manifest.terms,
        "tokens": manifest.tokens,
        "bytes": sum(info.size for info in manifest.files.values()),
        "seconds": round(seconds, 3),
        "documents_per_second": round(manifest.documents / seconds),
        "analysis": asdict(manifest.analysis),
        "schema": asdict(manifest.schema),
    }


def print_facts(facts: dict[str, Any]) -> None:
    """Print the facts of a new index in one line."""
    line = (
        f"{facts['index']}: {facts['documents']:,} documents, {facts['terms']:,} distinct terms, "
        f"{decimal(facts['bytes'])}, built in {facts['seconds']:.1f} s "
        f"({facts['documents_per_second']:,} documents/s)"
    )
    stdout().print(escape(line), soft_wrap=True)
