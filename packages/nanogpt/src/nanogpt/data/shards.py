"""Tokens on disk, as ``nanogpt prepare`` writes them: writer, format, reader.

A folder holds

- ``tokens-00000.bin``, ...: the ids of a unit of the corpus each, one after another, little-endian
  uint16, or uint32 where the vocabulary needs it; to be mapped into memory,
- ``tokenizer.json``: what `Tokenizer.to_dict` gives,
- ``journal.jsonl`` while the work goes on: a line for its `Job`, then one for each `Shard` that is
  done, in any order. It is appended, so that a kill costs no more than the units in work,
- ``manifest.json`` in its place once all is done: the job, its shards in order, and the totals.

Every shard has the SHA-256 of its own bytes and of the text it was made from. Opening a folder
checks the sizes; `Prepared.verify` and another ``nanogpt prepare`` check the sums.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from nanogpt.atomic import atomic_path, write_text
from nanogpt.errors import CorpusError, TokenizerError
from nanogpt.tokenizers.base import Tokenizer
from nanogpt.tokenizers.registry import tokenizer_from_dict

FORMAT = "nanogpt tokens"
VERSION = 1
MANIFEST = "manifest.json"
JOURNAL = "journal.jsonl"
TOKENIZER = "tokenizer.json"

Dtype = Literal["uint16", "uint32"]


@dataclass(frozen=True)
class Job:
    """What is tokenized, and how; two jobs that are equal give equal shards."""

    corpus: str
    """Name or path, as given."""
    corpus_bytes: int
    """Of all its files."""
    text_field: str
    unit_bytes: int
    """Size of the units that became a shard each."""
    tokenizer: str
    """Its kind."""
    bpe_vocab_size: int | None
    """The size asked for, of a 'bpe' tokenizer."""
    vocab_size: int
    tokenizer_sha256: str
    """Of its file."""

    @property
    def dtype(self) -> Dtype:
        """Type of an id on disk."""
        return "uint16" if self.vocab_size <= 1 << 16 else "uint32"


@dataclass(frozen=True)
class Shard:
    """One file of tokens."""

    index: int
    tokens: int
    documents: int
    """That begin in it."""
    bytes: int
    """Of its text, in UTF-8."""
    source_sha256: str
    """Of the unit it was made from, as it is in the corpus."""
    sha256: str
    """Of the file."""

    @property
    def file(self) -> str:
        """Name of the file."""
        return shard_file(self.index)


def shard_file(index: int) -> str:
    """Return the name of shard number ``index``."""
    return f"tokens-{index:05}.bin"


def write_shard(
    path: Path, dtype: Dtype, chunks: Iterable[npt.NDArray[np.int32]]
) -> tuple[int, str]:
    """Write ``chunks`` of ids to ``path`` in one piece; return their number and the SHA-256.

    Raises:
        OutputError: The file cannot be written.
    """
    digest, count = hashlib.sha256(), 0
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        for ids in chunks:
            raw = ids.astype(np.dtype(dtype).newbyteorder("<")).tobytes()
            file.write(raw)
            digest.update(raw)
            count += len(ids)
    return count, digest.hexdigest()


def file_sha256(path: Path) -> str | None:
    """Return the checksum of ``path``, or none if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def is_prepared(folder: Path) -> bool:
    """Tell whether ``nanogpt prepare`` wrote ``folder``, finished or not."""
    for name in (MANIFEST, JOURNAL):
        try:
            with (folder / name).open("rb") as file:
                if f'"format": "{FORMAT}"'.encode() in file.read(100):
                    return True
        except OSError:
            continue
    return False


