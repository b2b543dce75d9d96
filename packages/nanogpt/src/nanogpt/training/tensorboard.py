"""The record of a run for TensorBoard."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from nanogpt.errors import ConfigError
from nanogpt.training.log import LogRecord


@contextmanager
def tensorboard_log(folder: Path, *, enabled: bool) -> Iterator[Callable[[LogRecord], object]]:
    """Yield a function that writes a record's numbers into an event file in ``folder``.

    Args:
        folder: The run's folder; ``tensorboard --logdir`` takes it, or one above it.
        enabled: Whether to write at all.

    Raises:
        ConfigError: TensorBoard is not installed.
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
    with SummaryWriter(str(folder)) as writer:

        def write(record: LogRecord) -> None:
            for name, value in asdict(record).items():
                if name != "step" and value is not None:
                    writer.add_scalar(name, value, record.step)

        yield write
