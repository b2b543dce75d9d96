"""Raw files are found and read however they are packed, and refused with a reason otherwise."""

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from fashion_recsys import InputError
from fashion_recsys.columns import ARTICLES, TRANSACTIONS, RawTable
from fashion_recsys.ingestion.sources import RawFile, find_files


def read(raw: RawFile) -> bytes:
    with raw.open() as (stream, fraction_read):
        data = stream.read()
        assert fraction_read() > 0
    return data


@pytest.mark.parametrize("packing", ["csv", "gz", "zip", "one"])
def test_every_packing_gives_the_same_bytes(make_raw: Callable[..., Path], packing: str) -> None:
    plain = [read(file) for file in find_files(make_raw())]
    assert [read(file) for file in find_files(make_raw(packing=packing))] == plain


def test_kaggles_zip_itself_may_be_given(make_raw: Callable[..., Path]) -> None:
    files = find_files(make_raw(packing="one") / "h-and-m.zip")
    assert [file.member for file in files] == [
        "articles.csv",
        "customers.csv",
        "transactions_train.csv",
    ]


def test_the_content_decides_and_not_the_ending(make_raw: Callable[..., Path]) -> None:
    folder = make_raw()
    path = folder / "articles.csv"
    data = path.read_bytes()
    path.write_bytes(gzip.compress(data))
    assert read(find_files(folder)[0]) == data
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("articles.csv", data)
    assert read(find_files(folder)[0]) == data


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere: no such folder; expected one with Kaggle's"):
        find_files(tmp_path / "nowhere")


def test_missing_file_says_what_the_folder_holds(make_raw: Callable[..., Path]) -> None:
    folder = make_raw()
    (folder / "customers.csv").rename(folder / "clients.csv")
    with pytest.raises(
        InputError, match=r"no customers\.csv, .* holds articles\.csv, clients\.csv"
    ):
        find_files(folder)


def test_a_table_given_twice(make_raw: Callable[..., Path]) -> None:
    folder = make_raw()
    (folder / "articles.csv.gz").write_bytes(b"")
    with pytest.raises(InputError, match=r"both articles\.csv and articles\.csv\.gz; keep one"):
        find_files(folder)


def test_zip_with_the_wrong_member(make_raw: Callable[..., Path]) -> None:
    folder = make_raw(packing="zip")
    with zipfile.ZipFile(folder / "articles.csv.zip", "w") as archive:
        archive.writestr("readme.txt", "no articles")
    with pytest.raises(InputError, match=r"one articles\.csv, found no; it holds readme\.txt"):
        find_files(folder)


def test_a_file_that_is_no_zip_given_as_the_source(tmp_path: Path) -> None:
    path = tmp_path / "h-and-m.zip"
    path.write_text("surprise")
    with pytest.raises(InputError, match="expected a zip archive"):
        find_files(path)
    table = path.rename(tmp_path / "articles.csv")
    with pytest.raises(InputError, match=r"expected a folder .* this is another file"):
        find_files(table)


@pytest.mark.parametrize("packing", ["gz", "zip"])
def test_a_file_cut_off_in_the_middle(
    make_raw: Callable[..., Path], raw: dict[RawTable, list[list[str]]], packing: str
) -> None:
    folder = make_raw({TRANSACTIONS: raw[TRANSACTIONS] * 5000}, packing=packing)
    path = next(folder.glob("transactions_train*"))
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(InputError, match=r"transactions_train.*download it again"):
        read(find_files(folder)[2])


def test_damaged_gzip(tmp_path: Path) -> None:
    path = tmp_path / "articles.csv.gz"
    data = bytearray(gzip.compress(b"article_id\n" * 1000))
    data[20] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(InputError, match="cut off or damaged"):
        read(RawFile(ARTICLES, path))


def test_encrypted_zip(make_raw: Callable[..., Path]) -> None:
    folder = make_raw(packing="zip")
    path = folder / "articles.csv.zip"
    data = bytearray(path.read_bytes())
    # Bit 0 of the general purpose flags, in the local header and in the central directory.
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"encrypted; unpack it"):
        read(find_files(folder)[0])


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read(RawFile(ARTICLES, tmp_path))
