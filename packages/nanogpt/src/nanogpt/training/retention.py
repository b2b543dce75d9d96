"""Which checkpoints of a run stay on the disk.

``checkpoint.pt`` is always the newest. The newest K also stand under the number of their step, and
``best.pt`` is the one with the lowest validation loss. All are names of the same files, not copies,
where the file system can do that; each name changes in one piece, and none is ever missing.

``checkpoint.pt`` changes last. A run killed before that goes on from the checkpoint before and
comes to write the other names again.
"""

import fnmatch
import os
import shutil
from pathlib import Path

from nanogpt.atomic import atomic_path
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
    names = [BEST] if best else []
    if keep > 1:
        names.append(f"checkpoint-{checkpoint.training['step']:08d}.pt")
    first, *others = [folder / name for name in (*names, NEWEST)]
    checkpoint.save(first)
    for other in others:
        _alias(first, other)
    try:
        numbered = sorted(folder.glob(_NUMBERED))
        for old in numbered[: len(numbered) - keep if keep > 1 else None]:
            old.unlink()
    except OSError as error:
        raise OutputError(f"cannot write into {folder}: {error.strerror}") from error


def checkpoints_of(folder: Path) -> list[Path]:
    """Return the checkpoint files of a run in ``folder``."""
    named = [folder / name for name in (NEWEST, BEST) if (folder / name).exists()]
    return named + sorted(folder.glob(_NUMBERED))


def is_checkpoint(name: str) -> bool:
    """Tell whether a run may give a checkpoint file this name."""
    return name in (NEWEST, BEST) or fnmatch.fnmatchcase(name, _NUMBERED)


def _alias(path: Path, name: Path) -> None:
    """Give the file at ``path`` a second ``name``, replacing what has it."""
    with atomic_path(name) as temporary:
        try:
            os.link(path, temporary)
        except OSError:  # a file system without hard links
            shutil.copyfile(path, temporary)
