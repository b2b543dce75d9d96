"""The purchases of the generated shop, day by day.

Every day each customer visits with a probability: the own rate, in the season's measure, raised for
some days after a visit (people come back for another size). A visit is a basket of lines. A line is
an article drawn by the day's popularity in a cell that the customer wishes: a favourite style, type
or colour, or else an index (see ``cells``). The lines of a visit mostly share one wish, and a visit
mostly goes on with the wish of a recent one: that is what a model can learn. Some lines are another
colour of the line before; some visits, the more the sooner after the last one, repeat its articles.
A line is one row, sometimes several.

The constants are set by hand so that the log has the shape of the H&M days and years (``facts``).
What cannot be had at once: rows of what was bought more than once are 27% in two years (real: 24%)
although re-buying within five days is 16% (19%), because the visits of frequent customers cluster
more. State per customer is 70 bytes, and a day is written before the next one is drawn: 1.4M
customers fit within 1 GB.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from fashion_recsys.columns import ARTICLE, CHANNEL, CUSTOMER, DATE, PRICE
from fashion_recsys.synth import taxonomy
from fashion_recsys.synth.articles import Articles
from fashion_recsys.synth.cells import Cells, Ints
from fashion_recsys.synth.customers import FAVOURITES, TWO_YEARS, Customers
from fashion_recsys.synth.popularity import Popularity

_RETURN_BOOST = 0.017
_RETURN_DECAY = 0.75
"""A visit adds 0.02 to the next day's probability, 0.02 * 0.75 to the one after, and so on."""
_WEEKDAY = (0.93, 0.86, 1.09, 1.08, 1.03, 1.06, 0.95)
_SEASON = 0.22
_BUSIEST_DAY = 172
"""Real customers buy 1.3 times the mean in June and 0.8 times in February."""
_DECLINE = 0.35
"""The last real days sell a fifth less than the mean of the two years."""
_BASKET = 1.45
_BASKET_SPREAD = 1.05
_MAX_BASKET = 50
_MAIN_GROUP = 0.2
_POPULAR, _STYLE, _TYPE, _COLOUR = range(4)
_WISHES = (0.0, 0.4, 0.4, 0.2)
"""Chances that a line is wished by popularity in an index alone, or in a favourite style, type or
colour; about half of the latter are fulfilled, and the others fall back to popularity."""
_THEME = 0.7
_LOOKING = 0.8
_LOOKING_DAYS = 14.0
"""A visit goes on with the wish of the last one with 0.8 exp(-days between / 14)."""
_VARIANT = 0.15
_REMEMBERED = 8
_AGAIN = 0.43
_AGAIN_DAYS = 7.0
_AGAIN_LATER = 0.002
_AGAIN_LINE = 0.85
"""A visit repeats purchases with 0.52 exp(-days since the last visit / 7) + 0.01; then 85% of its
lines do."""
_SINGLE_COPY = 0.972
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
        self._partitions = {
            _POPULAR: popularity.indexes,
            _STYLE: popularity.styles,
            _TYPE: popularity.types,
            _COLOUR: popularity.colours,
        }
        self._wish = np.full(n, -1, dtype=np.int8)
        self._cell = np.zeros(n, dtype=np.int16)
        self._last_visit = np.full(n, -1000, dtype=np.int32)
        self._memory = np.zeros((n, _REMEMBERED), dtype=np.uint32)
        self._remembered = np.zeros(n, dtype=np.int8)

    def days(self, last_day: date, n_days: int) -> Iterator[pl.DataFrame]:
        """Yield t_dat, customer, article, price, sales_channel_id of each day, by customer."""
        for days_left in reversed(range(n_days)):
            yield self._day(last_day - timedelta(days=days_left), days_left)
            self._popularity.advance()

    def _day(self, day: date, days_left: int) -> pl.DataFrame:
        visitors = self._visitors(_WEEKDAY[day.weekday()] * _busy(day, days_left), days_left)
        sizes = self._basket_sizes(len(visitors))
        visit = np.repeat(np.arange(len(visitors)), sizes)
        place = np.arange(len(visit)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        customer = visitors[visit]
        article = self._chosen(customer, place)
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

    def _visitors(self, busy: float, days_left: int) -> Ints:
        chance = self._rng.random(len(self._boost), dtype=np.float32)
        # Each visit brings 0.02 / (1 - 0.75) = 0.08 more, so the own rate makes up the rest.
        visits = chance < busy * (0.92 * self._customers.visit_rate + self._boost)
        visits |= self._customers.sure_visit == days_left
        self._boost *= _RETURN_DECAY
        self._boost[visits] += _RETURN_BOOST
        return np.flatnonzero(visits)

    def _basket_sizes(self, n: int) -> Ints:
        sizes = np.ceil(self._rng.lognormal(np.log(_BASKET), _BASKET_SPREAD, n))
        return sizes.clip(1, _MAX_BASKET).astype(np.int64)

    def _chosen(self, customer: Ints, place: Ints) -> Ints:
        """Draw an article for each line: by popularity, mostly inside a cell of the taste."""
        n = len(customer)
        shares = self._popularity.indexes.share
        index = self._rng.choice(len(shares), n, p=shares)
        main = self._customers.main_group[customer]
        at_home = (self._rng.random(n) < _MAIN_GROUP) & (shares[main] > 0)
        cell = np.where(at_home, main, index)
        wish = self._rng.choice(len(_WISHES), n, p=_WISHES)
        for number, (cells, favourite) in self._tastes(customer, cell).items():
            accepted = (wish == number) & cells.accept(favourite, self._rng.random(n))
            wish[(wish == number) & ~accepted] = _POPULAR
            cell[accepted] = favourite[accepted]
        self._themes(customer, place, wish, cell)
        article = np.empty(n, dtype=np.int64)
        for number, cells in self._partitions.items():
            lines = np.flatnonzero(wish == number)
            article[lines] = cells.draw(cell[lines], self._rng.random(len(lines)))
        return article

    def _themes(self, customer: Ints, place: Ints, wish: Ints, cell: Ints) -> None:
        """Give most lines of a visit the first line's wish, and that the wish of the last visit.

        Who looks for something looks for days: in the real log, too, what the visits of a week have
        in common is more than what those of a year have.
        """
        opens = np.flatnonzero(place == 0)
        who = customer[opens]
        gap = self._today - self._last_visit[who]
        goes_on = self._rng.random(len(who)) < _LOOKING * np.exp(-gap / _LOOKING_DAYS)
        for number, cells in self._partitions.items():
            lines = np.flatnonzero(goes_on & (self._wish[who] == number))
            lines = lines[cells.share[self._cell[who[lines]]] > 0]
            wish[opens[lines]] = number
            cell[opens[lines]] = self._cell[who[lines]]
        self._wish[who], self._cell[who] = wish[opens], cell[opens]
        lines = np.flatnonzero(self._rng.random(len(place)) < _THEME)
        first = lines - place[lines]
        wish[lines], cell[lines] = wish[first], cell[first]

    def _tastes(self, customer: Ints, index: Ints) -> dict[int, tuple[Cells, Ints]]:
        """Return, for each kind of wish, the cells and the favourite cell of each line."""
        people, popularity = self._customers, self._popularity
        n_types, n_colours = taxonomy.PRODUCT_TYPES.height, taxonomy.COLOURS.height
        either = self._rng.integers(0, FAVOURITES, len(customer))
        return {
            _STYLE: (popularity.styles, people.styles[customer, either].astype(np.int64)),
            _TYPE: (popularity.types, index * n_types + people.types[customer, either]),
            _COLOUR: (popularity.colours, index * n_colours + people.colour[customer]),
        }

    def _variants(self, article: Ints, place: Ints) -> Ints:
        """Turn some lines into another colour of the line before."""
        lines = np.flatnonzero((place > 0) & (self._rng.random(len(place)) < _VARIANT))
        model = article[lines - 1]
        step = self._rng.integers(0, self._articles.product_size[model])
        article[lines] = self._articles.product_begin[model] + step
        return article

    def _repurchases(self, article: Ints, visitors: Ints, visit: Ints, place: Ints) -> Ints:
        """In some visits, turn most lines into articles of the visit before, each once."""
        gap = self._today - self._last_visit[visitors]
        chance = _AGAIN * np.exp(-gap / _AGAIN_DAYS) + _AGAIN_LATER
        again = self._rng.random(len(visitors)) < chance
        known = self._remembered[visitors].astype(np.int64)
        start = self._rng.integers(0, np.maximum(known, 1))
        takes = again[visit] & (place < known[visit]) & (self._rng.random(len(visit)) < _AGAIN_LINE)
        lines = np.flatnonzero(takes)
        who = visitors[visit[lines]]
        remembered = (start[visit[lines]] + place[lines]) % known[visit[lines]]
        article[lines] = self._memory[who, remembered]
        return article

    def _remember(
        self, visitors: Ints, sizes: Ints, customer: Ints, place: Ints, article: Ints
    ) -> None:
        kept = place < _REMEMBERED
        who = customer[kept]
        self._memory[who, place[kept]] = article[kept]
        self._remembered[visitors] = np.minimum(sizes, _REMEMBERED)

    def _prices(self, article: Ints) -> npt.NDArray[np.float64]:
        reduced = self._rng.random(len(article)) < _REDUCED
        factor = np.where(reduced, self._rng.choice([0.9, 0.8, 0.7, 0.5], len(article)), 1.0)
        prices: npt.NDArray[np.float64] = np.round(self._articles.price[article] * factor, 9)
        return prices


def _busy(day: date, days_left: int) -> float:
    """Return the sales of a day as a multiple of the mean, but for the weekday."""
    angle = 2 * np.pi * (day.timetuple().tm_yday - _BUSIEST_DAY) / 365
    trend = 1 + _DECLINE * (min(days_left / TWO_YEARS, 1.0) - 0.5)
    return float(trend * (1 + _SEASON * np.cos(angle)))
