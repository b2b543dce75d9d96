"""Another shop's log becomes the same data set, or a clear refusal."""

import gzip
import importlib.resources
import os
import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from fashion_recsys import Dataset, InputError, TimeSplit, evaluate
from fashion_recsys.ingestion import shop_rows
from fashion_recsys.ingestion.report import render
from fashion_recsys.ingestion.shop import ingest_log
from fashion_recsys.ingestion.shop_spec import TEXTS, ShopSpec

TOML = """
files = ["log.csv"]
date_format = "%d/%m/%Y %H:%M"
leave_out_articles = ["^POST$", "^GIFT"]
product_code = "^([0-9]+)"

[columns]
date = "When"
customer = "Who"
article = "What"
price = "Paid"
quantity = "Pieces"
channel = "Where"

[articles]
prod_name = "Words"
"""
HEADER = "When,Who,What,Paid,Pieces,Where,Words,Other\n"
ROWS = (
    "02/01/2011 08:00,b,20R,1.5,1,2,red cup,x\n"
    "01/01/2011 08:00,a,20B,1.5,12,1,blue cup,x\n"
    "01/01/2011 09:00,a,20B,1.5,1,1,BLUE CUP,x\n"
    "01/01/2011 10:00,a,20B,1.5,1,1,blue cup,x\n"
    "01/01/2011 11:00,a,3,2,0,1,saucer,x\n"
    "01/01/2011 11:00,a,3,2,-1,1,saucer,x\n"
    "01/01/2011 11:00,,3,2,1,1,saucer,x\n"
    "01/01/2011 11:00,a,POST,2,1,1,post,x\n"
    "01/01/2011 11:00,a,3,-2,1,1,saucer,x\n"
    '03/01/2011 11:00,a,"3",2,1,1,,x\n'
)

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that writes a log and its TOML, and gives the TOML."""

    def write(rows: str = ROWS, toml: str = TOML, header: str = HEADER) -> Path:
        (tmp_path / "log.csv").write_text(header + rows)
        spec = tmp_path / "shop.toml"
        spec.write_text(toml)
        return spec

    return write


def test_columns_are_mapped_and_what_is_no_purchase_is_counted(make: Make, tmp_path: Path) -> None:
    report = ingest_log(make(), tmp_path / "out")
    dataset = Dataset.open(tmp_path / "out")
    no_row = {"has_row": False}  # The shop has no table of articles.
    assert dataset.articles.collect().rows(named=True) == [
        {"article": 0, "article_id": "20B", "prod_name": "blue cup", "product_code": 1} | no_row,
        {"article": 1, "article_id": "20R", "prod_name": "red cup", "product_code": 1} | no_row,
        {"article": 2, "article_id": "3", "prod_name": None, "product_code": 2} | no_row,
    ]
    assert dataset.customers.collect().rows() == [(0, "a", True), (1, "b", True)]
    first = date(2011, 1, 1)
    assert dataset.log.collect().rows() == [
        (first, 0, 0, 1.5, 1),
        (first, 0, 0, 1.5, 1),
        (first, 0, 0, 1.5, 1),
        (date(2011, 1, 2), 1, 1, 1.5, 2),
        (date(2011, 1, 3), 0, 2, 2.0, 1),
    ]
    assert report.left_out == {
        "returns (quantity of 0 or less)": 2,
        "no customer": 1,
        "article like ^POST$": 1,
        "price below 0": 1,
    }
    assert (report.log.rows, report.log.duplicates) == (5, 2)
    assert report.files[0].nulls == {"customer_id": 1, "prod_name": 1}
    assert "Left out 2 rows: returns (quantity of 0 or less)" in render(report).renderables


def test_only_four_columns_are_needed(make: Make, tmp_path: Path) -> None:
    toml = """
