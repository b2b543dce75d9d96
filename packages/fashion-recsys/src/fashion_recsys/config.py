"""One frozen dataclass per command; the command line and its help are made from them.

Nothing heavy is imported here, so that ``--help`` answers at once.
"""

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional


@dataclass(frozen=True)
class Ingest:
    """Check Kaggle's three CSV files and write them as a data set in Parquet.

    Reads articles, customers and transactions_train (.csv, .csv.gz, .csv.zip, or Kaggle's one zip)
    of the H&M competition, https://www.kaggle.com/c/h-and-m-personalized-fashion-recommendations.

    Example: fashion-recsys ingest ~/Downloads/h-and-m --out data/hm
    """

    source: Positional[Path]
    """Folder with the three files, or Kaggle's zip."""
    out: Path = Path("data/hm")
    """Folder to write; an earlier data set in it is replaced when the new one is complete."""
    max_bad_rows: int = 0
    """Rows that may be set aside, over all files, before the input is refused."""
    json: bool = False
    """Print the report as JSON instead of tables."""


@dataclass(frozen=True)
class Evaluate:
    """Measure candidate lists on the last days of a data set.

    Learns from the days before the test period and prints recall@K and MAP@12, for all customers
    and for those with a purchase in the training days (warm).

    Example: fashion-recsys evaluate --data data/hm --test-days 7
    """

    data: Path = Path("data/hm")
    """Folder that ingest wrote."""
    test_days: int | None = None
    """Last days to test on; by default 7, or 1 if the log is shorter than 28 days."""
    train_days: int | None = None
    """Days to learn from, right before the test; by default all."""
    k: tuple[int, ...] = (12, 100, 300, 500, 1000)
    """List lengths of recall."""
    json: bool = False
    """Print JSON instead of a table."""


@dataclass(frozen=True)
class Synth:
    """Generate a data set in the form of Kaggle's three files.

    No row is real, but the shape is: skewed and drifting popularity, baskets, customers who buy
    again. Prints its facts beside those of a real H&M week.

    Example: fashion-recsys synth --out data/generated --customers 200000
    """

    out: Path = Path("data/generated")
    """Folder to write; an earlier one of ours is replaced when the new one is complete."""
    customers: int = 100_000
    """Customers in customers.csv."""
    articles: int = 105_542
    """Articles in articles.csv; the default is the number of H&M's."""
    days: int = 42
    """Days of purchases."""
    seed: int = 0
    """The same seed gives the same files."""
    json: bool = False
    """Print the facts as JSON instead of a table."""


@dataclass(frozen=True)
class Demo:
    """Generate a shop, ingest its files and measure the first recommendations, in under a minute.

    Example: fashion-recsys demo
    """

    out: Path = Path("runs/fashion-recsys-demo")
    """Folder to write."""
    customers: int = 200_000
    """Customers of the generated shop, at least 1,000."""
    seed: int = 0
    """The same seed gives the same shop."""
    json: bool = False
    """Print the result as JSON instead of text."""
