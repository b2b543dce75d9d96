"""Draw articles by popularity inside cells, for all lines of a day at once.

A cell is a set of articles that tastes are about: an index, a product type in an index, a colour in
an index, a style. The articles are sorted by cell once; each day's cumulative share then gives the
sales of a cell as a difference, and an article of it as a binary search.
"""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_MAX_RISE = 1.5


class Cells:
    """A partition of the articles, and today's shares of the sales in it.

    Attributes:
        usual: share of the sales that each cell has in the long run, (cells,). Tastes are spread
            over the customers by it.
        share: share of today's sales of each cell, (cells,).
    """

    def __init__(self, cell: Ints, n_cells: int, usual: Floats) -> None:
        """Partition the articles.

        Args:
            cell: cell of each article, (articles,).
            n_cells: number of cells; a cell may be empty.
            usual: usual share of the sales of each article, (articles,).
        """
        self._order = np.argsort(cell, kind="stable")
        self._begin = np.searchsorted(cell[self._order], np.arange(n_cells + 1))
        self.usual = np.bincount(cell, usual, minlength=n_cells).astype(np.float64)

    def update(self, share: Floats) -> None:
        """Take the shares of a new day, (articles,), in."""
        self._cumulative = np.concatenate(([0.0], np.cumsum(share[self._order])))
        self.share = np.diff(self._cumulative[self._begin])

    def accept(self, cell: Ints, point: Floats) -> npt.NDArray[np.bool_]:
        """Tell which wishes for a cell are fulfilled, given a uniform number for each.

        The chance is the cell's share today over 1.5 times its usual one. Since the wishes come in
        proportion to the usual shares, the fulfilled ones follow today's: tastes bend neither the
        popularity curve nor the seasons. A share that has risen by more than half is cut to that.
        """
        chance = self.share[cell] / np.maximum(_MAX_RISE * self.usual[cell], 1e-300)
        return point < chance

    def draw(self, cell: Ints, point: Floats) -> Ints:
        """Return an article of each cell, by today's shares, given a uniform number for each.

        Every cell must have a share above 0.
        """
        begin, end = self._begin[cell], self._begin[cell + 1]
        low, high = self._cumulative[begin], self._cumulative[end]
        place = np.searchsorted(self._cumulative, low + point * (high - low), side="right") - 1
        articles: Ints = self._order[place.clip(begin, end - 1)]
        return articles
