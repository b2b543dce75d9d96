"""The progress of a training run on the terminal, or a line per evaluation in a file."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from nanogpt.training.log import LogRecord
from nanogpt.training.trainer import StepResult


class TrainProgress:
    """A bar with loss, speed and time left.

    Args:
        max_steps: The bar's full length.
        console: Where to draw; stderr.
    """

    def __init__(self, max_steps: int, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("loss {task.fields[loss]}"),
            TextColumn("val {task.fields[val]}"),
            TextColumn("{task.fields[speed]} tokens/s"),
            TextColumn("eta"),
            TimeRemainingColumn(compact=True),
            console=console,
            refresh_per_second=4,  # drawing takes CPU time from training
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("train", total=max_steps, loss="-", val="-", speed="-")

    def __enter__(self) -> Self:
        """Draw the bar."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the bar as it stands."""
        self._bar.stop()

    def begin(self, step: int) -> None:
        """Start from ``step``, which is not 0 when a run is resumed."""
        self._bar.update(self._task, completed=step)

    def on_step(self, result: StepResult) -> None:
        """Move the bar."""
        loss = f"{result.loss:.3f}"
        self._bar.update(self._task, completed=result.step, loss=loss)

    def on_record(self, record: LogRecord) -> None:
        """Show the losses and the speed."""
        speed = f"{record.tokens_per_second:,.0f}"
        if record.mfu is not None:
            speed = f"MFU {record.mfu:.1%} {speed}"
        self._bar.update(self._task, speed=speed)
        if record.val_loss is None:
            return
        self._bar.update(self._task, val=f"{record.val_loss:.3f}")
        if not self._console.is_terminal:
            self._console.print(
                f"step {record.step:,}: training loss {record.train_loss:.4f}, validation loss "
                f"{record.val_loss:.4f}, {speed} tokens/s",
                highlight=False,
                soft_wrap=True,
            )

    def on_sample(self, text: str) -> None:
        """Show what the model wrote, where there is somebody to read it."""
        if self._console.is_terminal and text:
            self._console.print(text, style="dim", markup=False, highlight=False)
