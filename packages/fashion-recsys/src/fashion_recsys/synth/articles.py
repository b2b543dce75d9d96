"""The articles of the generated shop: products with colour variants, attributes and prices."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from fashion_recsys.columns import ARTICLE_ID, ARTICLES
from fashion_recsys.synth import taxonomy
from fashion_recsys.synth.cells import Floats, Ints

VARIANTS_PER_PRODUCT = 2.23
"""105,542 articles of 47,224 product codes."""
_FIRST_PRODUCT_CODE = 108_775
_CODE_GAP = 36
"""Product codes are up to 35 apart."""
_PRICE = 0.0375
_PRICE_SPREAD = 0.3
_STYLE_PRICE_SPREAD = 0.5
_PRICE_UNIT = 1 / 590
"""Prices are multiples of a unit, as Kaggle's are, in an unknown currency."""


@dataclass(frozen=True)
class Articles:
    """The articles and what the purchases need to know of them, all in order of the article id.

    Attributes:
        table: Kaggle's 25 columns.
        price: regular price, (n,).
        group: row number of ``taxonomy.INDEXES``, (n,).
        product_type: row number of ``taxonomy.PRODUCT_TYPES``, (n,).
        colour: row number of ``taxonomy.COLOURS``, (n,).
        style: number of ``taxonomy.STYLE_NAMES``, (n,).
        product_begin: first article of the same product, (n,).
        product_size: number of colour variants of the product, (n,).
    """

    table: pl.DataFrame
    price: Floats
    group: Ints
    product_type: Ints
    colour: Ints
    style: Ints
    product_begin: Ints
    product_size: Ints


def make_articles(n: int, rng: np.random.Generator) -> Articles:
    """Return ``n`` articles."""
    product = _products(n, rng)
    n_products = int(product[-1]) + 1
    begin = np.searchsorted(product, np.arange(n_products))
    size = np.diff(np.append(begin, n))
    index = _draw(taxonomy.INDEXES, n_products, rng)
    types = _draw(taxonomy.PRODUCT_TYPES, n_products, rng)
    style = rng.integers(0, len(taxonomy.STYLE_NAMES), n_products)
    price = _prices(types, index, style, rng)
    colour = _draw(taxonomy.COLOURS, n, rng)
    variant = np.arange(n) - begin[product] + 1
    number = pl.col("product_code") * 1000 + pl.Series(variant)
    colours = _rows(taxonomy.COLOURS, colour)
    products = _product_table(index, types, style, rng)[product]
    table = pl.concat([products, colours], how="horizontal")
    table = table.with_columns(number.cast(pl.String).str.zfill(10).alias(ARTICLE_ID))
    return Articles(
        table=table.select(ARTICLES.schema.names()),
        price=(np.round(price / _PRICE_UNIT) * _PRICE_UNIT)[product],
        group=index[product],
        product_type=types[product],
        colour=colour,
        style=style[product],
        product_begin=begin[product],
        product_size=size[product],
    )


def _prices(types: Ints, index: Ints, style: Ints, rng: np.random.Generator) -> Floats:
    """Return a regular price for each product: that of its type, higher or lower by its style."""
    n_styles = len(taxonomy.STYLE_NAMES)
    level = rng.normal(0, _STYLE_PRICE_SPREAD, taxonomy.INDEXES.height * n_styles)
    log = np.log(_PRICE * taxonomy.PRODUCT_TYPES["price"].to_numpy()[types])
    log += level[index * n_styles + style] + rng.normal(0, _PRICE_SPREAD, len(types))
    return np.exp(log).clip(_PRICE_UNIT, 0.5)


def _product_table(index: Ints, types: Ints, style: Ints, rng: np.random.Generator) -> pl.DataFrame:
    """Return what all colours of a product share."""
    n = len(index)
    appearances = _draw(taxonomy.APPEARANCES, n, rng)
    code = _FIRST_PRODUCT_CODE + np.cumsum(rng.integers(1, _CODE_GAP, n))
    section = style % len(taxonomy.SECTIONS)
    numbers = pl.DataFrame(
        {
            "product_code": code,
            "department_no": 1000 + types * 10 + index,
            "section_no": 1 + index * len(taxonomy.SECTIONS) + section,
            "section": pl.Series(taxonomy.SECTIONS)[section],
            "style": pl.Series(taxonomy.STYLE_NAMES)[style],
        }
    )
    parts = [
        numbers,
        _rows(taxonomy.PRODUCT_TYPES.drop("price", "season", "peak"), types),
        _rows(taxonomy.INDEXES.drop("appeal"), index),
        _rows(taxonomy.APPEARANCES, appearances),
        _words(n, rng),
    ]
    lower = pl.col("product_type_name").str.to_lowercase()
    return pl.concat(parts, how="horizontal").with_columns(
        pl.format("{} {}", "style", lower).alias("prod_name"),
        pl.format("{} {}", "garment_group_name", "index_name").alias("department_name"),
        pl.format("{} {}", "index_name", "section").alias("section_name"),
        pl.format("{} in {} with {}.", "product_type_name", "material", "detail").alias(
            "detail_desc"
        ),
    )


def _products(n: int, rng: np.random.Generator) -> Ints:
    """Return the product number of every article, ascending, with at most 40 variants each."""
    sizes = rng.geometric(1 / VARIANTS_PER_PRODUCT, n).clip(max=40)
    return np.repeat(np.arange(n), sizes)[:n]


def _draw(table: pl.DataFrame, n: int, rng: np.random.Generator) -> Ints:
    share = table["share"].to_numpy()
    return rng.choice(len(share), n, p=share / share.sum())


def _rows(table: pl.DataFrame, index: Ints) -> pl.DataFrame:
    return table.drop("share")[index]


def _words(n: int, rng: np.random.Generator) -> pl.DataFrame:
    """Return the words of the description of ``n`` products."""
    choices = {
        "material": taxonomy.MATERIALS,
        "detail": taxonomy.DETAILS,
    }
    return pl.DataFrame(
        {name: pl.Series(words)[rng.integers(0, len(words), n)] for name, words in choices.items()}
    )