files = ["log.csv", "log.csv"]
[columns]
date = "day"
customer = "id"
article = "sku"
price = "p"
"""
    spec = make("0,1,2011-01-02,2\n5,1,2011-01-01,1\n", toml, "p,sku,day,id\n")
    report = ingest_log(spec, tmp_path / "out")
    dataset = Dataset.open(tmp_path / "out")
    assert dataset.articles.collect_schema().names() == ["article", "article_id", "has_row"]
    assert dataset.log.collect()["sales_channel_id"].to_list() == [1] * 4
    assert dataset.log.collect()["price"].to_list() == [5, 5, 0, 0]
    assert report.left_out == {}
    assert [file.rows for file in report.files] == [2, 2]


@pytest.mark.parametrize("ids", [pl.String, pl.Int64, pl.Float64])
def test_parquet_gives_the_same_as_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ids: pl.DataType
) -> None:
    monkeypatch.setattr(shop_rows, "PARQUET_ROWS", 2)
    log = pl.DataFrame(
        {
            "day": [datetime(2011, 1, day, 8) for day in (3, 1, 2, 1, 1)],  # noqa: DTZ001
            "id": pl.Series([7, 8, None, 7, 7], dtype=pl.Int64).cast(ids),
            "sku": ["a", "b", "a", "a", "a"],
            "price": [0.5, 1.0, 2.0, 4.0, 8.0],
        }
    )
    toml = (
        "files = ['log.ENDING']\ndate_format = '%Y-%m-%d %H:%M:%S'\n[columns]\n"
        "date = 'day'\ncustomer = 'id'\narticle = 'sku'\nprice = 'price'\n"
    )
    found = []
    for ending in ("parquet", "csv"):
        path = tmp_path / f"log.{ending}"
        if ending == "csv":
            log.with_columns(pl.col("id").cast(pl.Int64)).write_csv(
                path, datetime_format="%Y-%m-%d %H:%M:%S"
            )
        else:
            log.write_parquet(path)
        (tmp_path / "shop.toml").write_text(toml.replace("ENDING", ending))
        ingest_log(tmp_path / "shop.toml", tmp_path / ending)
        dataset = Dataset.open(tmp_path / ending)
        found.append((dataset.log.collect().rows(), dataset.customers.collect().rows()))
    assert found[0] == found[1]
    assert found[0][1] == [(0, "7", True), (1, "8", True)]
    assert [row[3] for row in found[0][0]] == [1.0, 4.0, 8.0, 0.5]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("price =", "prise ="), r"\[columns\] prise is no key; expected date, customer, article"),
        (("files", "fils"), "fils is no key; expected files, date_format"),
        (('price = "Paid"', ""), r"\[columns\] lacks price; expected price = 'THEIR COLUMN'"),
        (('"Paid"', "3"), r"\[columns\] price is 3; expected a column's name"),
        (("prod_name", "prod_nam"), r"\[articles\] prod_nam is no key; expected prod_name"),
        (('"Words"', '"What"'), "maps the column 'What' twice; expected every column once"),
        (('["log.csv"]', "[]"), r"names no file; expected files = \['log.csv'\]"),
        (('["log.csv"]', '"log.csv"'), "files is 'log.csv'; expected a list of texts"),
        (("log.csv", "lag.csv"), "lag.csv: no such file; .*shop.toml names it"),
        (
            ('"^POST$"', '"(POST"'),
            r"leave_out_articles has '\(POST'; not a pattern: unclosed group",
        ),
        (('"^([0-9]+)"', '"^[0-9]+"'), r"product_code is '.*'; expected a group in parentheses"),
        (("date_format = ", "date_format = 3 #"), "date_format is 3; expected a text"),
        (("[articles]", "articles = 3\n[x]"), "x is no key|articles is"),
        (("[columns]", "[columns"), "shop.toml: is not TOML: "),
        (('"Who"', '"Customer"'), "log.csv:1: the header lacks the column Customer; it has When"),
    ],
)
def test_a_wrong_toml_is_refused(
    make: Make, tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    assert change[0] in TOML
    with pytest.raises(InputError, match=message) as caught:
        ingest_log(make(toml=TOML.replace(*change)), tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("", "log.csv: no valid row below the header; expected at least one"),
        (
            "32/01/2011 08:00,b,20R,1.5,1,2,x,x\n",
            "log.csv:2: When: expected a date in the format %d",
        ),
        ("01/01/2011 08:00,b,20R,cheap,1,2,x,x\n", "log.csv:2: Paid: expected a number, found 'ch"),
        (
            "01/01/2011 08:00,b,20R,1,nan,2,x,x\n",
            "log.csv:2: Pieces: expected a number, found 'nan",
        ),
        ("01/01/2011 08:00,b,20R,1,1,web,x,x\n", "log.csv:2: Where: expected a whole number up to"),
        ("01/01/2011 08:00,b,,1,1,1,x,x\n", "log.csv:2: What: expected text, found nothing"),
        ("01/01/2011 08:00,b\n", "log.csv:2: What: expected text, found nothing"),
        ("01/01/2011 08:00,b,3,1,1,1,x,x,x\n", "log.csv:2: expected 8 values, found 9"),
        (
            "01/01/2011 08:00,b,3,1,-1,1,x,x\n01/01/2011 08:00,,3,1,1,1,x,x\n",
            r"shop.toml: no purchase is left of 2 rows; 1: returns \(quantity.*\), 1: no customer",
        ),
    ],
)
def test_a_wrong_log_is_refused(make: Make, tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ingest_log(make(rows), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_bad_rows_may_be_set_aside(make: Make, tmp_path: Path) -> None:
    report = ingest_log(make(ROWS + "soon,a,3,1,1,1,x,x\n"), tmp_path / "out", max_bad_rows=1)
    assert [row.line for row in report.bad_rows] == [12]


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
def test_a_bad_date_in_row_one_million(tmp_path: Path, ending: str) -> None:
    n = 1_000_100
    bad = pl.int_range(1, n + 1) == 1_000_000
    day = pl.when(bad).then(pl.lit("2011-13-01")).otherwise(pl.lit("2011-12-01"))
    log = pl.select(day.alias("day"), pl.lit("7").alias("id")).with_columns(
        pl.lit("a").alias("sku"), pl.lit("1").alias("price")
    )
    path = tmp_path / f"log.{ending}"
    if ending == "parquet":
        log.write_parquet(path)
    else:
        data = log.write_csv().encode()
        path.write_bytes(gzip.compress(data, 1) if ending == "csv.gz" else data)
    spec = tmp_path / "shop.toml"
    spec.write_text(
        f"files = ['{path.name}']\n[columns]\ndate = 'day'\ncustomer = 'id'\narticle = 'sku'\n"
        "price = 'price'\n"
    )
    line = 1_000_000 if ending == "parquet" else 1_000_001
    expected = (
        f"{path.name}:{line}: day: expected a date in the format %Y-%m-%d, found '2011-13-01'"
    )
    with pytest.raises(InputError, match=expected):
        ingest_log(spec, tmp_path / "out")
    if ending == "csv.gz":
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(InputError, match="the compressed data is cut off or damaged"):
            ingest_log(spec, tmp_path / "out", max_bad_rows=1)


def test_parquet_that_is_not_what_it_should_be(tmp_path: Path) -> None:
    spec = tmp_path / "shop.toml"
    spec.write_text(
        "files = ['log.parquet']\n[columns]\ndate = 'day'\ncustomer = 'id'\narticle = 'sku'\n"
        "price = 'price'\n"
    )
    log = pl.DataFrame({"day": [date(2011, 1, 1)], "id": [1], "sku": ["a"], "price": [1.0]})
    for frame, message in (
        (log.drop("sku"), "log.parquet: lacks the column sku; it has day, id, price"),
        (log.clear(), "log.parquet: no valid row; expected at least one"),
        (log.with_columns(day=pl.lit(3)), "log.parquet:1: day: expected a date in the format"),
    ):
        frame.write_parquet(tmp_path / "log.parquet")
        with pytest.raises(InputError, match=message):
            ingest_log(spec, tmp_path / "out")
    (tmp_path / "log.parquet").write_text("no parquet, but text")
    with pytest.raises(InputError, match=r"log\.parquet: is not Parquet or is damaged"):
        ingest_log(spec, tmp_path / "out")


@pytest.fixture(scope="module")
def retail() -> Path:
    """Return UCI's file, which a clone does not have."""
    beside = Path(__file__).resolve().parents[4].parent / "shared" / "data"
    name = "retail/online_retail_II.parquet"
    path = Path(os.environ.get("ML_SYSTEMS_DATA", beside)) / name
    if not path.is_file():
        pytest.skip(f"UCI's file is not here; set ML_SYSTEMS_DATA to the folder that holds {name}")
    return path


