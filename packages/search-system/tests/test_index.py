"""An index that is built, replaced, added to and read by others."""

import errno
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from search_system import (
    CollectionError,
    Document,
    Index,
    IndexFolderError,
    IndexLockedError,
    IndexMissingError,
    IndexSchema,
    OptionError,
    TextField,
    build_index,
)
from search_system.store.log_writer import Log

SCHEMA = IndexSchema({"text": TextField()})


def found(index: Index, query: str) -> set[str]:
    return {hit.id for hit in index.search(query).hits}


def docs(*texts: str) -> list[Document]:
    return [Document(str(i), {"text": text}) for i, text in enumerate(texts)]


def test_add_replace_delete_commit(tmp_path: Path) -> None:
    with Index.open(tmp_path, SCHEMA) as index:
        index.add({"text": "red shoe", "more": [1, {"kept": None}]}, "1")
        index.add({"text": "blue shoe"}, "2")
        assert found(index, "shoe") == set(), "nothing is found before a refresh or a commit"
        index.refresh()
        assert found(index, "shoe") == {"1", "2"}
        reader = Index.open(tmp_path)
        assert len(reader) == 0, "others see commits only"
        index.commit()
        reader.refresh()
        assert found(reader, "shoe") == {"1", "2"}
        index.add({"text": "green hat"}, "1")
        index.delete("2")
        index.commit()
        assert (found(index, "shoe"), found(index, "hat"), len(index)) == (set(), {"1"}, 1)
        assert found(reader, "shoe") == {"1", "2"}, "a snapshot stays as it is"
        reader.refresh()
        assert found(reader, "shoe") == set()
    assert Index.open(tmp_path).search("hat").hits[0].document == {"text": "green hat"}


def test_one_writer_and_any_number_of_readers(tmp_path: Path) -> None:
    with Index.open(tmp_path, SCHEMA) as first:
        first.add({"text": "x"}, "1")
        second = Index.open(tmp_path)
        with pytest.raises(IndexLockedError, match="writes to this index"):
            second.add({"text": "y"}, "2")
    second.add({"text": "y"}, "2")
    second.commit()
    assert len(second) == 2, "what the first did not commit is replayed by the next writer"
    second.close()


def test_what_cannot_be_opened_or_added(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="no index here"):
        Index.open(tmp_path / "none")
    index = Index.open(tmp_path / "i", SCHEMA)
    with pytest.raises(OptionError, match="the index has the schema"):
        Index.open(tmp_path / "i", IndexSchema({"title": TextField()}))
    with pytest.raises(CollectionError, match="id must be a string"):
        index.add({"text": "x"}, "")
    with pytest.raises(OptionError, match="'title' has 'english' and 'text' has 'plain'"):
        IndexSchema({"title": TextField(), "text": TextField("plain")})


def test_a_build_takes_the_place_of_an_index(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    assert build_index(folder, docs("red", "blue"), SCHEMA) == 2
    old = Index.open(folder)
    assert build_index(folder, docs("green"), IndexSchema({"text": TextField("plain")})) == 1
    assert found(Index.open(folder), "green") == {"0"}
    assert found(old, "blue") == {"1"}, "an open index stays readable"
    assert [path.name for path in tmp_path.iterdir()] == ["index"], "and nothing is left over"


def interrupted(error: BaseException) -> Iterator[Document]:
    yield docs("x")[0]
    raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), CollectionError("row 2 is odd")])
def test_an_interrupted_build_changes_nothing(tmp_path: Path, error: BaseException) -> None:
    build_index(tmp_path / "i", docs("red"), SCHEMA)
    with pytest.raises(type(error)):
        build_index(tmp_path / "i", interrupted(error), SCHEMA)
    assert [path.name for path in tmp_path.iterdir()] == ["i"]
    assert found(Index.open(tmp_path / "i"), "red") == {"0"}


def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_index(tmp_path / "i", docs("red"), SCHEMA)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Log, "append", full)
        with pytest.raises(IndexFolderError, match="No space left on device"):
            build_index(tmp_path / "i", docs("blue"), SCHEMA)
    assert [path.name for path in tmp_path.iterdir()] == ["i"]
    assert found(Index.open(tmp_path / "i"), "red") == {"0"}


def test_a_build_spares_what_is_no_index(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(IndexFolderError, match=r"holds 'thesis\.txt' and no index"):
        build_index(tmp_path, docs("x"), SCHEMA)
    with pytest.raises(IndexFolderError, match="found a file"):
        build_index(tmp_path / "thesis.txt", docs("x"), SCHEMA)
    assert (tmp_path / "thesis.txt").read_text() == "precious"


def test_a_build_does_not_replace_what_somebody_writes(tmp_path: Path) -> None:
    with Index.open(tmp_path / "i", SCHEMA) as index:
        index.add({"text": "red"}, "1")
        with pytest.raises(IndexLockedError):
            build_index(tmp_path / "i", docs("x"), SCHEMA)


def test_search_while_others_write(build: Callable[..., Index]) -> None:
    index = build(docs("red"), SCHEMA)
    before = index.search("red")
    index.add({"text": "red red"}, "9")
    index.commit()
    assert [hit.id for hit in before.hits] == ["0"]
    assert before.hits[0].document == {"text": "red"}
    assert found(index, "red") == {"0", "9"}
    index.close()
