"""Which checkpoints of a run stay on the disk.

``checkpoint.pt`` is always the newest. The newest K also stand under the number of their step, and
``best.pt`` is the one with the lowest validation loss. All are names of the same files, not copies,
where the file system can do that; each name changes in one piece, and none is ever missing.
"""

import os
import shutil
from pathlib import Path

from nanogpt.checkpoint import Checkpoint
from nanogpt.errors import OutputError

NEWEST = "checkpoint.pt"
BEST = "best.pt"
_NUMBERED = "checkpoint-*.pt"


def save_checkpoint(checkpoint: Checkpoint, folder: Path, *, keep: int, best: bool) -> None:
    """Write ``checkpoint`` as the newest of ``folder``, and let go of what is not to be kept.

    Args:
        checkpoint: What to save.
        folder: The run's folder.
        keep: How many of the newest to keep, this one included.
        best: Whether it has the lowest validation loss so far.

    Raises:
        OutputError: The folder cannot be written; the checkpoints before stay.
    """
    checkpoint.save(folder / NEWEST)
    try:
        if best:
            _alias(folder / NEWEST, folder / BEST)
        if keep > 1:
            _alias(folder / NEWEST, folder / f"checkpoint-{checkpoint.training['step']:08d}.pt")
        numbered = sorted(folder.glob(_NUMBERED))
        for old in numbered[: len(numbered) - keep if keep > 1 else None]:
            old.unlink()
    except OSError as error:
        raise OutputError(f"cannot write into {folder}: {error.strerror}") from error


def checkpoints_of(folder: Path) -> list[Path]:
    """Return the checkpoint files of a run in ``folder``."""
    named = [folder / name for name in (NEWEST, BEST) if (folder / name).exists()]
    return named + sorted(folder.glob(_NUMBERED))


def _alias(path: Path, name: Path) -> None:
    """Give the file at ``path`` a second ``name``, replacing what has it."""
    temporary = name.with_name(f".{os.getpid()}-{name.name}")
    try:
        os.link(path, temporary)
    except OSError:  # a file system without hard links
        shutil.copyfile(path, temporary)
    temporary.replace(name)
