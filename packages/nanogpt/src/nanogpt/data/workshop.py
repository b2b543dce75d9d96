"""Make the shards of a corpus, in this process or in several.

A worker reads its unit in pieces of a megabyte, encodes them and writes the shard under a temporary
name, so that it needs the same memory for any corpus. At most two units per worker are handed out
at a time. Nothing of a shard depends on which process made it, or when.

Workers are spawned, so that they start with no lock and no thread of this process. They leave
Ctrl-C to it, and end when it does, even when it is killed.
"""

import itertools
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path

from nanogpt.data.corpus import Corpus, Unit, unit_sha256
from nanogpt.data.encode import Counts, encode_unit
from nanogpt.data.shards import Job, Shard, file_sha256, read_tokenizer, shard_file, write_shard
from nanogpt.errors import CorpusError, OutputError
from nanogpt.tokenizers.base import Tokenizer

_CHECK_SECONDS = 0.1
"""How long Ctrl-C may wait for its effect."""


@dataclass(frozen=True)
class Task:
    """One shard to make."""

    index: int
    unit: Unit
    known: Shard | None
    """The shard as an earlier run left it."""


@dataclass(frozen=True)
class Made:
    """A shard that is done."""

    shard: Shard
    anew: bool
    """Made now, not kept from an earlier run."""
    source_bytes: int
    """Of its unit in the corpus."""


@dataclass(frozen=True)
class Workshop:
    """All that is needed to make any shard."""

    corpus: Corpus
    folder: Path
    job: Job
    tokenizer: Tokenizer

    def make(self, task: Task) -> Made:
        """Return the shard of ``task``: the known one if it and its text are what they were.

        Raises:
            CorpusError: The text cannot be read, or has changed.
            OutputError: The shard cannot be written.
        """
        size = sum(span.end - span.begin for span in task.unit)
        path = self.folder / shard_file(task.index)
        source_sha256 = unit_sha256(task.unit)
        if task.known is not None:
            if task.known.source_sha256 != source_sha256:
                raise CorpusError(
                    f"the corpus '{self.corpus.name}' has changed since {path} was made of it; "
                    "give another --out"
                )
            if file_sha256(path) == task.known.sha256:
                return Made(task.known, anew=False, source_bytes=size)
        counts = Counts()
        chunks = encode_unit(self.corpus, task.unit, self.tokenizer, counts, first=task.index == 0)
        tokens, sha256 = write_shard(path, self.job.dtype, chunks)
        shard = Shard(task.index, tokens, counts.documents, counts.bytes, source_sha256, sha256)
        return Made(shard, anew=True, source_bytes=size)

    def make_all(
        self, tasks: Iterable[Task], workers: int, on_made: Callable[[Made], None]
    ) -> None:
        """Make the shards of ``tasks`` and call ``on_made`` with each, in any order.

        Whatever ends this early, ``on_made`` has been called for every shard that is done.

        Raises:
            CorpusError, OutputError: See `make`; or a worker was ended from outside.
        """
        if workers == 1:
            for task in tasks:
                on_made(self.make(task))
            return
        pool = ProcessPoolExecutor(
            workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(self.corpus, self.folder, self.job),
        )
        with _interrupts_noted() as check_interrupt:
            _make_in(pool, tasks, 2 * workers, on_made, check_interrupt)


def _make_in(
    pool: ProcessPoolExecutor,
    tasks: Iterable[Task],
    most: int,
    on_made: Callable[[Made], None],
    check_interrupt: Callable[[], None],
) -> None:
    """Make shards in the processes of ``pool``, ``most`` handed out at a time; then end it."""
    running: set[Future[Made]] = set()
    waiting = iter(tasks)
    try:
        while True:
            check_interrupt()
            for task in itertools.islice(waiting, most - len(running)):
                with _interrupts_held_back():
                    running.add(pool.submit(_make, task))
            if not running:
                break
            for future in wait(running, _CHECK_SECONDS, return_when=FIRST_COMPLETED).done:
                running.remove(future)
                on_made(future.result())
    except BrokenProcessPool as error:
        raise OutputError(
            "a worker process was ended from outside, perhaps for want of memory; the same "
            "command goes on where it stopped, with fewer --workers if need be"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)  # the units in work are finished
        for future in running:
            if future.done() and not future.cancelled() and future.exception() is None:
                on_made(future.result())


@contextmanager
def _interrupts_noted() -> Iterator[Callable[[], None]]:
    """Let Ctrl-C take effect only where the function that is given is called.

    Raised in the middle of `wait`, a KeyboardInterrupt can leave a future locked for good, and the
    pool's own thread, which needs it to end, waiting for ever.
    """
    handler = signal.getsignal(signal.SIGINT)
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or not callable(handler):  # another thread never hears it; or it is ignored
        yield lambda: None
        return
    noted: list[int] = []

    def check() -> None:
        if noted:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, lambda number, _frame: noted.append(number))
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, handler)


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach, not even before they can ignore it themselves."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # A process inherits the mask. The tracker has to run before: its start would lift the mask.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_workshop: Workshop
"""Of a worker process."""


def _start_worker(corpus: Corpus, folder: Path, job: Job) -> None:
    global _workshop  # noqa: PLW0603  what an initializer is for
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _workshop = Workshop(corpus, folder, job, read_tokenizer(folder, job))


def _end_with_parent() -> None:
    # A pool's worker would wait for ever for its next task once the parent is killed.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _make(task: Task) -> Made:
    return _workshop.make(task)
