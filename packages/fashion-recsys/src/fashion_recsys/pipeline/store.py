"""Where a run keeps its outputs, and how they appear whole or not at all.

    RUN/.lock                            held, by flock, by the one run at work here
    RUN/logs/NAME.log                    what the stage's process printed, the last time it ran
    RUN/stages/NAME-KEY12/               a finished output; stage.json is its manifest
    RUN/stages/.NAME-KEY12.partial/      an output being written, or what a dead run left of one
    RUN/stages/.NAME-KEY12.scratch/      a stage's own unfinished work, which survives

A finished output is made by one rename, after every byte of it has been forced to the disk, so that
neither kill -9 nor a power cut leaves a folder that looks finished and is not. The kernel frees a
flock when the last process that holds it dies, however it dies; a stage's process holds it too, so
that a run never starts beside the orphan of a killed one. POSIX only (Linux, macOS).
"""

import fcntl
import os
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from fashion_recsys.errors import OutputError, StageError
from fashion_recsys.pipeline.manifest import Manifest

_KEY_DIGITS = 12
_ORPHAN_SECONDS = 3.0
"""A stage's process notices within milliseconds that its run died; a long C call delays it."""


class Store:
    """The outputs of the runs in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._stages = self.folder / "stages"

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Keep every other run out of the folder during the block; sweep what a dead one left.

        Yields:
            The lock's file descriptor, for a stage's process to inherit.

        Raises:
            OutputError: another run is at work, or the folder cannot be written.
        """
        try:
            for folder in (self._stages, self.folder / "logs"):
                folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise OutputError(
                f"cannot write {self.folder}: {error.strerror or error}; choose another --out"
            ) from error
        try:
            self._acquire(lock)
            self._sweep()
            yield lock
        finally:
            os.close(lock)

    def _acquire(self, lock: int) -> None:
        deadline = time.monotonic() + _ORPHAN_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    holder = os.pread(lock, 20, 0).decode(errors="replace").strip()
                    raise OutputError(
                        f"{self.folder}: another run (process {holder or 'unknown'}) is at work "
                        "here; wait until it ends, or choose another --out"
                    ) from error
                time.sleep(0.05)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)

    def _sweep(self) -> None:
        for leftover in [*self._stages.glob(".*.partial"), *self._stages.glob(".*.removed")]:
            shutil.rmtree(leftover)

    def output(self, name: str, key: str) -> Path:
        """Return where the finished output of a stage is, or will be."""
        return self._stages / f"{name}-{key[:_KEY_DIGITS]}"

    def partial(self, name: str, key: str) -> Path:
        """Return where the output of a stage is written."""
        return self._hidden(self.output(name, key), "partial")

    def scratch(self, name: str, key: str) -> Path:
        """Return where a stage keeps its unfinished work."""
        return self._hidden(self.output(name, key), "scratch")

    def log(self, name: str) -> Path:
        """Return the file that receives what a stage's process prints."""
        return self.folder / "logs" / f"{name}.log"

    def finished(self, name: str, key: str) -> tuple[Manifest | None, str]:
        """Return (manifest of a stage's whole output, what is wrong with it).

        The manifest is None where there is no output or it is damaged; only then is there a reason.
        """
        folder = self.output(name, key)
        if not folder.exists():
            return None, ""
        try:
            manifest = Manifest.read(folder)
        except StageError as error:
            return None, str(error)
        damage = manifest.damage(folder)
        if not damage and manifest.key != key:
            damage = f"{folder}: expected key {key}, found {manifest.key}"
        return (None, damage) if damage else (manifest, "")

    def commit(self, name: str, key: str) -> None:
        """Give a complete partial output its final name, and drop the scratch."""
        partial = self.partial(name, key)
        for path in [*partial.rglob("*"), partial]:
            _force(path)
        partial.rename(self.output(name, key))
        _force(self._stages)
        shutil.rmtree(self.scratch(name, key), ignore_errors=True)

    def discard(self, name: str, key: str) -> None:
        """Remove what a stage has left: output, partial output and scratch."""
        output = self.output(name, key)
        removed = self._hidden(output, "removed")
        if output.exists():
            output.rename(removed)  # first, so that a kill half-way leaves no half of an output
        for folder in (removed, self.partial(name, key), self.scratch(name, key)):
            shutil.rmtree(folder, ignore_errors=True)

    def prune(self, keep: Collection[Path]) -> list[Path]:
        """Remove all outputs but ``keep``, and the scratches of all others; return what went."""
        kept = {*keep, *(self._hidden(path, "scratch") for path in keep)}
        removed = sorted(path for path in self._stages.iterdir() if path not in kept)
        for path in removed:
            shutil.rmtree(path)
        return removed

    @staticmethod
    def _hidden(output: Path, kind: str) -> Path:
        return output.with_name(f".{output.name}.{kind}")


def _force(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
