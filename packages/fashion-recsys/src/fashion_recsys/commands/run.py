"""fashion-recsys run."""

from fashion_recsys.commands.evaluate import carry_out_shown, show_outcome
from fashion_recsys.config import Run
from fashion_recsys.console import say, show_json
from fashion_recsys.stages.finished import FinishedRun


def run(config: Run) -> None:
    """Run all stages, print the ledgers, and say what can be done with the lists."""
    outcome = carry_out_shown(config, recommending=True)
    if config.json:
        show_json(outcome.as_dict())
        return
    show_outcome(config, outcome)
    finished = FinishedRun.open(config.out)
    example = finished.example_customer()
    say(f"Lists of every customer: {finished.lists}")
    say(f"One of them: fashion-recsys recommend {example} --run {config.out}")
    if finished.has_kaggle_ids():
        say(f"For Kaggle: fashion-recsys submit --run {config.out}")
