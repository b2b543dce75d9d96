"""Shared fixtures: a small collection on disk, and the real ones where they exist."""

import functools
import gzip
import itertools
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search_system import (
    Collection,
    Document,
    Index,
    IndexSchema,
    NumberField,
    TextField,
    build_index,
    read_documents,
)
from search_system.commands.index import choose_schema
from search_system.store.config import WriterConfig
from search_system.store.snapshot import Snapshot
from search_system.store.store import Store


def document(doc_id: str, title: str, text: str, **fields: object) -> Document:
    """Return a document of a title and a text."""
    return Document(doc_id, {"title": title, "text": text, **fields})


DOCUMENTS = [
    document("a", "Red shoes", "Running shoes for men, red and light.", price=10),
    document("b", "Blue shoes", "Shoes of blue leather."),
    document("c", "A café in Zürich", "Coffee and cake; the cake is fresh."),
    document("d", "", "red red red red wine"),
    document("e", "Empty", ""),
]
SCHEMA = IndexSchema({"title": TextField(), "text": TextField(), "price": NumberField()})


@pytest.fixture(scope="session", autouse=True)
def _no_fsync() -> Iterator[None]:
    """Spare the disk: no test pulls the plug, and a slow disk would double the suite's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture
def documents() -> list[Document]:
    return list(DOCUMENTS)


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Index]:
    """Return a function that indexes documents and opens the index."""

    def build(documents: Iterable[Document], schema: IndexSchema = SCHEMA) -> Index:
        build_index(tmp_path / "index", documents, schema)
        return Index.open(tmp_path / "index")

    return build


@pytest.fixture
def index(build: Callable[..., Index]) -> Index:
    return build(DOCUMENTS)


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Return a folder in BEIR's layout, with graded, missing and negative judgments."""
    folder = tmp_path / "shop"
    (folder / "qrels").mkdir(parents=True)
    rows = [{"_id": d.id} | dict(d.fields) for d in DOCUMENTS]
    with gzip.open(folder / "corpus.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    queries = {"q1": "red shoes", "q2": "cake", "q3": "nothing like that", "q4": "blue"}
    (folder / "queries.jsonl").write_text(
        "".join(json.dumps({"_id": q, "text": text}) + "\n" for q, text in queries.items())
    )
    (folder / "qrels" / "dev.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\ta\t2\nq1\td\t1\nq1\tb\t0\nq2\tc\t1\nq3\te\t1\nq4\tb\t0\n"
    )
    (folder / "qrels" / "train.tsv").write_text("q1\tb\t1\n")
    return folder


@pytest.fixture(scope="session")
def real(
    real_collections: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], tuple[Collection, Index]]:
    """Return a function that finds a real collection and indexes it, once."""

    @functools.cache
    def real(name: str) -> tuple[Collection, Index]:
        collection, folder = Collection.find(real_collections / name), tmp_path_factory.mktemp(name)
        id_field, schema = choose_schema(collection.corpus, None, None, "english")
        build_index(folder, read_documents(collection.corpus, id_field), schema)
        return collection, Index.open(folder)

    return real


@pytest.fixture(scope="session")
def real_collections() -> Path:
    """Return the folder of the real collections; skip the test where there is none."""
    beside_checkout = Path(__file__).resolve().parents[4] / "shared" / "data"
    folder = Path(os.environ.get("ML_SYSTEMS_DATA", beside_checkout)) / "search"
    if not folder.is_dir():
        pytest.skip(f"no real collections at {folder}; name their folder in ML_SYSTEMS_DATA")
    return folder


@pytest.fixture(scope="session")
def snapshot_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Snapshot]:
    """Return a function that indexes documents, split at spaces, in one segment per list."""

    def index(
        schema: IndexSchema,
        segments: Sequence[Sequence[Mapping[str, Any]]],
        deleted: Iterable[str] = (),
    ) -> Snapshot:
        """Ids count through the documents; those of ``deleted`` are deleted at the end."""
        folder, ids = tmp_path_factory.mktemp("index"), map(str, itertools.count())
        config = WriterConfig(background_merges=False)
        with Store.open(
            folder, schema, "never", config=config, analyzer=lambda _: str.split
        ) as store:
            for segment in segments:
                for document in segment:
                    store.add(document, next(ids))
                store.refresh()
            for doc_id in deleted:
                store.delete(doc_id)
            store.commit()
            return store.snapshot()

    return index


@pytest.fixture(scope="session")
def contents() -> Callable[[Snapshot], dict[str, Any]]:
    """Return a function that reads all of a store of texts and tags, and checks it."""

    def read(snapshot: Snapshot) -> dict[str, Any]:
        """Return all documents, each as stored and checked against what is indexed of it."""
        found = {}
        for view in snapshot.views:
            lengths, tags = view.segment.text("text").lengths, view.segment.keywords("tag")
            for doc in np.flatnonzero(view.live).tolist():
                document = view.segment.document(doc)
                assert lengths[doc] == len(document["text"].split())
                assert tags[doc] == [document["tag"]]
                found[view.segment.ids[doc]] = document
        assert len(found) == len(snapshot)
        return found

    return read
