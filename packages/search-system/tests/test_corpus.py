import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_system import (
    Collection,
    CollectionError,
    Document,
    read_documents,
    read_qrels,
    read_queries,
)
from search_system.corpus.documents import as_text, choose_id_field, sample_rows


def load(path: Path) -> list[Document]:
    return list(read_documents(path, choose_id_field(path, sample_rows(path))))


ROWS = [{"sku": "x1", "Name": "Tea", "description": 'Green,\n"loose" tea', "size": "2"}]
EXPECTED = [Document("x1", {"Name": "Tea", "description": 'Green,\n"loose" tea', "size": "2"})]


@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson", ".csv", ".tsv", ".JSONL"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_format_gives_the_same_documents(tmp_path: Path, suffix: str, packed: bool) -> None:
    if suffix in {".csv", ".tsv"}:
        comma = "," if suffix == ".csv" else "\t"
        quoted = ["x1", "Tea", '"Green,\n""loose"" tea"', "2"]
        text = f"{comma.join(ROWS[0])}\r\n{comma.join(quoted)}\r\n"
    else:
        text = "".join(json.dumps(row) + "\n\n" for row in ROWS)
    data = b"\xef\xbb\xbf" + text.encode()  # a byte order mark, as spreadsheets write it
    path = tmp_path / f"teas{suffix}{'.gz' if packed else ''}"
    path.write_bytes(gzip.compress(data) if packed else data)
    assert load(path) == EXPECTED


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1))
def test_jsonl_round_trip(tmp_path_factory: pytest.TempPathFactory, texts: list) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    documents = [
        Document(str(i), {"title": title, "text": text}) for i, (title, text) in enumerate(texts)
    ]
    path.write_text("".join(json.dumps({"id": d.id, **d.fields}) + "\n" for d in documents))
    assert list(read_documents(path, "id")) == documents


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"_id": "1", "title": "t", "text": "x", "metadata": {}}, "_id"),
        ({"ID": 1, "Headline": "t"}, "ID"),
        ({"n": "1", "long": "many words here"}, None),
        ({"sku": 1, "doc_id": 2}, "doc_id"),
    ],
)
def test_guessed_id(row: dict, expected: str | None) -> None:
    assert choose_id_field(Path("x"), [row]) == expected


def test_a_named_id_wins_over_the_guess(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": 7, "key": "k", "title": "t", "notes": ["a", "b"]}\n')
    named = choose_id_field(path, sample_rows(path), "key")
    rest = {"id": 7, "title": "t", "notes": ["a", "b"]}
    assert list(read_documents(path, named)) == [Document("k", rest)]
    with pytest.raises(CollectionError, match=r"no field 'body'; its fields are \['id', "):
        choose_id_field(path, sample_rows(path), "body")


def test_rows_without_an_id_are_numbered(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text\none\n\ntwo\n")
    assert [(d.id, d.fields) for d in load(path)] == [
        ("1", {"text": "one"}),
        ("2", {"text": "two"}),
    ]


def test_ids_are_what_utf8_can_store(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": "a\\ud800", "text": "x"}\n')
    assert load(path) == [Document("a?", {"text": "x"})]
    path.write_text('{"id": "a\\ud800", "text": "x"}\n{"id": "a\\ud801", "text": "x"}\n')
    with pytest.raises(CollectionError, match="already used"):
        load(path)


def test_numbers_that_json_does_not_know_are_null(tmp_path: Path) -> None:
    path = tmp_path / ".rows.jsonl"
    path.write_text('{"id": 1, "text": "x", "n": [NaN, -Infinity, 1e999, 2.5]}\n')
    assert load(path) == [Document("1", {"text": "x", "n": [None, None, None, 2.5]})]
    assert Collection.find(path).name == "rows"


def test_values_become_words() -> None:
    assert as_text({"a": [1, None, "x"], "b": 2.5}) == "1  x 2.5"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b"", "expected documents, found no row"),
        ("a.csv", b"id,text\n", "expected documents, found no row"),
        ("a.jsonl", b'{"id": 1, "text": "x"}\n{"id": 2', r"a\.jsonl:2: expected one JSON object"),
        ("a.jsonl", b"[1]\n", r"a\.jsonl:1: expected a JSON object, found list"),
        ("a.jsonl", b"[" * 100_000, r"a\.jsonl:1: expected one JSON object"),
        ("a.jsonl", b'{"id": 1, "text": "x"}\n' * 2, r"a\.jsonl:2: .*already used in line 1"),
        ("a.jsonl", b'{"id": "", "text": "x"}\n', r"a\.jsonl:1: field 'id'.* is empty"),
        ("a.csv", b"id,text\n1,x,y\n", r"a\.csv:2: expected 2 columns .* found 3"),
        ("a.csv", b"id,id\n1,x\n", r"a\.csv:1: the header names a column twice"),
        ("a.csv", b'id,text\n1,"x\n', r"a\.csv:2: malformed CSV"),
        ("a.csv", bytes(range(128, 256)), "expected UTF-8 text, found byte 0x80"),
        ("a.jsonl.gz", b"no gzip", "damaged or cut gzip"),
        ("a.jsonl.gz", gzip.compress(b'{"id": 1, "text": "x"}\n' * 99)[:-9], "damaged or cut gzip"),
        ("a.parquet", b"PAR1", r"expected a file named \*\.jsonl"),
    ],
)
def test_bad_documents(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CollectionError, match=message):
        load(Collection.find(path).corpus)


