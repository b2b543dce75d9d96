"""A document found."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)  # freezing it would take a third of the time of a quick search
class Hit:
    """A document found; its fields are read when they are asked for."""

    id: str
    score: float
    """0 where columns gave the order: then nothing was scored."""
    number: int
    """The document's number in the snapshot that was searched."""
    read: Callable[[int], dict[str, Any]] = field(repr=False, compare=False)

    @property
    def document(self) -> dict[str, Any]:
        """The document as it was added, read and unpacked anew each time."""
        return self.read(self.number)
