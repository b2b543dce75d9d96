"""The on-disk index: what is written is what is read, and nothing else passes for it."""

import errno
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_system import (
    AnalysisConfig,
    Analyzer,
    CorruptIndexError,
    Document,
    Index,
    IndexFolderError,
    IndexMissingError,
    write_index,
)
from search_system.index import inverter, writer
from search_system.index.format import MANIFEST

texts = st.lists(st.text(alphabet="ab é", max_size=12), min_size=1, max_size=80)


def check_equal(index: Index, documents: list[Document]) -> None:
    """Compare everything that an index holds with counts made by hand."""
    analyzer = Analyzer(index.manifest.analysis)
    counts = [Counter(analyzer(f"{d.title}\n{d.text}")) for d in documents]
    vocabulary = sorted({term for count in counts for term in count}, key=str.encode)
    segment = index.segment
    assert len(index) == len(documents)
    assert [segment.terms[i] for i in range(len(segment.terms))] == vocabulary
    assert segment.lengths.tolist() == [count.total() for count in counts]
    for number, term in enumerate(vocabulary):
        docs, tfs = segment.postings(number)
        expected = [(i, count[term]) for i, count in enumerate(counts) if term in count]
        assert list(zip(docs.tolist(), tfs.tolist(), strict=True)) == expected
        assert segment.terms.find(term) == number
    for number, document in enumerate(documents):
        assert segment.documents[number] == document
        assert segment.ids[number] == document.id
        assert segment.find_document(document.id) == number


def test_what_is_written_is_read(index: Index, documents: list[Document]) -> None:
    check_equal(index, documents)


@settings(max_examples=40, deadline=None)
@given(texts=texts, batch=st.integers(1, 50))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, texts: list, batch: int) -> None:
    folder = tmp_path_factory.mktemp("index")
    documents = [Document(f"id {i * 7 % 100}", text, text[::-1]) for i, text in enumerate(texts)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inverter, "_BATCH_TOKENS", batch)  # so that there is more than one run
        write_index(folder, documents)
    check_equal(Index.open(folder, verify=True), documents)


@pytest.mark.parametrize("batch", [1, 2_000_000])
def test_frequencies_over_the_smallest_type(
    build: Callable[..., Index], monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(inverter, "_BATCH_TOKENS", batch)
    texts = ["w", "w " * 70_000, "w " * 300 + "x"]
    documents = [Document(str(i), "", text) for i, text in enumerate(texts)]
    check_equal(build(documents), documents)


def test_no_terms_at_all(build: Callable[..., Index]) -> None:
    index = build([Document("1", "", ""), Document("2", "...", "!")])
    assert index.search("anything") == []
    assert index.segment.documents[1].title == "..."


def test_the_analysis_is_stored(build: Callable[..., Index], documents: list[Document]) -> None:
    config = AnalysisConfig(stemmer="porter", stop_words="english", split_identifiers=True)
    assert build(documents, config).manifest.analysis == config


def test_same_documents_same_bytes(tmp_path: Path, documents: list[Document]) -> None:
    first, second = (write_index(tmp_path / name, documents).files for name in "ab")
    assert first == second


def test_others_may_read_what_one_builds(tmp_path: Path, documents: list[Document]) -> None:
    """An index is often built by one user and served by another."""
    plain = tmp_path / "plain"
    plain.mkdir()
    write_index(str(tmp_path / "index"), documents)
    (segment,) = (tmp_path / "index").glob("segment-*")
    assert segment.stat().st_mode == plain.stat().st_mode


def test_a_new_index_replaces_the_old(tmp_path: Path, documents: list[Document]) -> None:
    write_index(tmp_path, documents)
    old = Index.open(tmp_path)
    write_index(tmp_path, documents[:2])
    assert len(Index.open(tmp_path, verify=True)) == 2
    assert len(list(tmp_path.iterdir())) == 2, "the manifest and one segment"
    assert [hit.id for hit in old.search("cake")] == ["c"], "an open index stays readable"


def interrupted(documents: list[Document], error: BaseException) -> Iterator[Document]:
    yield from documents
    raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError(), ValueError("bad row")])
def test_an_interrupted_build_changes_nothing(
    tmp_path: Path, documents: list[Document], error: BaseException
) -> None:
    write_index(tmp_path, documents)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(type(error)):
        write_index(tmp_path, interrupted(documents[:1], error))
    assert sorted(tmp_path.rglob("*")) == before
    assert len(Index.open(tmp_path, verify=True)) == len(documents)


