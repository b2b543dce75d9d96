"""The articles of the generated shop: products with colour variants, attributes and prices."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from fashion_recsys.columns import ARTICLE_ID, ARTICLES
from fashion_recsys.synth import taxonomy

VARIANTS_PER_PRODUCT = 2.23
"""105,542 articles of 47,224 product codes."""
_FIRST_PRODUCT_CODE = 108_775
_PRICE_UNIT = 590
"""Kaggle's prices are multiples of about 1/590 of an unknown currency."""


@dataclass(frozen=True)
class Articles:
    """The articles and what the purchases need to know of them, all in order of the article id.

    Attributes:
        table: Kaggle's 25 columns.
        price: regular price, (n,).
        group: row number of ``taxonomy.INDEXES``, (n,).
        product_begin: first article of the same product, (n,).
        product_size: number of colour variants of the product, (n,).
    """

    table: pl.DataFrame
    price: npt.NDArray[np.float64]
    group: npt.NDArray[np.int64]
    product_begin: npt.NDArray[np.int64]
    product_size: npt.NDArray[np.int64]


def make_articles(n: int, rng: np.random.Generator) -> Articles:
    """Return ``n`` articles."""
    product = _products(n, rng)
    n_products = int(product[-1]) + 1
    begin = np.searchsorted(product, np.arange(n_products))
    size = np.diff(np.append(begin, n))
    types = _draw(taxonomy.PRODUCT_TYPES, n_products, rng)
    indexes = _draw(taxonomy.INDEXES, n_products, rng)
    colours = _draw(taxonomy.COLOURS, n, rng)
    appearances = _draw(taxonomy.APPEARANCES, n_products, rng)
    gaps = rng.integers(1, 36, n_products)
    code = _FIRST_PRODUCT_CODE + np.cumsum(gaps)
    variant = np.arange(n) - begin[product] + 1
    per_product = pl.concat(
        [
            pl.DataFrame({"product_code": code, "department_no": 1000 + types * 10 + indexes}),
            _rows(taxonomy.PRODUCT_TYPES, types),
            _rows(taxonomy.INDEXES.drop("appeal"), indexes),
            _rows(taxonomy.APPEARANCES, appearances),
            _texts(n_products, rng),
        ],
        how="horizontal",
    )
    table = pl.concat(
        [per_product[product], _rows(taxonomy.COLOURS, colours)], how="horizontal"
    ).with_columns(
        pl.Series(ARTICLE_ID, code[product] * 1000 + variant).cast(pl.String).str.zfill(10),
        pl.concat_str("style", pl.lit(" "), pl.col("product_type_name").str.to_lowercase()).alias(
            "prod_name"
        ),
        pl.concat_str("garment_group_name", pl.lit(" "), "index_name").alias("department_name"),
        pl.concat_str("product_type_name", pl.lit(" in "), "description").alias("detail_desc"),
    )
    price = np.exp(rng.normal(np.log(0.036), 0.55, n_products)).clip(2 / _PRICE_UNIT, 0.5)
    price = np.round(price * _PRICE_UNIT) / _PRICE_UNIT
    return Articles(
        table=table.select(ARTICLES.schema.names()),
        price=price[product],
        group=indexes[product],
        product_begin=begin[product],
        product_size=size[product],
    )


def _products(n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return the product number of every article, ascending, with at most 40 variants each."""
    sizes = rng.geometric(1 / VARIANTS_PER_PRODUCT, n).clip(max=40)
    return np.repeat(np.arange(n), sizes)[:n]


def _draw(table: pl.DataFrame, n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    share = table["share"].to_numpy()
    return rng.choice(len(share), n, p=share / share.sum())


def _rows(table: pl.DataFrame, index: npt.NDArray[np.int64]) -> pl.DataFrame:
    return table.drop("share")[index]


def _texts(n: int, rng: np.random.Generator) -> pl.DataFrame:
    """Return a style name and the end of a description for every product."""

    def words(choices: tuple[str, ...]) -> pl.Series:
        return pl.Series(choices)[rng.integers(0, len(choices), n)]

    frame = pl.DataFrame(
        {
            "style": words(taxonomy.STYLE_NAMES),
            "material": words(taxonomy.MATERIALS),
            "detail": words(taxonomy.DETAILS),
        }
    )
    return frame.select(
        "style", pl.format("{} with {}.", "material", "detail").alias("description")
    )
