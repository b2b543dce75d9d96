"""Shards: the same for any number of workers, through kills, and nothing mixed up."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest

from nanogpt.data import sources, workshop
from nanogpt.data.config import CorpusConfig
from nanogpt.data.corpus import read_corpus
from nanogpt.data.load import load_corpus
from nanogpt.data.prepare import prepare
from nanogpt.data.shards import Prepared, Shard
from nanogpt.errors import ConfigError, CorpusError, OutputError

UNIT_BYTES = 1 << 11
LINES = "The quick brown fox\njumps over the lazy dog; it's n\u00b0 1603.\n\n"


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(LINES * 400, encoding="utf-8")
    return path


@pytest.fixture
def config(text: Path) -> CorpusConfig:
    return CorpusConfig(corpus=str(text), tokenizer="bpe", bpe_vocab_size=300)


def make(config: CorpusConfig, folder: Path, workers: int = 1) -> tuple[Prepared, list[Shard]]:
    return prepare(config, folder, workers=workers, unit_bytes=UNIT_BYTES)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def stopped_after(units: int, error: BaseException) -> Callable[[str, int], None]:
    """Return an ``on_progress`` that raises after some units."""
    done = 0

    def on_progress(phase: str, _count: int) -> None:
        nonlocal done
        done += phase == "tokenize"
        if done == units:
            raise error

    return on_progress


def test_tokens_are_those_of_the_whole_text(config: CorpusConfig, tmp_path: Path) -> None:
    prepared, anew = make(config, tmp_path / "out")
    tokens, tokenizer = load_corpus(CorpusConfig(corpus=str(tmp_path / "out")))
    text = read_corpus(config.corpus)
    assert len(prepared.shards) == len(anew) == 12
    assert tokens.tolist() == tokenizer.encode(text).tolist()
    assert prepared.bytes == len(text.encode())
    assert prepared.tokens == len(tokens)
    assert prepared.documents == 1
    prepared.verify()


@pytest.mark.parametrize("kind", ["char", "bpe", "gpt2"])
def test_in_memory_and_on_disk_are_the_same(text: Path, tmp_path: Path, kind: str) -> None:
    config = CorpusConfig(corpus=str(text), tokenizer=kind, bpe_vocab_size=300)  # type: ignore[arg-type]
    in_memory, learned = load_corpus(config)
    prepared, _ = make(config, tmp_path / "out")
    on_disk, saved = load_corpus(CorpusConfig(corpus=str(tmp_path / "out")))
    assert on_disk.tolist() == in_memory.tolist()
    assert saved.to_dict() == learned.to_dict()
    assert load_corpus(config, learned)[0].sha256() == in_memory.sha256()
    assert prepared.job.dtype == "uint16"


def test_two_workers_write_what_one_writes(config: CorpusConfig, tmp_path: Path) -> None:
    make(config, tmp_path / "one")
    make(config, tmp_path / "two", workers=2)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_large_vocabulary_takes_four_bytes(tmp_path: Path) -> None:
    characters = "".join(map(chr, range(0x10000, 0x10000 + 70_000)))
    (tmp_path / "text.txt").write_text(characters, encoding="utf-8")
    config = CorpusConfig(corpus=str(tmp_path / "text.txt"))
    prepared, _ = prepare(config, tmp_path / "out")
    tokens, _ = load_corpus(CorpusConfig(corpus=str(tmp_path / "out")))
    assert prepared.job.dtype == "uint32"
    assert tokens.tolist() == load_corpus(config)[0].tolist()


def test_end_of_text_stands_between_documents(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.txt").write_text("one")
    (folder / "b.jsonl").write_text('{"text": "two <|endoftext|>"}\n\n{"text": ""}\n')
    (folder / "c.txt").write_text("three")
    config = CorpusConfig(corpus=str(folder), tokenizer="gpt2")
    prepared, _ = prepare(config, tmp_path / "out", unit_bytes=4)
    tokens, tokenizer = load_corpus(CorpusConfig(corpus=str(tmp_path / "out")))
    parts = [tokenizer.encode(text).tolist() for text in ("one", "two <|endoftext|>", "", "three")]
    one, two, empty, three = parts
    end = [tokenizer.eot]
    assert tokens.tolist() == one + end + two + end + empty + end + three
    assert tokens.tolist() == load_corpus(config)[0].tolist()
    assert prepared.documents == 4


def test_line_end_stands_between_documents_of_characters(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "one"}\n{"text": "two"}\n')
    tokens, tokenizer = load_corpus(CorpusConfig(corpus=str(tmp_path / "a.jsonl")))
    assert tokenizer.decode(tokens.tolist()) == "one\ntwo"


KILLED = """
import os, signal, sys
from pathlib import Path
from nanogpt.data.config import CorpusConfig
from nanogpt.data.prepare import prepare

