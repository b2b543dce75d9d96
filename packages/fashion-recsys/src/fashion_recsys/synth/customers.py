"""The customers of the generated shop: Kaggle's attributes, and the habits behind them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from fashion_recsys.columns import CUSTOMER_ID, CUSTOMERS
from fashion_recsys.synth import taxonomy
from fashion_recsys.synth.popularity import Popularity

_CUSTOMERS_PER_POSTAL_CODE = 4
TWO_YEARS = 734
_VISITS = 2.2
"""Median days with a purchase in two years beside the first one; the mean is 5 times that."""
_VISITS_SPREAD = 1.5
_MAX_VISITS = 120.0
FAVOURITES = 2


@dataclass(frozen=True)
class Customers:
    """The customers and their habits, all in order of the customer id.

    Attributes:
        table: Kaggle's 7 columns.
        visit_rate: expected visits per day, (n,).
        sure_visit: day, counted back from the last one, of a visit that is certain, (n,); up to two
            years, since every customer of the real log has bought something.
        main_group: row of ``taxonomy.INDEXES`` that the customer mostly buys from, (n,).
        styles: favourite cells of ``Popularity.styles``, (n, 2).
        types: favourite rows of ``taxonomy.PRODUCT_TYPES``, (n, 2).
        colour: favourite row of ``taxonomy.COLOURS``, (n,).
        online: probability that a visit is on channel 2, (n,).
    """

    table: pl.DataFrame
    visit_rate: npt.NDArray[np.float32]
    sure_visit: npt.NDArray[np.int16]
    main_group: npt.NDArray[np.int8]
    styles: npt.NDArray[np.int16]
    types: npt.NDArray[np.int8]
    colour: npt.NDArray[np.int8]
    online: npt.NDArray[np.float32]


def make_customers(n: int, popularity: Popularity, rng: np.random.Generator) -> Customers:
    """Return ``n`` customers, whose tastes are spread as the articles usually sell."""
    young = rng.random(n) < 0.55
    age = np.where(young, rng.normal(25, 5, n), rng.normal(48, 9, n)).clip(16, 97).round()
    news = rng.random(n) < 0.4
    table = pl.DataFrame(
        {
            CUSTOMER_ID: _hex_ids(n, rng).sort(),
            "FN": np.where(news, 1.0, np.nan),
            "Active": np.where(news & (rng.random(n) < 0.98), 1.0, np.nan),
            "club_member_status": np.where(rng.random(n) < 0.93, "ACTIVE", "PRE-CREATE"),
            "fashion_news_frequency": np.where(news, "Regularly", "NONE"),
            "age": np.where(rng.random(n) < 0.01, np.nan, age),
            "postal_code": _postal_codes(n, rng),
        }
    ).with_columns(pl.col("FN", "Active", "age").fill_nan(None))
    visits = rng.lognormal(np.log(_VISITS), _VISITS_SPREAD, n).clip(max=_MAX_VISITS)
    group = _main_groups(young, popularity.indexes.usual, rng)
    types = taxonomy.PRODUCT_TYPES["share"].to_numpy()
    colours = taxonomy.COLOURS["share"].to_numpy()
    return Customers(
        table=table.select(CUSTOMERS.schema.names()),
        visit_rate=(visits / TWO_YEARS).astype(np.float32),
        sure_visit=rng.integers(0, TWO_YEARS, n, dtype=np.int16),
        main_group=group,
        styles=_styles(group, popularity.styles.usual, rng),
        types=rng.choice(len(types), (n, FAVOURITES), p=types / types.sum()).astype(np.int8),
        colour=rng.choice(len(colours), n, p=colours / colours.sum()).astype(np.int8),
        online=rng.beta(1.5, 0.7, n).astype(np.float32),
    )


def _hex_ids(n: int, rng: np.random.Generator) -> pl.Series:
    raw = rng.bytes(32 * n)
    return pl.Series([raw[32 * i : 32 * (i + 1)] for i in range(n)]).bin.encode("hex")


def _postal_codes(n: int, rng: np.random.Generator) -> pl.Series:
    codes = _hex_ids(max(1, n // _CUSTOMERS_PER_POSTAL_CODE), rng)
    return codes[rng.integers(0, len(codes), n)]


def _main_groups(
    young: npt.NDArray[np.bool_], share: npt.NDArray[np.float64], rng: np.random.Generator
) -> npt.NDArray[np.int8]:
    """Draw main groups; the young prefer the group Divided."""
    divided = taxonomy.INDEXES["index_name"].index_of("Divided")
    groups = np.empty(len(young), dtype=np.int8)
    for is_young, factor in ((True, 1.5), (False, 0.4)):
        weight = share.copy()
        weight[divided] *= factor
        who = young == is_young
        groups[who] = rng.choice(len(share), int(who.sum()), p=weight / weight.sum())
    return groups


def _styles(
    group: npt.NDArray[np.int8], usual: npt.NDArray[np.float64], rng: np.random.Generator
) -> npt.NDArray[np.int16]:
    """Draw two favourite styles, the first of the main group and the second of any."""
    styles = rng.choice(len(usual), (len(group), FAVOURITES), p=usual).astype(np.int16)
    n_styles = len(usual) // taxonomy.INDEXES.height
    for number in range(taxonomy.INDEXES.height):
        who = group == number
        share = usual[number * n_styles : (number + 1) * n_styles]
        if who.any() and share.sum() > 0:
            own = rng.choice(n_styles, int(who.sum()), p=share / share.sum())
            styles[who, 0] = number * n_styles + own
    return styles
