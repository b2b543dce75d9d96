"""Reading a text file, above all a bad one."""

from pathlib import Path

import pytest

from nanogpt.data.corpus import read_corpus
from nanogpt.errors import CorpusError


def test_line_ends_and_byte_order_mark_are_normalised(tmp_path: Path) -> None:
    path = tmp_path / "windows.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert read_corpus(str(path)) == "one\ntwo\n"


def test_bad_byte_is_located(tmp_path: Path) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes("zwei\nZeilen: gr\u00fcn".encode("latin-1"))
    with pytest.raises(
        CorpusError, match=r"latin.txt is not UTF-8: byte 0xfc at offset 15 \(line 2\)"
    ):
        read_corpus(str(path))


@pytest.mark.parametrize("content", [b"", b" \n\n"])
def test_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "empty.txt"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=r"empty.txt holds no text"):
        read_corpus(str(path))


def test_missing_file_names_the_alternatives(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no file .*none.txt; expected .* or 'shakespeare'"):
        read_corpus(str(tmp_path / "none.txt"))


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="is a folder"):
        read_corpus(str(tmp_path))