@dataclass(frozen=True)
class Prepared:
    """A finished folder."""

    folder: Path
    job: Job
    shards: tuple[Shard, ...]

    @property
    def tokens(self) -> int:
        """Number of all ids."""
        return sum(shard.tokens for shard in self.shards)

    @property
    def documents(self) -> int:
        """Number of all documents."""
        return sum(shard.documents for shard in self.shards)

    @property
    def bytes(self) -> int:
        """Size of all text in UTF-8."""
        return sum(shard.bytes for shard in self.shards)

    @property
    def sha256(self) -> str:
        """Checksum of all ids and of the tokenizer, made from those of the files."""
        sums = [self.job.dtype, self.job.tokenizer_sha256, *(s.sha256 for s in self.shards)]
        return hashlib.sha256("\n".join(sums).encode()).hexdigest()

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read the manifest of ``folder`` and check that its shards are there, in full.

        Raises:
            CorpusError: Not finished, damaged, of another version, or a shard has another size.
        """
        prepared = cls.read(folder)
        for shard in prepared.shards:
            prepared._check_size(shard)
        return prepared

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the manifest of ``folder`` alone.

        Raises:
            CorpusError: Not finished, damaged, or of another version.
        """
        path = folder / MANIFEST
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError as error:
            raise CorpusError(
                f"{folder} is not finished; the 'nanogpt prepare' that began it goes on where it "
                "stopped"
            ) from error
        except OSError as error:
            raise CorpusError(f"cannot read {path}: {error.strerror}") from error
        return cls(folder, job_of(text, path), _shards(text, path))

    def save(self) -> None:
        """Write the manifest.

        Raises:
            OutputError: The folder cannot be written.
        """
        manifest = {
            **head_of(self.job),
            "dtype": self.job.dtype,
            "tokens": self.tokens,
            "documents": self.documents,
            "bytes": self.bytes,
            "shards": [{"file": shard.file, **asdict(shard)} for shard in self.shards],
        }
        write_text(self.folder / MANIFEST, json.dumps(manifest, indent=1) + "\n")

    def verify(self) -> None:
        """Read all shards and the tokenizer and compare their checksums.

        Raises:
            CorpusError: A file is missing or damaged.
        """
        self.tokenizer()
        for shard in self.shards:
            if file_sha256(self.folder / shard.file) != shard.sha256:
                raise CorpusError(_damaged(self.folder / shard.file))

    def tokenizer(self) -> Tokenizer:
        """Return the tokenizer that made the ids.

        Raises:
            CorpusError: It is missing or damaged.
        """
        return read_tokenizer(self.folder, self.job)

    def _check_size(self, shard: Shard) -> None:
        path = self.folder / shard.file
        expected = shard.tokens * np.dtype(self.job.dtype).itemsize
        try:
            size = path.stat().st_size
        except OSError as error:
            raise CorpusError(f"{_damaged(path)} ({error.strerror})") from error
        if size != expected:
            raise CorpusError(f"{_damaged(path)} (expected {expected:,} bytes, got {size:,})")


def write_tokenizer(folder: Path, tokenizer: Tokenizer) -> str:
    """Write ``tokenizer`` into ``folder``; return the SHA-256 of the file.

    Raises:
        OutputError: The folder cannot be written.
    """
    text = json.dumps(tokenizer.to_dict()) + "\n"
    write_text(folder / TOKENIZER, text)
    return hashlib.sha256(text.encode()).hexdigest()


def read_tokenizer(folder: Path, job: Job) -> Tokenizer:
    """Return the tokenizer of ``job`` from ``folder``.

    Raises:
        CorpusError: It is missing or damaged.
    """
    path = folder / TOKENIZER
    if file_sha256(path) != job.tokenizer_sha256:
        raise CorpusError(_damaged(path))
    try:
        return tokenizer_from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TokenizerError) as error:
        raise CorpusError(f"{path}: {error}") from error


def _damaged(path: Path) -> str:
    return f"{path} is missing or damaged; the same 'nanogpt prepare' as before writes it again"


def head_of(job: Job) -> dict[str, Any]:
    """Return what stands at the beginning of a manifest and of a journal."""
    return {"format": FORMAT, "version": VERSION, "job": asdict(job)}


def job_of(text: str, path: Path) -> Job:
    """Return the job from the JSON ``text`` of the file ``path``, whatever else is in it.

    Raises:
        CorpusError: Damaged, or of another version.
    """
    try:
        head = json.loads(text)
        if head["version"] != VERSION:
            raise CorpusError(
                f"{path} has version {head['version']}, this nanogpt reads {VERSION}; prepare the "
                "corpus again, into another folder"
            )
        return Job(**head["job"])
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(_unreadable(path, error)) from error


def _shards(text: str, path: Path) -> tuple[Shard, ...]:
    names = Shard.__annotations__
    try:
        listed = json.loads(text)["shards"]
        return tuple(Shard(**{name: shard[name] for name in names}) for shard in listed)
    except (KeyError, TypeError) as error:
        raise CorpusError(_unreadable(path, error)) from error


def _unreadable(path: Path, error: Exception) -> str:
    return f"{path} is damaged ({error}); delete the folder and prepare the corpus again"
