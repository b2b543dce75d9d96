"""Tokenize a corpus once, into shards on disk: in parallel, and so that a kill costs little.

One unit of the corpus becomes one shard (`nanogpt.data.workshop`); each that is done gets a line in
the journal, and the manifest comes last. Begun again, the work goes on: a shard in the journal
whose checksum holds, and whose part of the corpus has the checksum that it had, is kept. So running
it on a finished folder proves it intact, and makes again what is damaged.
"""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from nanogpt.data.config import CorpusConfig
from nanogpt.data.corpus import UNIT_BYTES, Corpus, open_corpus
from nanogpt.data.encode import learn_tokenizer
from nanogpt.data.journal import Journal
from nanogpt.data.shards import MANIFEST, Job, Prepared, Shard, read_tokenizer, write_tokenizer
from nanogpt.data.workshop import Made, Task, Workshop
from nanogpt.errors import ConfigError, CorpusError, OutputError
from nanogpt.tokenizers.base import Tokenizer

OnProgress = Callable[[Literal["learn", "tokenize"], int], None]
"""Called with what is being done, and with how many bytes of the corpus it was just done to."""


def prepare(
    config: CorpusConfig,
    folder: Path,
    *,
    workers: int = 1,
    unit_bytes: int = UNIT_BYTES,
    on_progress: OnProgress = lambda _phase, _bytes: None,
) -> tuple[Prepared, list[Shard]]:
    """Tokenize the corpus that ``config`` names into ``folder``, or go on with it.

    Args:
        config: Corpus and tokenizer.
        folder: Made if need be. One process at a time may prepare into it.
        workers: Processes, at most one per unit; with 1, this one does the work. The result is the
            same for any number.
        unit_bytes: Size of the corpus's units, which become a shard each.
        on_progress: See `OnProgress`.

    Returns:
        The finished folder, and those of its shards that were made now.

    Raises:
        CorpusError: The text cannot be read, or has changed since the work began.
        ConfigError: ``folder`` holds other tokens, or lies in the corpus.
        TokenizerError: See `learn_tokenizer`.
        OutputError: ``folder`` cannot be written, or a worker was ended from outside.
    """
    corpus = open_corpus(config)
    _refuse_inside(corpus, folder)
    try:
        finished = (folder / MANIFEST).exists()
        for leftover in folder.glob(".*-tokens-*.bin"):  # of a run that was killed
            leftover.unlink()
    except OSError as error:
        raise OutputError(f"cannot use the folder {folder}: {error.strerror}") from error
    job, known, tokenizer = _begin(config, corpus, folder, unit_bytes, on_progress)
    shards: dict[int, Shard] = {}
    anew: list[Shard] = []

    def on_made(made: Made) -> None:
        shards[made.shard.index] = made.shard
        if made.anew:
            anew.append(made.shard)
            if not finished:
                Journal(folder).append(made.shard)
        on_progress("tokenize", made.source_bytes)

    units = enumerate(corpus.units(unit_bytes))
    tasks = (Task(index, unit, known.get(index)) for index, unit in units)
    workers = min(workers, -(-corpus.size // unit_bytes))
    Workshop(corpus, folder, job, tokenizer).make_all(tasks, workers, on_made)
    prepared = Prepared(folder, job, tuple(shards[index] for index in sorted(shards)))
    prepared.save()
    Journal(folder).remove()
    return prepared, anew


def _refuse_inside(corpus: Corpus, folder: Path) -> None:
    root = Path(corpus.name).resolve()
    if any(root in file.path.resolve().parents for file in corpus.files[:1]) and (
        folder.resolve().is_relative_to(root)
    ):
        raise ConfigError(
            f"the tokens would become a part of the corpus: --out {folder} lies in {corpus.name}"
        )


def _begin(
    config: CorpusConfig, corpus: Corpus, folder: Path, unit_bytes: int, on_progress: OnProgress
) -> tuple[Job, dict[int, Shard], Tokenizer]:
    """Return the job, the shards of it that an earlier run left, and its tokenizer."""

    def learn() -> Tokenizer:
        return learn_tokenizer(config, corpus, lambda count: on_progress("learn", count))

    earlier = _earlier(folder)
    if earlier is None:
        tokenizer = learn()
        checksum = write_tokenizer(folder, tokenizer)
        job = _job(config, corpus, unit_bytes, tokenizer.vocab_size, checksum)
        Journal(folder).begin(job, [])
        return job, {}, tokenizer
    job, known = earlier
    asked = _job(config, corpus, unit_bytes, job.vocab_size, job.tokenizer_sha256)
    _refuse_other(job, asked, folder)
    if not (folder / MANIFEST).exists():
        Journal(folder).begin(job, known.values())  # a kill may have cut its last line
    try:
        return job, known, read_tokenizer(folder, job)
    except CorpusError as error:
        tokenizer = learn()
        if write_tokenizer(folder, tokenizer) != job.tokenizer_sha256:
            raise CorpusError(
                f"{folder} has lost its tokenizer, and '{corpus.name}' gives another one now; "
                "give another --out"
            ) from error
        return job, known, tokenizer


def _earlier(folder: Path) -> tuple[Job, dict[int, Shard]] | None:
    if (folder / MANIFEST).exists():
        prepared = Prepared.read(folder)
        return prepared.job, {shard.index: shard for shard in prepared.shards}
    return Journal(folder).read()


def _job(
    config: CorpusConfig, corpus: Corpus, unit_bytes: int, vocab_size: int, tokenizer_sha256: str
) -> Job:
    return Job(
        corpus=corpus.name,
        corpus_bytes=corpus.size,
        text_field=config.text_field,
        unit_bytes=unit_bytes,
        tokenizer=config.tokenizer,
        bpe_vocab_size=config.bpe_vocab_size if config.tokenizer == "bpe" else None,
        vocab_size=vocab_size,
        tokenizer_sha256=tokenizer_sha256,
    )


def _refuse_other(earlier: Job, asked: Job, folder: Path) -> None:
    before, now = asdict(earlier), asdict(asked)
    different = [name for name in before if before[name] != now[name]]
    if different:
        pairs = (f"{name} {before[name]!r}, not {now[name]!r}" for name in different)
        raise ConfigError(
            f"{folder} holds other tokens: {'; '.join(pairs)}; give another --out, or delete it"
        )
