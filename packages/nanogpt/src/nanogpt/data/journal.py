"""Which shards of an unfinished folder are done: ``journal.jsonl``, see `nanogpt.data.shards`."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from nanogpt.atomic import write_text
from nanogpt.data.shards import JOURNAL, Job, Shard, head_of, job_of
from nanogpt.errors import CorpusError, OutputError


class Journal:
    """The shards of ``folder`` that are done, as long as not all are."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / JOURNAL

    def begin(self, job: Job, shards: Iterable[Shard]) -> None:
        """Start a new journal for ``job`` with the ``shards`` that are done.

        Raises:
            OutputError: The folder cannot be written.
        """
        lines = [head_of(job), *map(asdict, shards)]
        write_text(self._path, "".join(json.dumps(line) + "\n" for line in lines))

    def remove(self) -> None:
        """Delete the journal, which has served.

        Raises:
            OutputError: The folder cannot be written.
        """
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"cannot delete {self._path}: {error.strerror}") from error

    def append(self, shard: Shard) -> None:
        """Add ``shard``, at once.

        Raises:
            OutputError: The folder cannot be written.
        """
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(shard)) + "\n")
        except OSError as error:
            raise OutputError(f"cannot write {self._path}: {error.strerror}") from error

    def read(self) -> tuple[Job, dict[int, Shard]] | None:
        """Return the job and its shards by index; none if there is no journal.

        Raises:
            CorpusError: Damaged, or of another version.
        """
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise CorpusError(f"cannot read {self._path}: {error.strerror}") from error
        job = job_of("".join(lines[:1]), self._path)
        shards: dict[int, Shard] = {}
        for line in lines[1:]:
            try:
                shard = Shard(**json.loads(line))
            except (ValueError, TypeError):  # a line cut short by a kill: its unit is done again
                continue
            shards[shard.index] = shard
        return job, shards
