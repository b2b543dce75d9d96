"""Names of the stages of a day, and where the two-tower's vectors lie in its stage's output.

Apart from the stages themselves, so that a stage that reads vectors does not import the one that
trains: they need PyTorch and FAISS, which are kept in different processes.
"""

from datetime import date
from pathlib import Path

DATA = "data"
RECOMMEND = "recommend"
_TWO_TOWER = "two-tower-"


def two_tower(as_of: date) -> str:
    """Return the name of the stage that trains for a day."""
    return f"{_TWO_TOWER}{as_of}"


def is_two_tower(name: str) -> bool:
    """Return whether a stage trains vectors."""
    return name.startswith(_TWO_TOWER)


def pool(as_of: date) -> str:
    """Return the name of the stage that makes a period's candidates and features."""
    return f"pool-{as_of}"


def ranker(as_of: date) -> str:
    """Return the name of the stage that learns to rank for a day."""
    return f"ranker-{as_of}"


def ablation(as_of: date) -> str:
    """Return the name of the stage that ranks without this and that."""
    return f"ablation-{as_of}"


def ledger(as_of: date) -> str:
    """Return the name of the stage that measures a period."""
    return f"ledger-{as_of}"


def vectors_of(output: Path) -> Path:
    """Return the folder of the vectors, given the output of a stage that trains."""
    return output / "model"
