"""fashion-recsys baselines."""

from fashion_recsys.config import Baselines
from fashion_recsys.console import show, show_json
from fashion_recsys.dataset import Dataset
from fashion_recsys.evaluation.evaluate import evaluate
from fashion_recsys.evaluation.table import render
from fashion_recsys.progress import progress_bars
from fashion_recsys.split import TimeSplit


def run(config: Baselines) -> None:
    """Evaluate the sources, and print their scores."""
    dataset = Dataset.open(config.data)
    split = TimeSplit.of_last_days(
        dataset.first_day,
        dataset.last_day,
        test_days=config.test_days,
        train_days=config.train_days,
    )
    with progress_bars() as progress, dataset.reading():
        result = evaluate(dataset, split, ks=config.k, progress=progress)
    if config.json:
        show_json(result.as_dict())
    else:
        show(render(result))