units = 0

def on_progress(phase, _count):
    global units
    units += phase == "tokenize"
    if units == 5:
        os.kill(os.getpid(), signal.SIGKILL)

corpus, out, *numbers = sys.argv[1:]
workers, unit_bytes = map(int, numbers)
config = CorpusConfig(corpus=corpus, tokenizer="bpe", bpe_vocab_size=300)
prepare(config, Path(out), workers=workers, unit_bytes=unit_bytes, on_progress=on_progress)
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_by_the_system_it_goes_on(
    config: CorpusConfig, tmp_path: Path, workers: int
) -> None:
    """And leaves no worker behind: `run` returns once nobody holds the output's pipe."""
    out = tmp_path / "killed"
    argv = [config.corpus, str(out), str(workers), str(UNIT_BYTES)]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, *argv], capture_output=True, check=False, timeout=60
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    with pytest.raises(CorpusError, match="killed is not finished; the 'nanogpt prepare' that"):
        load_corpus(CorpusConfig(corpus=str(out)))
    (out / ".123-tokens-00009.bin").write_bytes(b"half")  # as a killed worker may leave it
    with (out / "journal.jsonl").open("a") as journal:
        journal.write('{"index": 7, "tok')
    stop = stopped_after(7, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):  # once more, later
        prepare(config, out, unit_bytes=UNIT_BYTES, on_progress=stop)
    _, anew = make(config, out)
    assert len(anew) == 12 - 7
    make(config, tmp_path / "straight")
    assert files(out) == files(tmp_path / "straight")


@pytest.mark.parametrize("workers", [1, 2])
def test_interrupted_it_keeps_what_is_done(
    config: CorpusConfig, tmp_path: Path, workers: int
) -> None:
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        prepare(
            config,
            out,
            workers=workers,
            unit_bytes=UNIT_BYTES,
            on_progress=stopped_after(5, KeyboardInterrupt()),
        )
    lines = (out / "journal.jsonl").read_text().splitlines()
    assert 5 <= len(lines) - 1 < 12
    assert not list(out.glob(".*"))
    _, anew = make(config, out)
    assert len(anew) == 12 - (len(lines) - 1)


def test_finished_work_is_verified_and_left(config: CorpusConfig, tmp_path: Path) -> None:
    make(config, tmp_path / "out")
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.bin")}
    _, anew = make(config, tmp_path / "out")
    assert anew == []
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.bin")}
    assert before == after


@pytest.mark.parametrize("damage", [Path.unlink, flip])
@pytest.mark.parametrize("name", ["tokens-00003.bin", "tokenizer.json"])
def test_damage_is_found_and_mended(
    config: CorpusConfig, tmp_path: Path, damage: Callable[[Path], None], name: str
) -> None:
    out = tmp_path / "out"
    prepared, _ = make(config, out)
    good = files(out)
    damage(out / name)
    with pytest.raises(CorpusError, match=f"{name} is missing or damaged"):
        prepared.verify()
    make(config, out)
    assert files(out) == good


def test_shard_of_another_size_is_refused_when_opened(config: CorpusConfig, tmp_path: Path) -> None:
    make(config, tmp_path / "out")
    path = tmp_path / "out" / "tokens-00003.bin"
    os.truncate(path, path.stat().st_size - 2)
    with pytest.raises(CorpusError, match=r"tokens-00003.bin is missing or damaged.*got \d+"):
        load_corpus(CorpusConfig(corpus=str(tmp_path / "out")))
    path.unlink()
    with pytest.raises(CorpusError, match=r"tokens-00003.bin is missing .*\(No such file"):
        load_corpus(CorpusConfig(corpus=str(tmp_path / "out")))


def test_text_that_changed_is_refused(config: CorpusConfig, text: Path, tmp_path: Path) -> None:
    make(config, tmp_path / "out")
    before = files(tmp_path / "out")
    flip(text)
    with pytest.raises(CorpusError, match=r"has changed since .*tokens-00005.bin was made of it"):
        make(config, tmp_path / "out")
    text.write_text("longer", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"corpus_bytes \d+, not 6; give another --out"):
        make(config, tmp_path / "out")
    assert files(tmp_path / "out") == before