def test_a_full_disk_changes_nothing(
    tmp_path: Path, documents: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_index(tmp_path, documents)
    before = sorted(tmp_path.rglob("*"))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer, "write_strings", full)
    with pytest.raises(IndexFolderError, match=r"cannot be written \(No space left on device\)"):
        write_index(tmp_path, documents[:1])
    assert sorted(tmp_path.rglob("*")) == before
    assert len(Index.open(tmp_path, verify=True)) == len(documents)


def test_what_a_killed_build_leaves_is_removed(tmp_path: Path, documents: list[Document]) -> None:
    (tmp_path / "segment-killed").mkdir()
    (tmp_path / "segment-killed" / "store.uint8").write_bytes(b"half")
    write_index(tmp_path, documents)
    assert len(list(tmp_path.glob("segment-*"))) == 1


def test_a_foreign_folder_is_left_alone(tmp_path: Path, documents: list[Document]) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(IndexFolderError, match=r"holds 'thesis\.txt' and no index"):
        write_index(tmp_path, documents)
    with pytest.raises(IndexFolderError, match="found a file"):
        write_index(tmp_path / "thesis.txt", documents)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]
    for impossible in (tmp_path / "thesis.txt" / "below", tmp_path / ("x" * 300)):
        with pytest.raises(IndexFolderError, match="cannot be written"):
            write_index(impossible, documents)


def test_opening_what_is_no_index(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(IndexMissingError, match="no index here"):
            Index.open(path)
    (tmp_path / MANIFEST).write_text('{"format": "somebody else\'s"}')
    with pytest.raises(IndexMissingError, match="not a search-system index"):
        Index.open(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"version": 1', b'"version": 2', "expected format version 1, found 2"),
        (b'"documents": 5', b'"documents": 6', "its checksum is wrong"),
        (b"{", b"[", "not a manifest"),
        (b'"version"', b'"\xffersion"', "not a manifest"),
    ],
)
def test_a_damaged_manifest(index: Index, old: bytes, new: bytes, message: str) -> None:
    path = index.folder / MANIFEST
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(CorruptIndexError, match=message):
        Index.open(index.folder)


@pytest.mark.parametrize("content", ["", "null", "[]", "{}", '{"format": "search-system index"}'])
def test_a_manifest_that_is_none(index: Index, content: str) -> None:
    (index.folder / MANIFEST).write_text(content)
    with pytest.raises(IndexFolderError):
        Index.open(index.folder)


def test_a_manifest_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).mkdir()
    with pytest.raises(CorruptIndexError, match=r"index\.json: cannot be read"):
        Index.open(tmp_path)


def files_of(index: Index) -> list[Path]:
    return sorted(index.segment.folder.iterdir())


def test_a_missing_or_cut_file_is_named_at_open(index: Index) -> None:
    for path in files_of(index):
        content = path.read_bytes()
        path.write_bytes(content[:-1])
        with pytest.raises(CorruptIndexError, match=rf"{path.name}: expected .* bytes"):
            Index.open(index.folder)
        path.unlink()
        with pytest.raises(CorruptIndexError, match=rf"{path.name}: .* no such file"):
            Index.open(index.folder)
        path.write_bytes(content)
    Index.open(index.folder, verify=True)


def test_every_flipped_byte_is_found_and_searching_it_never_crashes(index: Index) -> None:
    rng = np.random.default_rng(0)
    for path in files_of(index):
        content = bytearray(path.read_bytes())
        for place in rng.choice(len(content), min(15, len(content)), replace=False):
            content[place] ^= 0x55
            path.write_bytes(content)
            with pytest.raises(CorruptIndexError, match=path.name):
                Index.open(index.folder, verify=True)
            search_everything(index.folder)
            content[place] ^= 0x55
        path.write_bytes(content)


def search_everything(folder: Path) -> None:
    """Use a damaged index as a user might, who has not verified it."""
    try:
        index = Index.open(folder)
        for hit in index.search("red shoes of blue leather, cake and coffee"):
            index.document(hit)
    except CorruptIndexError:
        pass


def test_json_values_survive_the_store(build: Callable[..., Index]) -> None:
    extra = {
        "price": 1.5,
        "tags": ["a", None],
        "nested": {"x": True},
        "line": "a\nb",
        "lone": "\ud800",
    }
    index = build([Document("1", "t", "x", extra)])
    assert json.dumps(dict(index.document(index.search("x")[0]).extra)) == json.dumps(extra)
