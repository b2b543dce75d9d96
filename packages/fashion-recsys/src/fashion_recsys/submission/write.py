"""Write a Kaggle submission from final lists that come in shards.

The lists of all customers are one dense array (customers, 12) of u32, 66 MB for 1.4M customers, so
shards may come in any order and a customer without a list is simply an empty row. Rows are then
filled up and written in blocks of ``_BLOCK`` customers: the text of 276 MB never stands in memory.
1.4M customers take 6 s, with gz 20 s. The file appears under its name when it is complete.
"""

import gzip
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import polars as pl

from fashion_recsys.columns import ARTICLE, ARTICLE_ID, CUSTOMER, CUSTOMER_ID, RANK
from fashion_recsys.errors import OutputError, SettingError
from fashion_recsys.files import replaced_file
from fashion_recsys.progress import Progress, silent
from fashion_recsys.submission.form import (
    HEADER,
    PLACES,
    SubmissionReport,
    check_article_ids,
    expected_customers,
)

Lists = npt.NDArray[np.uint32]

_FREE = np.iinfo(np.uint32).max
_BLOCK = 50_000


def write_submission(
    final: Iterable[pl.DataFrame],
    customers: pl.DataFrame,
    articles: pl.DataFrame,
    fill: pl.Series,
    out: Path,
    *,
    progress: Progress = silent,
) -> SubmissionReport:
    """Write the rows of all customers of the customers file, compressed if ``out`` ends in gz.

    Args:
        final: tables of customer, article, rank (from 1; beyond 12 ignored); each customer in one
            of them at most, in any order. Customers that are not asked for are left out.
        customers: customer, customer_id, has_row; sorted by customer.
        articles: article, article_id; sorted by article.
        fill: articles for the free places, best first, such as the best sellers: 24 always suffice.
        out: the file; an earlier one is replaced when the new one is complete.
        progress: told how far the writing is.

    Raises:
        DatasetError: article ids are not ten digits, or nobody stands in the customers file.
        SettingError: a list is not valid, or ``fill`` is too short.
        OutputError: the file cannot be written, or its ending promises another format.
    """
    if out.suffix not in (".csv", ".gz") and not out.is_dir():  # a folder is refused below
        raise OutputError(f"{out}: expected a name that ends in .csv or .csv.gz; choose another")
    check_article_ids(articles)
    asked = expected_customers(customers)
    lists = _collect(final, customers.height, articles.height)
    filler = _checked_fill(fill, articles.height)
    used = np.zeros(articles.height, np.bool_)
    ids = articles[ARTICLE_ID]
    with replaced_file(out) as partial, _opened(partial, zipped=out.suffix == ".gz") as stream:
        stream.write(f"{HEADER}\n".encode())
        for begin in range(0, asked.height, _BLOCK):
            block = asked[begin : begin + _BLOCK]
            rows = _filled(lists[block[CUSTOMER].to_numpy()], filler, block[CUSTOMER_ID])
            used[rows] = True
            stream.write(_text(block[CUSTOMER_ID], rows, ids))
            progress("write submission", min(1.0, (begin + _BLOCK) / asked.height))
    return SubmissionReport(asked.height, int(used.sum()))


def _collect(final: Iterable[pl.DataFrame], n_customers: int, n_articles: int) -> Lists:
    """Return the lists as (customers, 12), ``_FREE`` where there is no article."""
    lists = np.full((n_customers, PLACES), _FREE, np.uint32)
    for shard in final:
        top = shard.filter(pl.col(RANK).is_between(1, PLACES))
        who, what = top[CUSTOMER].to_numpy(), top[ARTICLE].to_numpy()
        place = top[RANK].to_numpy().astype(np.int64) - 1
        for name, numbers, limit in ((CUSTOMER, who, n_customers), (ARTICLE, what, n_articles)):
            if len(numbers) and numbers.max() >= limit:
                raise SettingError(
                    f"a list names {name} {numbers.max()}, expected less than {limit:,}; give "
                    "the lists and tables of one data set"
                )
        cells = who.astype(np.int64) * PLACES + place
        taken = (lists.ravel()[cells] != _FREE) | _repeated(cells)
        if taken.any():
            row = int(np.flatnonzero(taken)[0])
            raise SettingError(
                f"customer {who[row]} has two articles at rank {place[row] + 1}; give each "
                "customer one list"
            )
        lists.ravel()[cells] = what
    return lists


def _repeated(values: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return which values stand earlier in the array."""
    repeated = np.ones(len(values), np.bool_)
    repeated[np.unique(values, return_index=True)[1]] = False
    return repeated


def _checked_fill(fill: pl.Series, n_articles: int) -> Lists:
    filler = fill.unique(maintain_order=True).head(2 * PLACES).to_numpy().astype(np.uint32)
    if len(filler) and filler.max() >= n_articles:
        raise SettingError(
            f"the fill list names article {filler.max()}, expected less than {n_articles:,}"
        )
    return filler


def _filled(lists: Lists, filler: Lists, ids: pl.Series) -> Lists:
    """Move free places to the end and fill them with the first fillers that a list lacks."""
    ordered = np.sort(lists, axis=1)
    doubled = ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != _FREE)).any(axis=1)
    if doubled.any():
        raise SettingError(
            f"the list of customer {ids[int(np.flatnonzero(doubled)[0])]} has an article twice"
        )
    offered = np.broadcast_to(filler, (len(lists), len(filler))).copy()
    offered[(offered[:, :, None] == lists[:, None, :]).any(axis=2)] = _FREE
    wide = np.concatenate([lists, offered], axis=1)
    order = np.argsort(wide == _FREE, axis=1, kind="stable")[:, :PLACES]
    rows = np.take_along_axis(wide, order, axis=1)
    short = (rows == _FREE).sum(axis=1)
    if short.any():
        first = int(np.flatnonzero(short)[0])
        raise SettingError(
            f"customer {ids[first]} gets {PLACES - short[first]} articles, expected {PLACES}; "
            f"give a longer fill list than {len(filler)}"
        )
    return rows


def _text(customer_ids: pl.Series, rows: Lists, article_ids: pl.Series) -> bytes:
    columns = [article_ids.gather(rows[:, place]).alias(str(place)) for place in range(PLACES)]
    predictions = pl.select(pl.concat_str(columns, separator=" ")).to_series()
    table = pl.DataFrame({CUSTOMER_ID: customer_ids, "prediction": predictions})
    return table.write_csv(include_header=False).encode()


@contextmanager
def _opened(path: Path, *, zipped: bool) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """Open for writing; a compressed file holds no name and no time, so same lists, same bytes."""
    with path.open("wb") as plain:
        if not zipped:
            yield plain
            return
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=plain, mtime=0) as packed:
            yield packed
