"""``nanogpt evaluate``."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unicodedata import combining

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from nanogpt.checkpoint import Checkpoint
from nanogpt.commands.config import Evaluate
from nanogpt.data.load import load_corpus
from nanogpt.data.splits import VALIDATION_SHARE
from nanogpt.data.tokens import Tokens
from nanogpt.device import pick_device
from nanogpt.errors import CheckpointError, ConfigError
from nanogpt.evaluation.confusion import TokenAccuracy
from nanogpt.evaluation.evaluate import CONFUSION_VOCAB_SIZE, Evaluation, evaluate_model
from nanogpt.models.registry import Model
from nanogpt.tokenizers.base import Tokenizer
from nanogpt.tokenizers.char import CharTokenizer

PIECE = 1_000_000
"""Tokens decoded at a time."""
TABLE_ROWS = 20
"""Characters in the printed table; --json has all of them."""
_NAMES = {" ": "space", "\n": "newline", "\t": "tab", "\r": "return", "\u00a0": "no-break space"}


@dataclass(frozen=True)
class _Part:
    """The tokens to evaluate on, and what is known of them."""

    name: str
    tokens: Tokens
    trained_on: bool
    """Whether the text is the one that the model was trained on."""


def evaluate(command: Evaluate, out: Console, err: Console) -> None:
    """Evaluate as ``command`` says; report on ``out``, progress on ``err``."""
    if command.threads is not None:
        if command.threads < 1:
            raise ConfigError(f"threads must be at least 1, got {command.threads}")
        torch.set_num_threads(command.threads)
    checkpoint = Checkpoint.load(command.checkpoint)
    if command.out is not None:
        _check_characters(command, checkpoint.tokenizer)
    part = _read_part(command, checkpoint)
    model = checkpoint.build_model(pick_device(command.device))
    evaluation = _evaluate(model, part.tokens, command.context, err)
    result = _result(command, checkpoint, part, evaluation)
    if command.out is not None:
        _plot(command, checkpoint, part, evaluation)
    if command.json:
        out.out(json.dumps(result), highlight=False)
    else:
        _show(result, evaluation, part, out)
        if isinstance(checkpoint.tokenizer, CharTokenizer) and evaluation.per_token is not None:
            _show_characters(evaluation.per_token, checkpoint.tokenizer, out)


def _check_characters(command: Evaluate, tokenizer: Tokenizer) -> None:
    if not isinstance(tokenizer, CharTokenizer):
        raise ConfigError(
            f"--out draws the accuracy per character, and {command.checkpoint} has a tokenizer of "
            f"kind '{tokenizer.kind}'; leave --out out"
        )
    if tokenizer.vocab_size > CONFUSION_VOCAB_SIZE:
        raise ConfigError(
            f"--out draws the accuracy of up to {CONFUSION_VOCAB_SIZE:,} characters, and "
            f"{command.checkpoint} knows {tokenizer.vocab_size:,}; leave --out out"
        )


def _read_part(command: Evaluate, checkpoint: Checkpoint) -> _Part:
    corpus = checkpoint.corpus
    if command.corpus is not None:
        corpus = replace(corpus, corpus=command.corpus, file=None)
    elif not corpus.corpus:
        raise CheckpointError(
            f"{command.checkpoint} was imported, so it names no text; give one with --corpus"
        )
    tokens, _ = load_corpus(corpus, checkpoint.tokenizer)
    trained_on = tokens.sha256() == checkpoint.corpus_sha256
    if not trained_on and command.corpus is None:
        raise CheckpointError(
            f"{command.checkpoint} was trained on another text than '{corpus.corpus}' holds now, "
            "so its last tenth need not be held out; name the text to evaluate on with --corpus"
        )
    if not command.whole_text:
        tokens = tokens.slice(len(tokens) - int(len(tokens) * VALIDATION_SHARE), len(tokens))
    return _Part(corpus.corpus, tokens, trained_on)


@dataclass(frozen=True)
class _Sizes:
    """How much text some tokens stand for."""

    characters: int
    bytes: int
    unknown: int
    """Characters that a character tokenizer does not know; it counts them as U+FFFD."""


def _measure(tokens: Tokens, tokenizer: Tokenizer) -> _Sizes:
    characters = size = unknown = 0
    for begin in range(0, len(tokens), PIECE):
        ids = tokens.slice(begin, min(begin + PIECE, len(tokens))).tolist()
        text = tokenizer.decode_bytes(ids)
        size += len(text)
        # Bytes 10xxxxxx continue a character that has been counted.
        characters += sum(byte & 0xC0 != 0x80 for byte in text)
        unknown += ids.count(0) if isinstance(tokenizer, CharTokenizer) else 0
    return _Sizes(characters, size, unknown)


def _evaluate(model: Model, tokens: Tokens, context: int, err: Console) -> Evaluation:
    bar = Progress(
        TextColumn("evaluating"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("eta"),
        TimeRemainingColumn(compact=True),
        console=err,
        disable=not err.is_terminal,
        transient=True,
    )
    with bar:
        task = bar.add_task("evaluate", total=len(tokens) - 1)
        return evaluate_model(
            model,
            tokens,
            context=context,
            on_batch=lambda done: bar.update(task, completed=done),
        )


def _result(
    command: Evaluate, checkpoint: Checkpoint, part: _Part, evaluation: Evaluation
) -> dict[str, Any]:
    tokenizer = checkpoint.tokenizer
    first = len(part.tokens) - evaluation.predictions
    scored = _measure(part.tokens.slice(first, len(part.tokens)), tokenizer)
    result = {
        "checkpoint": str(command.checkpoint),
        "step": checkpoint.training["step"],
        "corpus": part.name,
        "trained_on_this_corpus": part.trained_on,
        "whole_text": command.whole_text,
        "unknown_characters": scored.unknown,
        **evaluation.to_dict(),
        "bits_per_character": evaluation.bits_per(scored.characters),
        "bits_per_byte": evaluation.bits_per(scored.bytes),
        "plot": None if command.out is None else str(command.out),
    }
    for row in result["per_token"] or ():
        row["text"] = tokenizer.decode([row["token"]])
        mistaken_for = row["mistaken_for"]
        row["mistaken_for_text"] = (
            None if mistaken_for is None else tokenizer.decode([mistaken_for])
        )
    return result


def _show(result: dict[str, Any], evaluation: Evaluation, part: _Part, out: Console) -> None:
    rows = {
        "text": _describe(part, whole_text=result["whole_text"]),
        "predictions": f"{evaluation.predictions:,}, {_describe_context(evaluation)}",
        "loss": f"{evaluation.loss:.4f} nats per token",
        "perplexity": f"{evaluation.perplexity:,.3f}",
        "bits": f"{result['bits_per_character']:.4f} per character, "
        f"{result['bits_per_byte']:.4f} per byte",
        "top-1 accuracy": f"{evaluation.accuracy:.2%} ({evaluation.correct:,})",
        "top-5 accuracy": f"{evaluation.top5_accuracy:.2%} ({evaluation.top5_correct:,})",
    }
    if result["unknown_characters"]:
        rows["unknown"] = f"{result['unknown_characters']:,} characters that the model never saw"
    if result["plot"] is not None:
        rows["plot"] = result["plot"]
    for name, value in rows.items():  # no table: it would cut a long path short
        out.print(f"{name:<16}{value}", markup=False, highlight=False, soft_wrap=True)


def _describe(part: _Part, *, whole_text: bool) -> str:
    share = "all of" if whole_text else "the last tenth of"
    if not part.trained_on:
        return f"{share} {part.name}, another text than the model was trained on"
    seen = "; the model was trained on nine tenths of it" if whole_text else ", held out"
    return f"{share} {part.name}{seen}"


def _describe_context(evaluation: Evaluation) -> str:
    skipped = evaluation.tokens - evaluation.predictions
    if skipped > 1:
        return f"each after {skipped} tokens of context"
    if evaluation.context:
        return f"each after {evaluation.context} tokens of context or more"
    return "in blocks side by side; --context gives each token more to go by"


def _show_characters(rows: Sequence[TokenAccuracy], tokenizer: CharTokenizer, out: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("character", "count", "accuracy", "mostly taken for"):
        table.add_column(heading, justify="right" if heading in {"count", "accuracy"} else "left")
    for row in rows[:TABLE_ROWS]:
        mistaken = "-"
        if row.mistaken_for is not None:
            share = row.mistaken_count / row.count
            mistaken = f"{_name(tokenizer, row.mistaken_for)} ({share:.1%})"
        name = _name(tokenizer, row.token)
        table.add_row(Text(name), f"{row.count:,}", f"{row.accuracy:.1%}", Text(mistaken))
    out.print()
    out.print(table, highlight=False)
    if len(rows) > TABLE_ROWS:
        out.print(f"and {len(rows) - TABLE_ROWS} rarer characters; --json has all of them")


def _name(tokenizer: CharTokenizer, token: int) -> str:
    """Return how to show a character on paper: itself, or a word for one that leaves no mark."""
    char = tokenizer.decode([token])
    if token == 0:
        return "unknown"
    if char in _NAMES:
        return _NAMES[char]
    leaves_mark = char.isprintable() and not char.isspace() and not combining(char)
    return char if leaves_mark else f"U+{ord(char):04X}"


def _plot(command: Evaluate, checkpoint: Checkpoint, part: _Part, evaluation: Evaluation) -> None:
    from nanogpt.evaluation.plot import plot_accuracy  # noqa: PLC0415  matplotlib is slow to load

    tokenizer, path = checkpoint.tokenizer, command.out
    assert isinstance(tokenizer, CharTokenizer)
    assert path is not None
    shown = evaluation.per_token or ()
    ids = {row.token for row in shown} | {row.mistaken_for for row in shown} - {None}
    plot_accuracy(
        evaluation,
        {token: _name(tokenizer, token) for token in ids if token is not None},
        title=f"How well each character of {Path(part.name).name} is predicted",
        subtitle=_subtitle(checkpoint, evaluation),
        path=path,
    )


def _subtitle(checkpoint: Checkpoint, evaluation: Evaluation) -> str:
    parameters = sum(weight.numel() for weight in checkpoint.training["model"].values())
    return (
        f"{checkpoint.model_config.kind.upper()} of {parameters:,} parameters with "
        f"{checkpoint.model_config.block_size} characters of context: {evaluation.accuracy:.2%} of "
        f"{evaluation.predictions:,} next characters are its first choice, "
        f"{evaluation.top5_accuracy:.1%} among its first five; loss {evaluation.loss:.4f} nats"
    )
