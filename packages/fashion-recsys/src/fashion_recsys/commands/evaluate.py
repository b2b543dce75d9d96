"""fashion-recsys evaluate, and what run shares with it."""

from fashion_recsys.config import Evaluate
from fashion_recsys.console import say, show, show_json, tell
from fashion_recsys.evaluation.ledger_table import render, render_periods
from fashion_recsys.pipeline.stage import StageEvent
from fashion_recsys.pipeline.table import render as stage_table
from fashion_recsys.progress import progress_bars
from fashion_recsys.stages.outcome import REPORT, Outcome, carry_out


def run(config: Evaluate) -> None:
    """Run the stages up to the ledgers, and print them."""
    outcome = carry_out_shown(config, recommending=False)
    if config.json:
        show_json(outcome.as_dict())
    else:
        show_outcome(config, outcome)


def carry_out_shown(config: Evaluate, *, recommending: bool) -> Outcome:
    """Run the stages, with bars and a line for each on stderr."""
    with progress_bars() as progress:
        return carry_out(config, recommending=recommending, progress=progress, on_stage=_tell)


def show_outcome(config: Evaluate, outcome: Outcome) -> None:
    """Print the ledgers and the costs."""
    for ledger in outcome.ledgers:
        show(render(ledger))
    show(render_periods(outcome.ledgers))
    show(stage_table(outcome.stages))
    say(f"\nReport: {config.out / REPORT}")


def _tell(event: StageEvent) -> None:
    if event.kind == "starts":
        reason = f" ({event.reason})" if event.reason else ""
        tell(f"{event.stage.name}: {event.stage.doc}{reason}")
    elif event.kind == "skipped":
        tell(f"{event.stage.name}: {event.reason}")
