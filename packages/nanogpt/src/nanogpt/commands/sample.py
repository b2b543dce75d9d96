"""``nanogpt sample``: one text as it is drawn, or several that are drawn as one batch."""

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from nanogpt.checkpoint import Checkpoint
from nanogpt.commands.config import LINE_END, Sample
from nanogpt.device import is_out_of_memory, pick_device
from nanogpt.errors import CorpusError, MemoryShortError
from nanogpt.models.registry import Model
from nanogpt.sampling.filters import Tokens
from nanogpt.sampling.generate import generate_batch
from nanogpt.sampling.text import TextStream
from nanogpt.tokenizers.base import Tokenizer

PROGRESS_AFTER = 2.0
"""Seconds without output before the progress bar shows."""


def sample(command: Sample, out: Console, err: Console) -> None:
    """Print the prompt of ``command`` and its continuations on ``out``."""
    prompt = _read_prompt(command)
    device = pick_device(command.device)
    checkpoint = Checkpoint.load(command.checkpoint)
    tokenizer, config = checkpoint.tokenizer, command.sampling
    ids = tokenizer.encode(prompt).tolist()
    _warn(prompt, len(ids), checkpoint, err)
    model = checkpoint.build_model(device)
    if command.num_samples == 1 and not command.json:
        steps = generate_batch(model, [ids], config, undrawn=tokenizer.undrawn)
        _stream(prompt, TextStream(tokenizer, config.stop), steps, out)
        return
    texts = _texts(command, model, ids, tokenizer, err)
    seeds = range(config.seed, config.seed + len(texts))
    if command.json:
        samples = [{"seed": s, "text": text} for s, text in zip(seeds, texts, strict=True)]
        out.out(json.dumps({"prompt": prompt, "samples": samples}), highlight=False)
        return
    for number, (seed, text) in enumerate(zip(seeds, texts, strict=True), 1):
        out.file.write(f"--- sample {number} of {len(texts)}, seed {seed} ---\n{prompt}{text}\n")


def _texts(
    command: Sample, model: Model, ids: list[int], tokenizer: Tokenizer, err: Console
) -> list[str]:
    """Return all continuations of the prompt ``ids``."""
    config, count = command.sampling, command.num_samples
    try:
        steps = generate_batch(model, [ids] * count, config, undrawn=tokenizer.undrawn)
        streams = [TextStream(tokenizer, config.stop) for _ in range(count)]
        return _collect(streams, _with_progress(steps, config.num_tokens, err))
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise MemoryShortError(
            f"the memory is too small for {count:,} samples of {config.num_tokens:,} tokens at a "
            "time; draw fewer with --num-samples, and the others with another --seed"
        ) from error


def _read_prompt(command: Sample) -> str:
    if command.prompt_file is not None:
        return _read_text(command.prompt_file) or LINE_END
    # A terminal may pass bytes that are not UTF-8; Python hands them on as lone surrogates.
    return command.prompt.encode("utf-8", "replace").decode() or LINE_END


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CorpusError(f"cannot read the prompt {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"the prompt {path} is not UTF-8: byte 0x{error.object[error.start]:02x} at offset "
            f"{error.start}; convert it, for example with 'iconv -f LATIN1 -t UTF-8'"
        ) from error


def _warn(prompt: str, length: int, checkpoint: Checkpoint, err: Console) -> None:
    """Tell what of the prompt the model does not know or does not read."""
    lines = []
    if unknown := checkpoint.tokenizer.unknown(prompt):
        lines.append(f"the model does not know {unknown!r} of the prompt")
    if length > (block_size := checkpoint.model_config.block_size):
        lines.append(f"the model reads the last {block_size:,} of the prompt's {length:,} tokens")
    for line in lines:
        err.print(line, markup=False, highlight=False, soft_wrap=True)


def _stream(prompt: str, stream: TextStream, steps: Iterable[Tokens], out: Console) -> None:
    out.file.write(prompt)
    for tokens in steps:
        out.file.write(stream.push(int(tokens[0])))
        out.file.flush()
        if stream.ended:
            break
    out.file.write(stream.finish() + "\n")


def _collect(streams: list[TextStream], steps: Iterable[Tokens]) -> list[str]:
    """Return the text of every row; a row that has ended is drawn on, unread, until all have."""
    pieces: list[list[str]] = [[] for _ in streams]
    for tokens in steps:
        for stream, text, token in zip(streams, pieces, tokens.tolist(), strict=True):
            text.append(stream.push(token))
        if all(stream.ended for stream in streams):
            break
    return ["".join(text) + stream.finish() for stream, text in zip(streams, pieces, strict=True)]


def _with_progress(steps: Iterable[Tokens], total: int, err: Console) -> Iterator[Tokens]:
    """Yield ``steps``; show how far they are on a terminal once they take a while."""
    begin = time.monotonic()
    bar = Progress(console=err, transient=True)
    task = bar.add_task("tokens", total=total)
    try:
        for tokens in steps:
            yield tokens
            bar.advance(task)
            if err.is_terminal and time.monotonic() - begin > PROGRESS_AFTER:
                bar.start()  # does nothing when it has started
    finally:
        if bar.live.is_started:
            bar.stop()
