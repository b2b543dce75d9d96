"""The attributes of articles that have no table: the text that stands most often in the log."""

import polars as pl

_CODE = "__code"
_ROWS = "__rows"
_PENDING = 32
"""Blocks whose counts wait before they are added up."""


class ArticleTexts:
    """Counts the texts beside each article as the log streams past."""

    def __init__(self, names: tuple[str, ...]) -> None:
        """Count the texts of the columns ``names``."""
        self._counts: dict[str, list[pl.DataFrame]] = {name: [] for name in names}

    def add(self, codes: pl.Series, block: pl.DataFrame) -> None:
        """Count the texts of a block, whose articles have the given codes; null is no text."""
        for name, counts in self._counts.items():
            pairs = pl.DataFrame({_CODE: codes, name: block[name]}).drop_nulls()
            counts.append(pairs.group_by(_CODE, name).agg(pl.len().cast(pl.UInt64).alias(_ROWS)))
            if len(counts) > _PENDING:
                counts[:] = [_added(counts, name)]

    def most_frequent(self, n: int) -> pl.DataFrame:
        """Return a row for each of the codes 0 to ``n`` - 1: its most frequent text per column.

        Of equally frequent texts, the first in order of the alphabet; null where there is none.
        """
        found = pl.DataFrame({_CODE: pl.arange(0, n, dtype=pl.UInt32, eager=True)})
        for name, counts in self._counts.items():
            best = (
                _added(counts, name)
                .sort(_CODE, _ROWS, name, descending=[False, True, False])
                .unique(_CODE, keep="first", maintain_order=True)
                .drop(_ROWS)
            )
            found = found.join(best, on=_CODE, how="left", maintain_order="left")
        return found.drop(_CODE)


def _added(counts: list[pl.DataFrame], name: str) -> pl.DataFrame:
    return pl.concat(counts).group_by(_CODE, name).agg(pl.col(_ROWS).sum())
