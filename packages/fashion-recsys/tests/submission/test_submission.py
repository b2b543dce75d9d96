"""The submission file: what is written, what is refused, and that the validator takes it."""

import gzip
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashion_recsys import DatasetError, InputError, OutputError, SettingError
from fashion_recsys.submission import validate as validate_module
from fashion_recsys.submission import write as write_module
from fashion_recsys.submission.form import SubmissionReport
from fashion_recsys.submission.validate import validate_submission
from fashion_recsys.submission.write import write_submission

ARTICLES = pl.DataFrame(
    {"article": range(40), "article_id": [f"{number:010d}" for number in range(100, 140)]},
    schema_overrides={"article": pl.UInt32},
)
CUSTOMERS = pl.DataFrame(
    {
        "customer": range(5),
        "customer_id": [f"{number:064x}" for number in range(5)],
        "has_row": [True, True, False, True, True],
    },
    schema_overrides={"customer": pl.UInt32},
)
FILL = pl.Series(range(30), dtype=pl.UInt32)
Lists = dict[int, list[int]]


def shard(lists: Lists) -> pl.DataFrame:
    rows = [(c, a, place + 1) for c, articles in lists.items() for place, a in enumerate(articles)]
    schema = {"customer": pl.UInt32, "article": pl.UInt32, "rank": pl.UInt32}
    return pl.DataFrame(rows, schema=schema, orient="row").sample(
        fraction=1.0, shuffle=True, seed=0
    )


def row(customer: int, articles: list[int]) -> str:
    return f"{customer:064x}," + " ".join(f"{100 + article:010d}" for article in articles)


def test_every_customer_of_the_file_gets_twelve(tmp_path: Path) -> None:
    out = tmp_path / "new" / "submission.csv"
    shards = [shard({3: [39, 1, 38]}), shard({2: [5], 0: list(range(20, 40))})]
    report = write_submission(iter(shards), CUSTOMERS, ARTICLES, FILL, out)
    lines = out.read_text().split("\n")
    assert lines == [
        "customer_id,prediction",
        row(0, list(range(20, 32))),
        row(1, list(range(12))),
        row(3, [39, 1, 38, 0, 2, 3, 4, 5, 6, 7, 8, 9]),
        row(4, list(range(12))),
        "",
    ]
    assert report == SubmissionReport(customers=4, articles=26)
    assert validate_submission(out, CUSTOMERS, ARTICLES) == report
    assert [path.name for path in out.parent.iterdir()] == ["submission.csv"]


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(st.integers(0, 4), st.lists(st.integers(0, 39), unique=True, max_size=14)),
    st.integers(1, 3),
    st.integers(1, 300),
)
def test_any_lists_in_any_blocks_are_valid(
    tmp_path_factory: pytest.TempPathFactory, lists: Lists, block: int, n_bytes: int
) -> None:
    out = tmp_path_factory.mktemp("out") / "submission.csv.gz"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write_module, "_BLOCK", block)
        patch.setattr(validate_module, "_BLOCK_BYTES", n_bytes)
        shards = [shard({customer: articles}) for customer, articles in lists.items()]
        report = write_submission(shards, CUSTOMERS, ARTICLES, FILL, out)
        assert validate_submission(out, CUSTOMERS, ARTICLES) == report
    written = gzip.decompress(out.read_bytes()).decode().splitlines()[1:]
    for customer, text in zip((0, 1, 3, 4), written, strict=True):
        own = lists.get(customer, [])[:12]
        filled = own + [article for article in range(30) if article not in own]
        assert text == row(customer, filled[:12])


def test_same_lists_same_bytes(tmp_path: Path) -> None:
    outs = [tmp_path / name for name in ("a.csv.gz", "b.csv.gz")]
    for out in outs:
        write_submission([shard({0: [1]})], CUSTOMERS, ARTICLES, FILL, out)
    assert outs[0].read_bytes() == outs[1].read_bytes()


