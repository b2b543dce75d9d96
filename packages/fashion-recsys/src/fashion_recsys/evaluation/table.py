"""The table of scores for people."""

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

from fashion_recsys.evaluation.evaluate import Evaluation, Score

_GROUPS = {"all": "All", "warm": "Warm, seen in training"}


def render(evaluation: Evaluation) -> RenderableType:
    """Return one table per group of customers."""
    split = evaluation.split
    days = (
        f"train {split.train_start} to {split.train_end} ({evaluation.train_rows:,} rows), "
        f"test {split.as_of} to {split.test_end}"
    )
    parts: list[RenderableType] = [days]
    for group in _GROUPS:
        scores = [score for score in evaluation.scores if score.group == group]
        if scores:
            parts += ["", _title(scores[0]), _table(scores)]
    return Group(*parts)


def _title(score: Score) -> str:
    return (
        f"[bold]{_GROUPS[score.group]}[/bold]: {score.customers:,} customers, "
        f"{score.pairs:,} purchases to predict"
    )


def _table(scores: list[Score]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 0, 0, 1))
    table.add_column("ranking", no_wrap=True)
    for k in scores[0].recall:
        table.add_column(f"recall\n@{k}", justify="right")
    table.add_column("MAP\n@12", justify="right")
    best = max(score.map_at_12 for score in scores)
    for score in scores:
        table.add_row(
            score.ranking,
            *(f"{share:.4f}" for share in score.recall.values()),
            f"{score.map_at_12:.5f}",
            style="bold" if score.map_at_12 == best else "",
        )
    return table
