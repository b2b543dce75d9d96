"""One frozen dataclass per command; the command line and its help are made from them.

Nothing heavy is imported here, so that ``--help`` answers at once.
"""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from fashion_recsys.candidates.budgets import Budgets
from fashion_recsys.ranking.settings import RankerSettings, RuleSettings
from fashion_recsys.two_tower.settings import TwoTowerSettings


@dataclass(frozen=True)
class Ingest:
    """Check the raw files and write them as a data set in Parquet.

    Reads Kaggle's articles, customers and transactions_train (.csv, .csv.gz, .csv.zip, or all in
    one zip) of the H&M competition, https://www.kaggle.com/c/h-and-m-personalized-fashion-recommendations.

    Another shop's log, one file of purchases in CSV or Parquet, is read through a small TOML that
    names its columns; see the README.

    Example: fashion-recsys ingest ~/Downloads/h-and-m --out data/hm
    """

    source: Positional[Path]
    """Folder with the three files, Kaggle's zip, or the TOML of another shop's log."""
    out: Path = Path("data/hm")
    """Folder to write; an earlier data set in it is replaced when the new one is complete."""
    max_bad_rows: int = 0
    """Rows that may be set aside, over all files, before the input is refused."""
    json: bool = False
    """Print the report as JSON instead of tables."""


@dataclass(frozen=True)
class Baselines:
    """Measure the lists that need no model: best sellers and own purchases.

    Learns from the days before the test period and prints recall@K and MAP@12, for all customers
    and for those with a purchase in the training days (warm). Whatever a model finds, it has to
    find more than these.

    Example: fashion-recsys baselines --data data/hm --test-days 7
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
class Evaluate:
    """Measure every stage on the last periods of a log: the stage ledger.

    For each test period, all stages are fitted on the days before it, and the ranker learns from
    the periods before. Prints, for every candidate source and their union, what it finds beside
    the best sellers, and how good the final lists are, with intervals; saves both as JSON, and a
    report in HTML. Run it again after an interruption: finished stages are kept.

    Example: fashion-recsys evaluate --data data/hm --test-periods 3
    """

    data: Path = Path("data/hm")
    """Kaggle's folder or zip, the TOML of another shop's log, or a folder that ingest wrote."""
    out: Path = Path("runs/fashion-recsys")
    """Folder of the stages' results; they are found again by what they were made from."""
    test_days: int | None = None
    """Days of a period; by default 7, or 1 if the log is shorter than 28 days."""
    test_periods: int = 2
    """Test periods, the last ones of the log, each evaluated with everything fitted before it."""
    train_periods: int = 3
    """Periods right before the test (fewer in a short log) whose purchases the ranker learns."""
    max_train_customers: int = 50_000
    """Customers, drawn at random, whose purchases of a period the ranker learns."""
    warm_since: date | None = None
    """A customer is warm with a purchase on this day or later; by default, with any purchase."""
    ablation: bool = True
    """Rank the last test without each source and each group of features too, to see their worth."""
    budgets: Budgets = field(default_factory=Budgets)
    two_tower: TwoTowerSettings = field(default_factory=TwoTowerSettings)
    ranker: RankerSettings = field(default_factory=RankerSettings)
    rules: RuleSettings = field(default_factory=RuleSettings)
    seed: int = 0
    """The same seed gives the same lists."""
    restart_from: Annotated[str | None, arg(name="from")] = None
    """Run this stage and all that follow from it again, such as recommend or pool-2020-09-16."""
    json: bool = False
    """Print the ledger as JSON instead of tables."""


@dataclass(frozen=True)
class Run(Evaluate):
    """Do everything: ingest, evaluate, then recommend for the days after the log.

    Writes REPORT.html, ledger.json and recommendations.parquet (12 articles for every customer)
    into the folder of the run. 'recommend' shows the list of one customer, 'submit' writes all for
    Kaggle.

    Example: fashion-recsys run --data ~/Downloads/h-and-m
    """


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
class Recommend:
    """Show the articles recommended to one customer, and which sources proposed them.

    Example: fashion-recsys recommend 00f7bc5c0df4... --run runs/fashion-recsys
    """

    customer: Positional[str]
    """The customer's id, or the beginning of it that no other id has."""
    run: Path = Path("runs/fashion-recsys")
    """Folder of a finished run."""
    json: bool = False
    """Print JSON instead of a table."""


@dataclass(frozen=True)
class Submit:
    """Write a Kaggle submission from a finished run, and check it as Kaggle would.

    Example: fashion-recsys submit --run runs/fashion-recsys --out submission.csv.gz
    """

    run: Path = Path("runs/fashion-recsys")
    """Folder of a finished run."""
    out: Path = Path("submission.csv.gz")
    """File to write, .csv or .csv.gz; replaced when the new one is complete."""
    json: bool = False
    """Print the counts as JSON."""


@dataclass(frozen=True)
class AnnReport:
    """Measure approximate search against exact: recall, latency, memory over their settings.

    Names the cheapest setting that meets the target. Without --run, the vectors are random but
    clustered like real ones.

    Example: fashion-recsys ann-report --run runs/fashion-recsys --target-recall 0.95
    """

    run: Path | None = None
    """Folder of a run, for its latest two-tower vectors."""
    articles: int = 105_542
    """Random vectors, where there is no run."""
    k: int = 100
    """Neighbours to find."""
    target_recall: float = 0.95
    """Share of the exact neighbours that a setting has to find."""
    threads: int = 1
    """Threads of the batch of queries; single queries take one."""
    seed: int = 0
    """The same seed gives the same vectors and queries."""
    json: bool = False
    """Print JSON instead of a table."""


@dataclass(frozen=True)
class Demo:
    """Generate a shop and do everything on it, explained, in under two minutes.

    Example: fashion-recsys demo
    """

    out: Path = Path("runs/fashion-recsys-demo")
    """Folder to write."""
    customers: int = 30_000
    """Customers of the generated shop, at least 5,000."""
    seed: int = 0
    """The same seed gives the same shop."""
    json: bool = False
    """Print the result as JSON instead of text."""