EXAMPLE = importlib.resources.files("fashion_recsys") / "ingestion/examples/online_retail.toml"


def test_the_example_maps_ucis_online_retail(retail: Path, tmp_path: Path) -> None:
    shutil.copy(str(EXAMPLE), tmp_path / "online_retail.toml")
    (tmp_path / "online_retail_II.parquet").symlink_to(retail)
    report = ingest_log(tmp_path / "online_retail.toml", tmp_path / "out")
    assert (report.log.rows, report.customers.total, report.articles.total) == (759_280, 5796, 4609)
    assert report.left_out == {
        "returns (quantity of 0 or less)": 21_990,
        "no customer": 218_519,
        "article like ^[^0-9]": 2_768,
    }
    dataset = Dataset.open(tmp_path / "out")
    split = TimeSplit.of_last_days(dataset.first_day, dataset.last_day, test_days=7)
    scores = {(s.ranking, s.group): s for s in evaluate(dataset, split, ks=(12,)).scores}
    both = scores["own purchases + best sellers", "all"]
    assert both.customers == 551
    assert both.map_at_12 == pytest.approx(0.11785, abs=1e-4)
    assert scores["best sellers", "all"].map_at_12 == pytest.approx(0.05584, abs=1e-4)


def test_the_example_names_what_a_toml_may_hold(tmp_path: Path) -> None:
    (tmp_path / "online_retail_II.parquet").touch()
    (tmp_path / "example.toml").write_text(EXAMPLE.read_text())
    spec = ShopSpec.read(tmp_path / "example.toml")
    assert spec.columns["date"] == "InvoiceDate"
    assert set(spec.attributes) <= set(TEXTS)
    with pytest.raises(InputError, match=r"none\.toml: no such file; expected a TOML"):
        ShopSpec.read(tmp_path / "none.toml")