def test_a_collection_is_found_by_its_layout(collection: Path) -> None:
    found = Collection.find(collection)
    assert found.name == "shop"
    assert found.corpus.name == "corpus.jsonl.gz"
    assert set(found.qrels) == {"dev", "train"}
    assert found.choose_split() == "dev"
    assert found.choose_split("train") == "train"
    assert read_queries(collection / "queries.jsonl")["q4"] == "blue"
    assert read_qrels(found.qrels["dev"])["q1"] == {"a": 2, "d": 1, "b": 0}


def test_missing_parts_of_a_collection(collection: Path, tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match="no such file or folder"):
        Collection.find(tmp_path / "nothing")
    with pytest.raises(CollectionError, match=r"expected a folder that holds corpus\.jsonl"):
        Collection.find(tmp_path)
    with pytest.raises(CollectionError, match="no split 'test'; it has dev, train"):
        Collection.find(collection).choose_split("test")
    (collection / "queries.jsonl").unlink()
    with pytest.raises(CollectionError, match="nothing to measure"):
        Collection.find(collection).choose_split()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("query-id\tcorpus-id\tscore\n", "found none"),
        ("q\td\t1\nq\td\n", r"a\.tsv:2: expected a query id"),
        ("q\td\t1.0\n", r"a\.tsv:1: .*whole number"),
        ("q\td\t1\nq\td\tgood\n", r"a\.tsv:2: .*whole number"),
        ("q\td\t1\nq\td\t2\n", r"a\.tsv:2: query q and document d have two grades"),
    ],
)
def test_bad_judgments(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(text)
    with pytest.raises(CollectionError, match=message):
        read_qrels(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("q1 0 d1 1\nq1 0 d2 -1\n", {"q1": {"d1": 1, "d2": -1}}),
        ("q1\t0\td1\t1\r\n\t\r\nq2\t0\td1\t0", {"q1": {"d1": 1}, "q2": {"d1": 0}}),
        ("query-id\tcorpus-id\tscore\nq 1\tred shoe\t1\n", {"q 1": {"red shoe": 1}}),
    ],
)
def test_judgments_in_every_layout(tmp_path: Path, text: str, expected: dict) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(text)
    assert read_qrels(path) == expected


def test_a_query_needs_an_id_and_a_text(tmp_path: Path) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_text('{"_id": "1", "text": "x"}\n{"_id": "2", "query": "y"}\n')
    with pytest.raises(
        CollectionError, match=r"queries\.jsonl:2: expected the fields _id and text"
    ):
        read_queries(path)
    path.write_text('{"_id": "1", "text": "x"}\n{"_id": 1, "text": "y"}\n')
    with pytest.raises(CollectionError, match=r"queries\.jsonl:2: query 1 has two texts"):
        read_queries(path)
