"""The customers of the generated shop: Kaggle's attributes, and the habits behind them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from fashion_recsys.columns import CUSTOMER_ID, CUSTOMERS
from fashion_recsys.synth import taxonomy

_CUSTOMERS_PER_POSTAL_CODE = 4
_TWO_YEARS = 734
_VISITS = 3.3
"""Median days with a purchase in two years; the mean is 6.4 through the long tail."""
_VISITS_SPREAD = 1.15


@dataclass(frozen=True)
class Customers:
    """The customers and their habits, all in order of the customer id.

    Attributes:
        table: Kaggle's 7 columns.
        visit_rate: expected visits per day, (n,).
        main_group: row of ``taxonomy.INDEXES`` that the customer mostly buys from, (n,).
        online: probability that a visit is on channel 2, (n,).
    """

    table: pl.DataFrame
    visit_rate: npt.NDArray[np.float32]
    main_group: npt.NDArray[np.int8]
    online: npt.NDArray[np.float32]


def make_customers(
    n: int, group_share: npt.NDArray[np.float64], rng: np.random.Generator
) -> Customers:
    """Return ``n`` customers, whose main groups have the shares ``group_share``, more or less."""
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
    median = _VISITS / _TWO_YEARS
    return Customers(
        table=table.select(CUSTOMERS.schema.names()),
        visit_rate=rng.lognormal(np.log(median), _VISITS_SPREAD, n).astype(np.float32),
        main_group=_main_groups(young, group_share, rng),
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
