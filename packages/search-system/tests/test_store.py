"""The store's promises to its users: locks, snapshots, statistics, merges and clear errors."""

import datetime as dt
import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search_system.errors import (
    CollectionError,
    IndexFolderError,
    IndexLockedError,
    IndexMissingError,
    OptionError,
)
from search_system.schema import (
    DateField,
    IndexSchema,
    KeywordField,
    NumberField,
    StoredField,
    TextField,
)
from search_system.store.config import WriterConfig
from search_system.store.snapshot import open_snapshot
from search_system.store.store import Store

SCHEMA = IndexSchema(
    {
        "text": TextField(),
        "tags": KeywordField(),
        "price": NumberField(),
        "count": NumberField(integer=True),
        "date": DateField(),
        "note": StoredField(),
    }
)
NO_MERGES = WriterConfig(background_merges=False)


def fill(store: Store, numbers: range) -> None:
    for i in numbers:
        store.add({"text": f"word w{i}"}, str(i))


def test_columns_hold_what_documents_say(tmp_path: Path) -> None:
    with Store.open(tmp_path, SCHEMA) as store:
        store.add({"tags": "red", "price": "1.5", "count": "7", "date": "2020-01-02"}, "strings")
        store.add({"tags": ["b", "a", "b", None], "price": 2, "count": 2.0}, "lists")
        moment = dt.datetime(2020, 1, 2, 3, tzinfo=dt.timezone(dt.timedelta(hours=2)))
        store.add({"tags": True, "date": moment, "text": [1, {"x": "deep"}]}, "others")
        store.add({}, "nothing")
        store.commit()
        snapshot = store.snapshot()
    segment = snapshot.views[0].segment
    tags = segment.keywords("tags")
    assert [tags[doc] for doc in range(4)] == [["red"], ["b", "a"], ["true"], []]
    assert [tags.values[code] for code in range(4)] == ["a", "b", "red", "true"]
    np.testing.assert_array_equal(segment.numbers("price"), [1.5, 2, np.nan, np.nan])
    missing = -(2**63)
    assert segment.numbers("count").tolist() == [7, 2, missing, missing]
    day = int(dt.datetime(2020, 1, 2, tzinfo=dt.UTC).timestamp()) * 10**6
    assert segment.numbers("date").tolist() == [day, missing, day + 3600 * 10**6, missing]
    assert snapshot.df("text", "deep") == 1
    assert snapshot.document("others") == {
        "tags": True,
        "date": "2020-01-02T03:00:00+02:00",
        "text": [1, {"x": "deep"}],
    }


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"price": "cheap"}, "field 'price': expected a number, found 'cheap'"),
        ({"price": True}, "field 'price': expected a number, found 'True'"),
        ({"price": [1]}, "field 'price': expected a number"),
        ({"price": float("inf")}, "no JSON document"),
        ({"price": 10**400}, "field 'price': expected a number"),
        ({"count": 1.5}, r"field 'count': expected a number \(integer\), found '1.5'"),
        ({"count": 2**63}, "field 'count'"),
        ({"count": -(2**63)}, "field 'count'"),
        ({"date": "yesterday"}, "field 'date': expected a date, found 'yesterday'"),
        ({"date": 20200101}, "field 'date'"),
        ({"tags": [{}]}, "field 'tags': expected a keyword"),
        ({"note": {1, 2}}, "document '1': no JSON document .*set"),
    ],
)
def test_a_document_that_does_not_fit_changes_nothing(
    tmp_path: Path, document: dict[str, Any], message: str
) -> None:
    with Store.open(tmp_path, SCHEMA) as store:
        store.add({"text": "first"}, "1")
        with pytest.raises(CollectionError, match=message):
            store.add(document, "1")
        store.commit()
        assert store.snapshot().document("1") == {"text": "first"}


@pytest.mark.parametrize("doc_id", ["", 1, None, "\ud800"])
def test_what_cannot_be_an_id(tmp_path: Path, doc_id: Any) -> None:
    with Store.open(tmp_path, SCHEMA) as store:
        with pytest.raises(CollectionError, match="document"):
            store.add({}, doc_id)
        with pytest.raises(CollectionError, match="document"):
            store.delete(doc_id)


