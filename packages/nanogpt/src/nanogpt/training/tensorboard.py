"""The record of a run for TensorBoard."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from nanogpt.errors import ConfigError, OutputError
from nanogpt.training.folder import EVENTS
from nanogpt.training.log import LogRecord


@contextmanager
def tensorboard_log(
    folder: Path, *, enabled: bool, step: int = 0
) -> Iterator[Callable[[LogRecord], object]]:
    """Yield a function that writes a record's numbers into an event file of the run.

    Args:
        folder: The run's folder; ``tensorboard --logdir`` takes it, or one above it.
        enabled: Whether to write at all.
        step: Where the run goes on; events of later steps, which a kill left, are hidden.

    Raises:
        ConfigError: TensorBoard is not installed.
        OutputError: The folder cannot be written.
    """
    if not enabled:
        yield lambda _: None
        return
    try:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415  an extra
    except ImportError as error:
        raise ConfigError(
            "--tensorboard needs an extra: pip install 'nanogpt[tensorboard]'"
        ) from error
    try:
        events = SummaryWriter(str(folder / EVENTS), purge_step=step + 1 if step else None)
    except OSError as error:
        raise OutputError(f"cannot write {folder / EVENTS}: {error.strerror}") from error
    with events as writer:

        def write(record: LogRecord) -> None:
            for name, value in asdict(record).items():
                if name != "step" and value is not None:
                    writer.add_scalar(name, value, record.step)

        yield write
