"""fashion-recsys recommend."""

from typing import Any

from rich import box
from rich.table import Table

from fashion_recsys.columns import ARTICLE_ID, RANK
from fashion_recsys.config import Recommend
from fashion_recsys.console import say, show, show_json
from fashion_recsys.stages.finished import FinishedRun


def run(config: Recommend) -> None:
    """Print the list of one customer."""
    finished = FinishedRun.open(config.run)
    with finished.dataset.reading():
        number, customer_id = finished.customer(config.customer)
        entries = finished.list_of(number)
    if config.json:
        show_json({"customer_id": customer_id, "articles": entries})
    else:
        say(f"customer {customer_id}")
        show(list_table(entries))


def list_table(entries: list[dict[str, Any]]) -> Table:
    """Return the articles of a list with what they are and who proposed them."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("rank", justify="right")
    table.add_column("article", no_wrap=True)
    table.add_column("what")
    table.add_column("proposed by (rank there)")
    for entry in entries:
        about = [
            str(value)
            for name, value in entry.items()
            if name not in (RANK, ARTICLE_ID, "sources") and value is not None
        ]
        sources = ", ".join(
            f"{name.replace('_', ' ')} {rank}" for name, rank in entry["sources"].items()
        )
        table.add_row(
            str(entry[RANK]), entry[ARTICLE_ID], ", ".join(about), sources or "what sells now"
        )
    return table
