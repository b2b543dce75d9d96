"""Draw the loss curve of a run."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from nanogpt.atomic import atomic_path
from nanogpt.training.log import LogRecord


def plot_loss(records: Sequence[LogRecord], title: str, path: Path) -> None:
    """Write training and validation loss over the steps as a PNG.

    Raises:
        OutputError: The file cannot be written.
    """
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([r.step for r in records], [r.train_loss for r in records], label="training")
    validated = [(r.step, r.val_loss) for r in records if r.val_loss is not None]
    if validated:
        steps, losses = zip(*validated, strict=True)
        axes.plot(steps, losses, "o-", label="validation, whole split")
        axes.annotate(
            f"{losses[-1]:.4f}",
            (steps[-1], losses[-1]),
            (0, 8),
            textcoords="offset points",
            ha="center",
        )
    axes.set_title(title, parse_math=False)  # the name of a file may hold a $
    axes.set(xlabel="step", ylabel="loss, nats per token")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)
