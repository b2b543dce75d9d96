"""A folder appears whole or not at all, and never takes the place of somebody else's."""

import errno
from pathlib import Path

import polars as pl
import pytest

from fashion_recsys import OutputError
from fashion_recsys.files import recover, replaced_file, replaced_folder


def write(folder: Path, text: str, *, fails: bool = False) -> None:
    with replaced_folder(folder, marker="ours.txt", contents=["ours.txt"]) as partial:
        (partial / "ours.txt").write_text(text)
        if fails:
            raise ZeroDivisionError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_is_written_and_replaced(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    write(out, "one")
    (out / ".DS_Store").touch()
    write(out, "two")
    assert (out / "ours.txt").read_text() == "two"
    assert names(out) == ["ours.txt"]
    assert names(tmp_path / "deep") == ["out"]
    assert out.stat().st_mode & 0o777 == 0o755


def test_a_failure_leaves_nothing_or_what_was_there(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        write(tmp_path / "out", "one", fails=True)
    assert names(tmp_path) == []
    write(tmp_path / "out", "one")
    with pytest.raises(ZeroDivisionError):
        write(tmp_path / "out", "two", fails=True)
    assert (tmp_path / "out" / "ours.txt").read_text() == "one"
    assert names(tmp_path) == ["out"]


def test_a_death_between_the_two_renames_is_undone(tmp_path: Path) -> None:
    write(tmp_path / "out", "one")
    (tmp_path / "out").rename(tmp_path / ".out.previous")
    (tmp_path / ".out.partial-x").mkdir()
    recover(tmp_path / "out")
    assert (tmp_path / "out" / "ours.txt").read_text() == "one"
    write(tmp_path / "out", "two")
    assert names(tmp_path) == ["out"]


def test_a_death_after_both_renames_keeps_the_new_folder(tmp_path: Path) -> None:
    write(tmp_path / "out", "two")
    (tmp_path / ".out.previous").mkdir()
    recover(tmp_path / "out")
    assert (tmp_path / "out" / "ours.txt").read_text() == "two"


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write(tmp_path / "out", "one")
    assert names(tmp_path / "out") == ["ours.txt"]


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").touch()
    with pytest.raises(OutputError, match=r"not ours to replace \(thesis.doc\); choose"):
        write(tmp_path, "one")
    with pytest.raises(OutputError, match="is a file, expected a folder"):
        write(tmp_path / "thesis.doc", "one")
    with pytest.raises(OutputError, match=r"cannot write .*out: .* or choose another --out"):
        write(tmp_path / "thesis.doc" / "out", "one")
    assert names(tmp_path) == ["thesis.doc"]


def test_a_file_beside_our_own_stays(tmp_path: Path) -> None:
    write(tmp_path / "out", "one")
    (tmp_path / "out" / "thesis.doc").touch()
    with pytest.raises(OutputError, match=r"not ours to replace \(thesis.doc\); choose"):
        write(tmp_path / "out", "two")
    assert (tmp_path / "out" / "ours.txt").read_text() == "one"
    assert names(tmp_path / "out") == ["ours.txt", "thesis.doc"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_disk_that_is_full_for_polars_is_the_same_error(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"out: .*No space left on device"),
        replaced_folder(tmp_path / "out", marker="ours.txt", contents=["ours.txt"]),
    ):
        pl.DataFrame({"a": [1]}).write_parquet("/dev/full")
    assert names(tmp_path) == []


def test_a_full_disk_is_one_clear_error_and_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "out", "one")
    full = OSError(errno.ENOSPC, "No space left on device")
    with (
        pytest.raises(OutputError, match=r"out: No space left on device; make room or"),
        replaced_folder(tmp_path / "out", marker="ours.txt", contents=["ours.txt"]),
    ):
        raise full
    assert (tmp_path / "out" / "ours.txt").read_text() == "one"
    assert names(tmp_path) == ["out"]


def test_a_file_takes_its_place_when_it_is_complete(tmp_path: Path) -> None:
    out = tmp_path / "new" / "report.html"
    for text in ("first", "second"):
        with replaced_file(out) as partial:
            partial.write_text(text)
    killed = out.with_name(".report.html.partial-x")
    killed.write_text("half")
    with pytest.raises(UnicodeEncodeError), replaced_file(out) as partial:
        partial.write_text("\udc80", encoding="utf-8")
    assert list(out.parent.iterdir()) == [out]
    assert out.read_text() == "second"
    blocked = out / "inside-a-file"
    with pytest.raises(OutputError, match="cannot write"), replaced_file(blocked):
        pass