@pytest.mark.parametrize("name", ["submission.zip", "submission"])
def test_a_name_that_promises_another_format(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    out.write_text("kept")
    with pytest.raises(OutputError, match=r"expected a name that ends in \.csv or \.csv\.gz"):
        write_submission([shard({0: [1]})], CUSTOMERS, ARTICLES, FILL, out)
    assert out.read_text() == "kept"


@pytest.mark.parametrize(
    ("shards", "fill", "message"),
    [
        ([shard({7: [1]})], FILL, "a list names customer 7, expected less than 5"),
        ([shard({0: [40]})], FILL, "a list names article 40, expected less than 40"),
        ([shard({0: [1]}), shard({0: [2]})], FILL, "customer 0 has two articles at rank 1"),
        ([pl.concat([shard({0: [1]})] * 2)], FILL, "customer 0 has two articles at rank 1"),
        ([shard({0: [1, 2, 1]})], FILL, f"list of customer {0:064x} has an article twice"),
        ([shard({0: [1, 2]})], FILL.head(4), "gets 4 articles, expected 12; give a longer"),
        ([], FILL + 30, "the fill list names article"),
    ],
)
def test_lists_that_cannot_be_written(
    tmp_path: Path, shards: list[pl.DataFrame], fill: pl.Series, message: str
) -> None:
    out = tmp_path / "submission.csv"
    out.write_text("the last good one")
    with pytest.raises(SettingError, match=message):
        write_submission(shards, CUSTOMERS, ARTICLES, fill, out)
    assert out.read_text() == "the last good one"
    assert list(tmp_path.iterdir()) == [out]


def test_data_that_has_no_submission(tmp_path: Path) -> None:
    out = tmp_path / "submission.csv"
    shop = ARTICLES.with_columns(pl.col("article_id").str.slice(4))
    for call in (
        lambda: write_submission([], CUSTOMERS, shop, FILL, out),
        lambda: validate_submission(out, CUSTOMERS, shop),
    ):
        with pytest.raises(DatasetError, match=r"ids of ten digits, found '000100' \(40 of 40"):
            call()
    nobody = CUSTOMERS.with_columns(pl.lit(value=False).alias("has_row"))
    with pytest.raises(DatasetError, match="found none"):
        write_submission([], nobody, ARTICLES, FILL, out)
    with pytest.raises(OutputError, match="is a folder"):
        write_submission([], CUSTOMERS, ARTICLES, FILL, tmp_path)


GOOD = ["customer_id,prediction", *(row(c, list(range(12))) for c in (0, 1, 3, 4))]


@pytest.mark.parametrize(
    "fault",
    [
        (0, "customer,prediction", ":1: expected the header 'customer_id,prediction', found"),
        (2, row(1, list(range(11))), ":3: expected 12 articles, found '11'"),
        (2, row(1, list(range(13))), ":3: expected 12 articles, found '13'"),
        (2, row(1, [0, *range(11)]), ":3: expected different articles, found '0000000100 twice'"),
        (2, row(1, [*range(11), 50]), ":3: expected an article of the articles file, found"),
        (2, row(1, list(range(12))).replace(" 0", "  0", 1), ":3: expected article ids of ten"),
        (2, row(1, list(range(12)))[:-1], ":3: expected article ids of ten digits.*, found '0000"),
        (2, row(1, list(range(12))) + "\r", ":3: expected article ids of ten digits"),
        (2, f"{1:064x}", ":3: expected customer_id,prediction, found"),
        (2, "", ":3: expected customer_id,prediction, found ''"),
        (2, row(2, list(range(12))), ":3: expected the id of a customer of the customers file"),
        (3, row(0, list(range(12))), f":4: expected each customer once, found '{0:064x} again, fi"),
    ],
)
@pytest.mark.parametrize("n_bytes", [1 << 20, 100])
def test_bad_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: tuple[int, str, str], n_bytes: int
) -> None:
    place, text, message = fault
    monkeypatch.setattr(validate_module, "_BLOCK_BYTES", n_bytes)
    path = tmp_path / "submission.csv"
    path.write_bytes("\n".join([*GOOD[:place], text, *GOOD[place + 1 :], ""]).encode())
    with pytest.raises(InputError, match=message):
        validate_submission(path, CUSTOMERS, ARTICLES)


def test_missing_customers_and_files(tmp_path: Path) -> None:
    path = tmp_path / "submission.csv"
    path.write_text("\n".join(GOOD[:3]))
    with pytest.raises(InputError, match=f"each of 4 customers, 2 are missing, such as {3:064x}"):
        validate_submission(path, CUSTOMERS, ARTICLES)
    path.write_text("")
    with pytest.raises(InputError, match=":1: expected the header"):
        validate_submission(path, CUSTOMERS, ARTICLES)
    with pytest.raises(InputError, match="cannot read a submission here"):
        validate_submission(tmp_path / "none.csv", CUSTOMERS, ARTICLES)
    packed = tmp_path / "cut.csv.gz"
    packed.write_bytes(gzip.compress("\n".join(GOOD).encode())[:-12])
    with pytest.raises(InputError, match="cannot read a submission here"):
        validate_submission(packed, CUSTOMERS, ARTICLES)
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\n")
    with pytest.raises(InputError, match="cannot read a submission here"):
        validate_submission(binary, CUSTOMERS, ARTICLES)


def test_a_file_without_a_last_newline_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "submission.csv"
    path.write_text("\n".join(GOOD))
    assert validate_submission(path, CUSTOMERS, ARTICLES) == SubmissionReport(4, 12)