def test_an_analyzer_that_fails_changes_nothing(tmp_path: Path) -> None:
    def analyze(text: str) -> list[str]:
        return [str(10 // int(word)) for word in text.split()]

    with Store.open(tmp_path, SCHEMA, analyzer=lambda _: analyze) as store:
        with pytest.raises(ZeroDivisionError):
            store.add({"text": "0"}, "1")
        store.add({"text": "5"}, "2")
        store.commit()
        assert store.snapshot().ids() == ["2"]


def test_refresh_shows_commit_keeps(tmp_path: Path) -> None:
    with Store.open(tmp_path, SCHEMA) as store:
        fill(store, range(3))
        assert len(store.snapshot()) == 0
        assert len(store.refresh()) == len(store.snapshot()) == 3
        assert len(open_snapshot(tmp_path)) == 0, "other processes see commits only"
        store.commit()
        first = open_snapshot(tmp_path)
        store.delete("1")
        store.delete("no such document")
        store.commit()
        assert store.snapshot().ids() == ["0", "2"]
        second = open_snapshot(tmp_path, first)
        assert open_snapshot(tmp_path, second) is second
    assert first.ids() == ["0", "1", "2"]
    assert second.ids() == ["0", "2"]
    assert second.views[0].segment is first.views[0].segment, "not mapped twice"


def test_statistics_leave_deleted_documents_out(tmp_path: Path) -> None:
    with Store.open(tmp_path, SCHEMA, config=NO_MERGES) as store:
        for i in range(100):
            store.add({"text": f"word {'odd' if i % 2 else 'even'}"}, str(i))
        store.commit()
        for deleted in (range(1), range(1, 3), range(3, 60), range(60, 100)):
            for i in deleted:
                store.delete(str(i))
            store.commit()
            snapshot = store.snapshot()
            left = 100 - deleted.stop
            assert len(snapshot) == snapshot.df("text", "word") == left
            assert snapshot.n_tokens("text") == 2 * left
            assert snapshot.average_length("text") == (2 if left else 0)
            assert snapshot.df("text", "odd") == left - left // 2
            assert snapshot.df("text", "even") == left // 2


def test_a_commit_without_changes_writes_nothing(tmp_path: Path) -> None:
    with Store.open(tmp_path, SCHEMA) as store:
        fill(store, range(3))
        store.commit()
        before = (tmp_path / "commit.json").stat().st_mtime_ns
        store.commit()
        assert store.snapshot().generation == 1
        assert (tmp_path / "commit.json").stat().st_mtime_ns == before


def test_one_writer_and_the_error_says_who(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(tmp_path, SCHEMA):
        with pytest.raises(IndexLockedError, match="this process writes to this index already"):
            Store.open(tmp_path)
        message = rf"lock: process {os.getpid()} on \S+, since 20\S+, writes to this index"
        monkeypatch.setattr(os, "getpid", lambda: 1)  # as another process
        with pytest.raises(IndexLockedError, match=message):
            Store.open(tmp_path)
        assert len(open_snapshot(tmp_path)) == 0
        (tmp_path / "lock").write_text("nonsense")
        with pytest.raises(IndexLockedError, match="another process writes"):
            Store.open(tmp_path)
    Store.open(tmp_path).close()


def test_a_closed_store_is_closed(tmp_path: Path) -> None:
    store = Store.open(tmp_path, SCHEMA)
    store.close()
    store.close()
    with pytest.raises(IndexFolderError, match="it is closed; open the index again"):
        store.add({}, "1")


def test_opening_what_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="no index here; give a schema"):
        Store.open(tmp_path / "nothing")
    with pytest.raises(IndexMissingError, match="no index here"):
        open_snapshot(tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(IndexFolderError, match=r"holds 'thesis\.txt' and no index"):
        Store.open(tmp_path, SCHEMA)
    with pytest.raises(IndexFolderError, match="found a file"):
        Store.open(tmp_path / "thesis.txt", SCHEMA)
    with pytest.raises(OptionError, match="fsync must be always, commit or never"):
        Store.open(tmp_path, SCHEMA, "sometimes")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="no analyzer 'klingon'"):
        Store.open(tmp_path / "a", IndexSchema({"text": TextField("klingon")}))
    assert not (tmp_path / "a").exists()
    Store.open(tmp_path / "b", SCHEMA).close()
    with pytest.raises(OptionError, match="the index has the schema"):
        Store.open(tmp_path / "b", IndexSchema({"text": TextField()}))
    for option in ({"memory_mb": 0}, {"merge_factor": 1}):
        with pytest.raises(OptionError, match=r"at least 2|from 1 up"):
            WriterConfig(**option)


def test_leftovers_are_removed_and_only_ours(tmp_path: Path) -> None:
    Store.open(tmp_path, SCHEMA).close()
    ours = [
        "segment-00000009.arrays",
        "deletes-00000009.arrays",
        "log-00000009",
        ".commit.json.tmp",
    ]
    for name in [*ours, "notes.txt"]:
        (tmp_path / name).write_text("x")
    Store.open(tmp_path).close()
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"commit.json", "lock", "log-00000000", "notes.txt"}


def test_prefixes_and_searches_in_a_sorted_table(tmp_path: Path) -> None:
    terms = sorted({f"{i:b}" for i in range(300)} | {"\u00e9", "\u00e9a", "\U0001f600"})
    schema = IndexSchema({"text": TextField("plain", positions=False)})
    with Store.open(tmp_path, schema, analyzer=lambda _: str.split) as store:
        store.add({"text": " ".join(terms)}, "1")
        store.commit()
        table = store.snapshot().views[0].segment.text("text").terms
    assert [table[i] for i in range(len(table))] == terms
    for prefix in ["", "1", "10", "1010101", "\u00e9", "2", "\U0010ffff"]:
        found = [table[i] for i in table.prefix_range(prefix)]
        assert found == [term for term in terms if term.startswith(prefix)]
    assert [table.find(term) for term in terms] == [*range(len(terms))]
    assert [table.find(term) for term in ("", "2", "10x", "\U0010ffff")] == [None] * 4


def test_the_commit_file_is_readable(tmp_path: Path) -> None:
    with Store.open(tmp_path, SCHEMA) as store:
        fill(store, range(3))
        store.commit()
    body = json.loads((tmp_path / "commit.json").read_text())
    assert re.fullmatch(r"segment-\d{8}\.arrays", body["segments"][0]["name"])
