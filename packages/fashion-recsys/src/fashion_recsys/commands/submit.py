"""fashion-recsys submit."""

import polars as pl

from fashion_recsys.candidates.best_sellers import BestSellers
from fashion_recsys.columns import ARTICLE, CUSTOMER, RANK
from fashion_recsys.config import Submit
from fashion_recsys.console import say, show_json
from fashion_recsys.progress import Progress, progress_bars
from fashion_recsys.stages.finished import FinishedRun
from fashion_recsys.submission.form import SubmissionReport
from fashion_recsys.submission.validate import validate_submission
from fashion_recsys.submission.write import write_submission

_FILL = 24
"""Best sellers that fill any list up: 12 to add, whatever 12 are in it already."""


def run(config: Submit) -> None:
    """Write the submission, read it back as Kaggle would, and say what is in it."""
    finished = FinishedRun.open(config.run)
    with progress_bars() as progress, finished.dataset.reading():
        report = _write(config, finished, progress)
    if config.json:
        show_json({"customers": report.customers, "articles": report.articles})
    else:
        say(
            f"{config.out}: 12 articles for each of {report.customers:,} customers "
            f"({report.articles:,} different ones), checked"
        )


def _write(config: Submit, finished: FinishedRun, progress: Progress) -> SubmissionReport:
    dataset = finished.dataset
    customers, articles = dataset.customers.collect(), dataset.articles.collect()
    lists = pl.read_parquet(finished.lists, columns=[CUSTOMER, ARTICLE, RANK])
    best = BestSellers().fit(dataset.log, finished.as_of).candidates(customers[CUSTOMER][:1], _FILL)
    write_submission([lists], customers, articles, best[ARTICLE], config.out, progress=progress)
    return validate_submission(config.out, customers, articles, progress=progress)
