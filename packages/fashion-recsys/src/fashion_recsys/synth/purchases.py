"""The purchases of the generated shop, day by day.

Every day each customer visits with a probability: the own rate, raised for some days after a visit
(people come back for another size). A visit is a basket of lines. A line is an article drawn by the
day's popularity, mostly from the customer's main group, or another colour of the line before. Some
visits, the more the sooner after the last one, repeat the customer's last articles instead. A line
is one row, sometimes several.

The constants are set by hand so that the log has the shape of the H&M days (see ``facts``). State
per customer is 50 bytes, and a day is written before the next one is drawn: 1.4M customers fit well
within 1 GB.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from fashion_recsys.columns import ARTICLE, CHANNEL, CUSTOMER, DATE, PRICE
from fashion_recsys.synth.articles import Articles
from fashion_recsys.synth.customers import Customers
from fashion_recsys.synth.popularity import Popularity

Ints = npt.NDArray[np.int64]

_RETURN_BOOST = 0.02
_RETURN_DECAY = 0.75
"""A visit adds 0.02 to the next day's probability, 0.02 * 0.75 to the one after, and so on."""
_WEEKDAY = (0.93, 0.86, 1.09, 1.08, 1.03, 1.06, 0.95)
_BASKET = 1.55
_BASKET_SPREAD = 0.85
_MAX_BASKET = 50
_MAIN_GROUP = 0.7
_VARIANT = 0.08
_REMEMBERED = 8
_AGAIN = 0.52
_AGAIN_DAYS = 7.0
_AGAIN_LATER = 0.01
_AGAIN_LINE = 0.85
"""A visit repeats purchases with 0.52 exp(-days since the last visit / 7) + 0.01; then 85% of its
lines do."""
_SINGLE_COPY = 0.92
_REDUCED = 0.2


class Purchases:
    """Draws the rows of one day after the other."""

    def __init__(
        self,
        articles: Articles,
        customers: Customers,
        popularity: Popularity,
        rng: np.random.Generator,
    ) -> None:
        n = len(customers.visit_rate)
        self._articles = articles
        self._customers = customers
        self._popularity = popularity
        self._rng = rng
        self._today = 0
        self._boost = np.zeros(n, dtype=np.float32)
        self._last_visit = np.full(n, -1000, dtype=np.int32)
        self._memory = np.zeros((n, _REMEMBERED), dtype=np.uint32)
        self._bought = np.zeros(n, dtype=np.int64)

    def days(self, last_day: date, n_days: int) -> Iterator[pl.DataFrame]:
        """Yield t_dat, customer, article, price, sales_channel_id of each day, by customer."""
        for days_left in reversed(range(n_days)):
            yield self._day(last_day - timedelta(days=days_left))
            self._popularity.advance()

    def _day(self, day: date) -> pl.DataFrame:
        visitors = self._visitors(_WEEKDAY[day.weekday()])
        sizes = self._basket_sizes(len(visitors))
        visit = np.repeat(np.arange(len(visitors)), sizes)
        place = np.arange(len(visit)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        customer = visitors[visit]
        article = self._popular(customer)
        article = self._variants(article, place)
        article = self._repurchases(article, visitors, visit, place)
        self._remember(visitors, sizes, customer, place, article)
        self._last_visit[visitors] = self._today
        self._today += 1
        online = self._rng.random(len(visitors)) < self._customers.online[visitors]
        copies = self._rng.geometric(_SINGLE_COPY, len(visit))
        return pl.DataFrame(
            {
                CUSTOMER: np.repeat(customer, copies),
                ARTICLE: np.repeat(article, copies),
                PRICE: np.repeat(self._prices(article), copies),
                CHANNEL: np.repeat(np.where(online, 2, 1)[visit], copies),
            }
        ).select(pl.lit(day).alias(DATE), pl.all())

    def _visitors(self, weekday: float) -> Ints:
        chance = self._rng.random(len(self._boost), dtype=np.float32)
        # Each visit brings 0.02 / (1 - 0.75) = 0.08 more, so the own rate makes up the rest.
        visits = chance < weekday * (0.92 * self._customers.visit_rate + self._boost)
        self._boost *= _RETURN_DECAY
        self._boost[visits] += _RETURN_BOOST
        return np.flatnonzero(visits)

    def _basket_sizes(self, n: int) -> Ints:
        sizes = np.ceil(self._rng.lognormal(np.log(_BASKET), _BASKET_SPREAD, n))
        return sizes.clip(1, _MAX_BASKET).astype(np.int64)

    def _popular(self, customer: Ints) -> Ints:
        """Draw an article by popularity for each line."""
        n = len(customer)
        anywhere = self._rng.choice(
            len(self._popularity.group_share), n, p=self._popularity.group_share
        )
        at_home = self._rng.random(n) < _MAIN_GROUP
        group = np.where(at_home, self._customers.main_group[customer], anywhere)
        article = np.empty(n, dtype=np.int64)
        for number, (members, cumulative) in enumerate(self._popularity.groups):
            lines = np.flatnonzero(group == number)
            if len(lines):
                point = self._rng.random(len(lines)) * cumulative[-1]
                article[lines] = members[np.searchsorted(cumulative, point, side="right")]
        return article

    def _variants(self, article: Ints, place: Ints) -> Ints:
        """Turn some lines into another colour of the line before."""
        lines = np.flatnonzero((place > 0) & (self._rng.random(len(place)) < _VARIANT))
        model = article[lines - 1]
        step = self._rng.integers(0, self._articles.product_size[model])
        article[lines] = self._articles.product_begin[model] + step
        return article

    def _repurchases(self, article: Ints, visitors: Ints, visit: Ints, place: Ints) -> Ints:
        """In some visits, turn most lines into the customer's last articles, each once."""
        gap = self._today - self._last_visit[visitors]
        chance = _AGAIN * np.exp(-gap / _AGAIN_DAYS) + _AGAIN_LATER
        again = self._rng.random(len(visitors)) < chance
        known = np.minimum(self._bought[visitors], _REMEMBERED)
        start = self._rng.integers(0, np.maximum(known, 1))
        takes = again[visit] & (place < known[visit]) & (self._rng.random(len(visit)) < _AGAIN_LINE)
        lines = np.flatnonzero(takes)
        who = visitors[visit[lines]]
        back = 1 + (start[visit[lines]] + place[lines]) % known[visit[lines]]
        article[lines] = self._memory[who, (self._bought[who] - back) % _REMEMBERED]
        return article

    def _remember(
        self, visitors: Ints, sizes: Ints, customer: Ints, place: Ints, article: Ints
    ) -> None:
        kept = place < _REMEMBERED
        who = customer[kept]
        self._memory[who, (self._bought[who] + place[kept]) % _REMEMBERED] = article[kept]
        self._bought[visitors] += np.minimum(sizes, _REMEMBERED)

    def _prices(self, article: Ints) -> npt.NDArray[np.float64]:
        reduced = self._rng.random(len(article)) < _REDUCED
        factor = np.where(reduced, self._rng.choice([0.9, 0.8, 0.7, 0.5], len(article)), 1.0)
        prices: npt.NDArray[np.float64] = np.round(self._articles.price[article] * factor, 9)
        return prices