@pytest.mark.parametrize("finished", [True, False])
def test_folder_of_other_tokens_is_refused(
    config: CorpusConfig, text: Path, tmp_path: Path, *, finished: bool
) -> None:
    out = tmp_path / "out"
    make(config, out)
    if not finished:
        manifest = json.loads((out / "manifest.json").read_text())
        (out / "manifest.json").unlink()
        (out / "journal.jsonl").write_text(json.dumps(manifest) + "\n")
    for other, message in (
        (CorpusConfig(corpus=str(text), tokenizer="char"), "tokenizer 'bpe', not 'char'"),
        (
            CorpusConfig(corpus=str(text), tokenizer="bpe", bpe_vocab_size=301),
            "bpe_vocab_size 300, not 301",
        ),
        (CorpusConfig(corpus="shakespeare", tokenizer="bpe", bpe_vocab_size=300), "corpus "),
    ):
        with pytest.raises(ConfigError, match=rf"holds other tokens: .*{message}"):
            make(other, out)


def test_folder_inside_the_corpus_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(LINES)
    with pytest.raises(ConfigError, match="the tokens would become a part of the corpus"):
        make(CorpusConfig(corpus=str(tmp_path)), tmp_path / "deep" / "out")


def test_prepared_folder_is_no_text(config: CorpusConfig, tmp_path: Path) -> None:
    make(config, tmp_path / "out")
    with pytest.raises(CorpusError, match="holds tokens that nanogpt prepare wrote, and no text"):
        make(CorpusConfig(corpus=str(tmp_path / "out")), tmp_path / "again")


def test_folder_prepared_for_another_tokenizer(config: CorpusConfig, tmp_path: Path) -> None:
    make(config, tmp_path / "out")
    prepared = CorpusConfig(corpus=str(tmp_path / "out"))
    _, char = load_corpus(CorpusConfig(corpus=config.corpus))
    with pytest.raises(CorpusError, match="prepared with another tokenizer than this run has"):
        load_corpus(prepared, char)
    assert load_corpus(prepared, load_corpus(prepared)[1])[0].tolist()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("manifest.json", '{"format": "nanogpt tokens", "version": 9}', "has version 9, this"),
        ("manifest.json", '{"format": "nanogpt tokens", "version": 1}', "is damaged"),
        ("manifest.json", '{"format": "nanogpt tokens", "ver', "is damaged"),
        ("tokenizer.json", "{}", "tokenizer.json is missing or damaged"),
    ],
)
def test_damaged_folder_is_refused(
    config: CorpusConfig, tmp_path: Path, name: str, content: str, message: str
) -> None:
    make(config, tmp_path / "out")
    (tmp_path / "out" / name).write_text(content)
    with pytest.raises(CorpusError, match=message):
        load_corpus(CorpusConfig(corpus=str(tmp_path / "out")))


def test_bad_byte_is_located_by_any_worker(
    config: CorpusConfig, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what was done by then is kept."""
    monkeypatch.setattr(sources, "PIECE_BYTES", 256)  # this process reads no more than the first
    out = tmp_path / "out"
    config = CorpusConfig(corpus=config.corpus, tokenizer="gpt2")
    raw = bytearray(text.read_bytes())
    raw[20_000] = 0xFF
    text.write_bytes(raw)
    with pytest.raises(CorpusError, match=r"text.txt is not UTF-8: byte 0xff at offset 20000"):
        make(config, out, workers=2)
    assert len((out / "journal.jsonl").read_text().splitlines()) > 1


def test_worker_that_is_ended_from_outside(
    config: CorpusConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(workshop.ProcessPoolExecutor):
        def submit(self, *_: object, **__: object) -> object:  # type: ignore[override]
            raise BrokenProcessPool

    monkeypatch.setattr(workshop, "ProcessPoolExecutor", Broken)
    with pytest.raises(OutputError, match="the same command goes on where it stopped"):
        make(config, tmp_path / "out", workers=2)


def test_out_that_cannot_be_a_folder(config: CorpusConfig, text: Path, tmp_path: Path) -> None:
    for out in (text, text / "below", tmp_path / ("n" * 300)):
        with pytest.raises(OutputError, match="cannot"):
            make(config, out)


def test_shards_are_little_endian(config: CorpusConfig, tmp_path: Path) -> None:
    prepared, _ = make(config, tmp_path / "out")
    raw = (tmp_path / "out" / "tokens-00000.bin").read_bytes()
    ids = [low + 256 * high for low, high in zip(raw[::2], raw[1::2], strict=True)]
    tokens, _ = load_corpus(CorpusConfig(corpus=str(tmp_path / "out")))
    assert tokens.gather(np.array([0]), len(ids))[0].tolist() == ids
    assert len(ids) == prepared.shards[0].tokens


def test_workers_need_no_torch() -> None:
    code = (
        "import sys, nanogpt.data.workshop, nanogpt.commands.prepare; "
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
