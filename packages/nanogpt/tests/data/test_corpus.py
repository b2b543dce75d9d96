"""Reading text files, folders and JSON records, above all bad ones."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanogpt.data import corpus as corpus_module
from nanogpt.data import sources
from nanogpt.data.config import CorpusConfig
from nanogpt.data.corpus import Corpus, open_corpus, read_corpus, unit_sha256
from nanogpt.errors import ConfigError, CorpusError


def corpus_of(path: Path) -> Corpus:
    return open_corpus(CorpusConfig(corpus=str(path)))


def text_in_units(corpus: Corpus, unit_bytes: int) -> list[str]:
    return ["".join(p.text for p in corpus.pieces(unit)) for unit in corpus.units(unit_bytes)]


def test_line_ends_and_byte_order_mark_are_normalised(tmp_path: Path) -> None:
    path = tmp_path / "windows.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert read_corpus(str(path)) == "one\ntwo\n"


def test_byte_order_mark_inside_a_text_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "inside.txt"
    path.write_text("one \ufeff", encoding="utf-8")
    assert text_in_units(corpus_of(path), 3) == ["one", " \ufeff"]


@pytest.mark.parametrize("unit_bytes", [4, 1 << 20])
def test_bad_byte_is_located(tmp_path: Path, unit_bytes: int) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes("zwei\nZeilen: gr\u00fcn".encode("latin-1"))
    corpus = Corpus("latin", (corpus_module._text_file(path),), "text")
    with pytest.raises(
        CorpusError, match=r"latin.txt is not UTF-8: byte 0xfc at offset 15 \(line 2\)"
    ):
        text_in_units(corpus, unit_bytes)


def test_bad_byte_far_inside_is_located(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "PIECE_BYTES", 64)
    path = tmp_path / "long.txt"
    path.write_bytes(b"a line of it\n" * 100 + b"\xff" + b"\nand more" * 100)
    with pytest.raises(CorpusError, match=r"byte 0xff at offset 1300 \(line 101\)"):
        read_corpus(str(path))


@pytest.mark.parametrize("content", [b"", b" \n\n", b"\xef\xbb\xbf"])
def test_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "empty.txt"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=r"empty.txt holds no text"):
        read_corpus(str(path))


def test_missing_file_names_the_alternatives(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no file .*none.txt; expected .* or 'shakespeare'"):
        read_corpus(str(tmp_path / "none.txt"))


def test_what_is_neither_file_nor_folder_is_refused() -> None:
    with pytest.raises(CorpusError, match="/dev/null is no regular file"):
        read_corpus("/dev/null")


@given(st.text("ab'\u00e9\u4e2d. \n\r", max_size=200), st.integers(1, 50))
def test_units_hold_all_text_once(
    tmp_path_factory: pytest.TempPathFactory, text: str, unit_bytes: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "units.txt"
    path.write_bytes(b"x" + text.encode())
    whole = "x" + text.replace("\r\n", "\n")
    assert read_corpus(str(path)) == whole
    assert "".join(text_in_units(corpus_of(path), unit_bytes)) == whole


def test_text_without_a_space_is_cut_between_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus_module, "WINDOW", 8)
    path = tmp_path / "spaceless.txt"
    path.write_text("\u4e2d" * 20, encoding="utf-8")
    units = text_in_units(corpus_of(path), 8)
    assert [len(unit) for unit in units] == [5, 5, 5, 5]


def test_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    for name, text in {"b.txt": "two", "a.md": "one", "part/c": "three", ".git": "no"}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "empty").write_text("")
    assert read_corpus(str(tmp_path)) == "one\ntwo\nthree"
    assert text_in_units(corpus_of(tmp_path), 6) == ["onetwo", "three"]


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="holds no text"):
        read_corpus(str(tmp_path))


def test_bad_byte_in_a_folder_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "good").write_text("good")
    (tmp_path / "worse").write_bytes(b"\x00\x89PNG")
    with pytest.raises(CorpusError, match=r"worse is not UTF-8: byte 0x89 at offset 1"):
        read_corpus(str(tmp_path))


@given(st.lists(st.text(max_size=30), min_size=1), st.integers(1, 200))
def test_records_are_documents(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], unit_bytes: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "records.jsonl"
    lines = [json.dumps({"id": 1, "text": text}, ensure_ascii=False) for text in texts]
    path.write_bytes("\r\n\n".join(lines).encode())
    corpus = Corpus("records", (corpus_module._text_file(path),), "text")
    pieces = [piece for unit in corpus.units(unit_bytes) for piece in corpus.pieces(unit)]
    assert [piece.text for piece in pieces] == [text.replace("\r\n", "\n") for text in texts]
    assert all(piece.opens for piece in pieces)


@pytest.mark.parametrize(
    ("line", "got"),
    [
        (b'{"text": "cut', r"got what is no JSON \(Unterminated string"),
        (b"[" * 100_000, r"got what is no JSON \("),
        (b'["text"]', "got a value of type list"),
        (b"null", "got a value of type NoneType"),
        (b'{"body": "x", "n": 1}', "got an object with 'body', 'n'"),
        (b"{}", "got an object with no field"),
        (b'{"text": 5}', "got a value of type int there"),
        (b'{"text": "a\\ud800"}', "got the half of a surrogate pair at character 1"),
    ],
)
@pytest.mark.parametrize("unit_bytes", [10, 1 << 20])
def test_bad_record_is_located(tmp_path: Path, line: bytes, got: str, unit_bytes: int) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"text": "good"}\n\n{"text": "good"}\n' + line + b"\n")
    with pytest.raises(
        CorpusError, match=rf"bad.jsonl line 4: expected a JSON object whose field 'text' .* {got}"
    ):
        text_in_units(corpus_of(path), unit_bytes)


def test_bad_byte_in_a_record_is_located(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b'{"text": "good"}\n{"text": "\xe9"}\n')
    with pytest.raises(CorpusError, match=r"byte 0xe9 at offset 27 \(line 2\)"):
        read_corpus(str(path))


def test_field_of_the_text_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"body": "one"}\n{"body": "two"}')
    corpus = open_corpus(CorpusConfig(corpus=str(path), text_field="body"))
    assert "".join(corpus.texts()) == "one\ntwo"


def test_sample_is_spread_over_the_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_module, "PIECE_BYTES", 10)
    path = tmp_path / "numbers.txt"
    path.write_text(" ".join(f"{n:04}" for n in range(1000)))  # 4,999 bytes
    pieces = list(corpus_of(path).sample(500))
    assert len(pieces) == 50
    numbers = [int(piece.split()[0]) for piece in pieces]
    assert numbers == [0, *range(21, 1000, 20)]  # units are cut at the next space
    assert "".join(corpus_of(path).sample(5000)) == path.read_text()


def test_checksum_of_a_unit_is_that_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("one two three four")
    before = [unit_sha256(unit) for unit in corpus_of(path).units(4)]
    path.write_text("one two thrae four")
    after = [unit_sha256(unit) for unit in corpus_of(path).units(4)]
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True]


def test_file_beside_a_corpus_that_needs_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--file is your copy of 'tiny-shakespeare'"):
        open_corpus(CorpusConfig(corpus="shakespeare", file=tmp_path))
