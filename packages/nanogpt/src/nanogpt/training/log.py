"""The record of a run: one JSON object a line, appended as training goes."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from nanogpt.atomic import write_text
from nanogpt.errors import OutputError


@dataclass(frozen=True)
class LogRecord:
    """What is known after ``step`` optimizer steps."""

    step: int
    train_loss: float
    """Mean over the steps since the record before, nats per token."""
    val_loss: float | None
    """On the whole validation split; none where it was not measured."""
    learning_rate: float
    grad_norm: float | None
    """Norm of the last gradient before clipping; none if it overflowed, as in float16 it may."""
    tokens_per_second: float
    """Of the training steps since the record before, evaluation left out."""
    seconds: float
    """Time spent in training steps so far."""
    mfu: float | None
    """Model FLOPs utilization, where the device's peak is known."""


class RunLog:
    """The records of a run, in memory and in a JSONL file.

    Args:
        path: The file; begun anew with the records up to ``step``.
        step: Where the run goes on. Records of a run that was killed after its last checkpoint
            lie beyond it and will be written again.
        writes: Whether to write the file, or to keep the records in memory only.
    """

    def __init__(self, path: Path, step: int, *, writes: bool = True) -> None:
        self._path = path
        self._writes = writes
        self.records = [record for record in _read(path) if record.step <= step]
        if writes:
            write_text(path, "".join(_line(record) for record in self.records))

    def append(self, record: LogRecord) -> None:
        """Add ``record`` to the file at once.

        Raises:
            OutputError: The file cannot be written.
        """
        self.records.append(record)
        if not self._writes:
            return
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(_line(record))
        except OSError as error:
            raise OutputError(f"cannot write {self._path}: {error.strerror}") from error


def _line(record: LogRecord) -> str:
    return json.dumps(asdict(record)) + "\n"


def _read(path: Path) -> list[LogRecord]:
    if not path.exists():
        return []
    records = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            records.append(LogRecord(**json.loads(line)))
        except (ValueError, TypeError):  # a line cut short by a kill, or written by someone else
            break
    return records
