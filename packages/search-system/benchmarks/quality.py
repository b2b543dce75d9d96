"""nDCG@10, MAP, MRR and recall@100 beside bm25s (Lucene's method), with the same terms, in one run.

usage: python benchmarks/quality.py FOLDER [--json]

FOLDER holds collections, each a folder in BEIR's layout. BM25 has title and text pooled in one
field, as bm25s has to; BM25F has the fields that `search-system index` guesses. All rankings have
1,000 documents per query and are measured by the same code, which the tests compare with trec_eval.
"""

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from peers import Bm25s
from rich.console import Console
from rich.table import Table

from search_system import (
    Analyzer,
    Collection,
    Document,
    Evaluation,
    Index,
    IndexSchema,
    TextField,
    build_index,
    evaluate_run,
    read_documents,
    read_qrels,
    read_queries,
    run_queries,
)
from search_system.commands.index import choose_schema
from search_system.evaluation.evaluate import Run, judged_queries
from search_system.evaluation.grades import GradeReading
from search_system.evaluation.labels import LABELS

READINGS = {"cranfield": ["1=4,2=3,3=2,4=1,-1=0", "binary"]}
"""How the judgments of a collection are read, where their numbers are not grades."""
DEPTH = 1000
POOLED = IndexSchema({"text": TextField()})


def main() -> None:
    """Measure every collection in the folder."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--json"]
    if len(arguments) != 1:
        sys.exit("usage: quality.py FOLDER [--json]")
    paths = sorted(qrels.parent for qrels in Path(arguments[0]).glob("*/qrels"))
    if not paths:
        sys.exit(f"{arguments[0]}: expected folders with corpus.jsonl, queries.jsonl and qrels/")
    rows = [row for path in paths for row in measure(path, READINGS.get(path.name, ["raw"]))]
    if "--json" in sys.argv:
        print(json.dumps(rows, indent=1))
        return
    table = Table("collection", "grades", "engine", "queries", *LABELS.values(), box=None)
    for row in rows:
        table.add_row(*(f"{v:.4f}" if isinstance(v, float) else str(v) for v in row.values()))
    Console(width=120).print(table)


def measure(path: Path, readings: list[str]) -> list[dict[str, Any]]:
    """Return the rows of one collection: engines by readings of its grades by denominators."""
    collection = Collection.find(path)
    split = collection.choose_split()
    assert collection.queries is not None
    codes = read_qrels(collection.qrels[split])
    texts = read_queries(collection.queries)
    queries = judged_queries(texts, codes)
    id_field, schema = choose_schema(collection.corpus, None, None, "english")
    documents = list(read_documents(collection.corpus, id_field))
    pooled = [
        Document(d.id, {"text": f"{d.fields['title']}\n{d.fields['text']}"}) for d in documents
    ]
    with tempfile.TemporaryDirectory() as name:
        bm25, analyzer = search(Path(name) / "pooled", pooled, POOLED, queries)
        bm25f, _ = search(Path(name) / "fields", documents, schema, queries)
    peer = Bm25s([analyzer(d.fields["text"]) for d in pooled], analyzer)
    theirs = {}
    for query_id, text in queries.items():
        numbers, scores = peer.search(text, min(DEPTH, len(documents)))
        theirs[query_id] = {documents[n].id: s for n, s in zip(numbers, scores, strict=True)}
    return [
        {"collection": f"{path.name} {split}", "grades": reading, "engine": engine} | columns
        for reading in readings
        for engine, run in (("BM25F", bm25f), ("BM25", bm25), ("bm25s", theirs))
        for columns in means(evaluate_run(run, GradeReading.parse(reading).apply(codes)))
    ]


def search(
    folder: Path, documents: list[Document], schema: IndexSchema, queries: dict[str, str]
) -> tuple[Run, Analyzer]:
    """Return the rankings of an index, and its analyzer."""
    build_index(folder, documents, schema)
    index = Index.open(folder)
    run = run_queries(lambda text: index.search(text, DEPTH, plain=True), queries)
    return run, index.searcher.analyzer


def means(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return the mean over all judged queries, and over those with a relevant document if fewer."""
    assert evaluation.all_judged is not None
    assert evaluation.with_positive is not None
    rows = [{"queries": evaluation.queries} | asdict(evaluation.all_judged)]
    if evaluation.positive_queries < evaluation.queries:
        rows.append({"queries": evaluation.positive_queries} | asdict(evaluation.with_positive))
    return rows


if __name__ == "__main__":
    main()
