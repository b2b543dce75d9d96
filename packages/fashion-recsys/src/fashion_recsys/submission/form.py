"""What a submission of the H&M competition looks like: shared by the writer and the validator.

    customer_id,prediction
    00000dba...6657,0706016001 0706016002 ...

One row for every customer of customers.csv (1,371,980 on Kaggle, the rows of its
sample_submission.csv), in any order, with 12 article ids of ten digits, best first, separated by
blanks. Kaggle scores MAP@12 and takes fewer than 12, but a free place can only win, so we demand
12, all different.
"""

from dataclasses import dataclass

import polars as pl

from fashion_recsys.columns import ARTICLE_ID, CUSTOMER_ID, HAS_ROW
from fashion_recsys.errors import DatasetError

HEADER = f"{CUSTOMER_ID},prediction"
PLACES = 12
ARTICLE_PATTERN = "[0-9]{10}"
ROW_PATTERN = f"^([^,]+),({ARTICLE_PATTERN}(?: {ARTICLE_PATTERN}){{{PLACES - 1}}})$"


@dataclass(frozen=True)
class SubmissionReport:
    """What is in a submission."""

    customers: int
    articles: int
    """Different articles over all rows."""


def expected_customers(customers: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of the customers table that a submission must have.

    They are those that stand in the customers file; a customer who stands only in the purchases is
    not asked for.

    Raises:
        DatasetError: nobody stands in the customers file.
    """
    asked = customers.filter(HAS_ROW) if HAS_ROW in customers.columns else customers
    if asked.is_empty():
        raise DatasetError(
            "expected customers with a row in the customers file, found none; a submission has one "
            "row for each of them"
        )
    return asked


def check_article_ids(articles: pl.DataFrame) -> None:
    """Refuse a catalogue whose ids do not fit the form.

    Raises:
        DatasetError: an id is not ten digits.
    """
    ids = articles[ARTICLE_ID]
    bad = ids.filter(~ids.str.contains(f"^{ARTICLE_PATTERN}$"))
    if len(bad):
        raise DatasetError(
            f"expected article ids of ten digits, found {bad[0]!r} ({len(bad):,} of {len(ids):,} "
            "are not); Kaggle's submission is for the H&M data, another shop has no use for it"
        )
