"""An index that is built, replaced, added to and read by others."""

import errno
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
        with pytest.raises(IndexLockedError, match="writes to this index already"):
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


def test_an_error_names_the_index_and_what_is_intact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    folder = tmp_path / "index"
    with monkeypatch.context() as patch:
        patch.setattr(Log, "append", full)
        with pytest.raises(IndexFolderError) as error:
            build_index(folder, docs("new"), SCHEMA)
        assert str(error.value) == (
            f"{folder}: the index cannot be written (No space left on device)"
        )
    build_index(folder, docs("old"), SCHEMA)
    monkeypatch.setattr(Log, "append", full)
    with pytest.raises(IndexFolderError) as error:
        build_index(folder, docs("new"), SCHEMA)
    assert str(error.value).endswith("(No space left on device); what was committed is intact")
    assert str(error.value).startswith(f"{folder}: ")
    assert found(Index.open(folder), "old") == {"0"}
    (tmp_path / "file").write_text("")
    with pytest.raises(IndexFolderError) as error:
        build_index(tmp_path / "file" / "index", docs("new"), SCHEMA)
    assert "committed" not in str(error.value)


def test_a_build_spares_what_is_no_index(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(IndexFolderError, match=r"holds 'thesis\.txt', which is no part"):
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


def test_a_build_spares_strange_files_also_beside_an_index(tmp_path: Path) -> None:
    folder = tmp_path / "i"
    build_index(folder, docs("red"), SCHEMA)
    (folder / "thesis.txt").write_text("precious")
    with pytest.raises(IndexFolderError, match=r"holds 'thesis\.txt'"):
        build_index(folder, docs("blue"), SCHEMA)
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "commit.json").write_text('{"commit": "abc"}')
    with pytest.raises(IndexFolderError, match=r"holds 'commit\.json'"):
        build_index(tmp_path / "foreign", docs("blue"), SCHEMA)
    assert (folder / "thesis.txt").read_text() == "precious"


def test_a_file_put_there_during_the_build_stays(tmp_path: Path) -> None:
    def documents() -> Iterator[Document]:
        (tmp_path / "i").mkdir()
        (tmp_path / "i" / "mine.txt").write_text("mine")
        yield docs("x")[0]

    with pytest.raises(IndexFolderError, match=r"holds 'mine\.txt'"):
        build_index(tmp_path / "i", documents(), SCHEMA)
    assert (tmp_path / "i" / "mine.txt").read_text() == "mine"


def test_what_killed_builds_left_is_cleaned_up(tmp_path: Path) -> None:
    folder = tmp_path / "i"
    build_index(folder, docs("red"), SCHEMA)
    folder.rename(tmp_path / ".i.old")  # killed between the two renames
    build_index(tmp_path / ".i.new-0123", docs("stale"), SCHEMA)
    with pytest.raises(CollectionError):
        build_index(folder, interrupted(CollectionError("row 2 is odd")), SCHEMA)
    assert [path.name for path in tmp_path.iterdir()] == ["i"]
    assert found(Index.open(folder), "red") == {"0"}


def test_a_link_to_a_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for text in ("red", "blue"):
        build_index(tmp_path / "link", docs(text), SCHEMA)
        assert found(Index.open(tmp_path / "real"), text) == {"0"}
    assert (tmp_path / "link").is_symlink()


def test_models_move_to_the_new_index(tmp_path: Path) -> None:
    build_index(tmp_path / "i", docs("red"), SCHEMA)
    (tmp_path / "i" / "ranking-model.json").write_text("a model")
    build_index(tmp_path / "i", docs("blue"), SCHEMA)
    assert (tmp_path / "i" / "ranking-model.json").read_text() == "a model"


def test_threads_share_the_first_add(tmp_path: Path) -> None:
    with Index.open(tmp_path / "i", SCHEMA) as index, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: index.add({"text": "x"}, str(i)), range(8)))
        index.commit()
        assert len(index) == 8
        assert len(Index.open(tmp_path / "i", SCHEMA)) == 8, "beside a writer"


def test_a_second_writer_in_one_process_is_told_so(tmp_path: Path) -> None:
    with Index.open(tmp_path / "i", SCHEMA) as index:
        index.add({"text": "x"}, "1")
        with pytest.raises(IndexLockedError, match="this process writes to this index already"):
            Index.open(tmp_path / "i").add({"text": "y"}, "2")
