"""A run in its folder: steps, records, evaluations and checkpoints, until done or asked to stop.

The folder holds ``checkpoint.pt`` (all that sampling and resuming need), ``log.jsonl``,
``loss.png``, and for people ``config.json`` and ``tokenizer.json``.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import torch

from nanogpt.atomic import write_text
from nanogpt.checkpoint import Checkpoint
from nanogpt.data.splits import Splits
from nanogpt.errors import CheckpointError, ConfigError, OutputError
from nanogpt.models.config import ModelConfig
from nanogpt.models.registry import Model, build_model, config_to_dict
from nanogpt.tokenizers.base import Tokenizer
from nanogpt.tokenizers.char import CharTokenizer
from nanogpt.training.config import TrainConfig
from nanogpt.training.log import LogRecord, RunLog
from nanogpt.training.plot import plot_loss
from nanogpt.training.trainer import StepResult, Trainer

CHECKPOINT = "checkpoint.pt"
LOG = "log.jsonl"
PLOT = "loss.png"
CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
FILES = (CHECKPOINT, LOG, PLOT, CONFIG, TOKENIZER)


@dataclass(frozen=True)
class Corpus:
    """A text and the name it goes by."""

    name: str
    text: str


class Run:
    """A training run; build one with `start` or `resume`, then call `train`."""

    def __init__(
        self, folder: Path, corpus: Corpus, tokenizer: Tokenizer, model: Model, config: TrainConfig
    ) -> None:
        tokens = tokenizer.encode(corpus.text)
        self.folder = folder
        self.tokenizer = tokenizer
        self.splits = Splits.by_position(tokens, model.config.window_size)
        self.trainer = Trainer(model, self.splits, config)
        self.seconds = 0.0
        self._corpus = corpus.name
        self._corpus_sha256 = hashlib.sha256(tokens.tobytes()).hexdigest()
        self._stopping = False

    @classmethod
    def start(
        cls,
        folder: Path,
        corpus: Corpus,
        *,
        model_config: ModelConfig,
        config: TrainConfig,
        device: torch.device,
    ) -> Self:
        """Begin a new run in ``folder``; an earlier one there moves into a folder ``earlier-N``.

        Raises:
            CorpusError: The text is too short.
            OutputError: The folder cannot be written.
        """
        tokenizer = CharTokenizer.train(corpus.text)
        generator = torch.Generator().manual_seed(config.seed)
        model = build_model(model_config, tokenizer.vocab_size, generator).to(device)
        run = cls(folder, corpus, tokenizer, model, config)
        _set_aside_earlier(folder)
        return run

    @classmethod
    def resume(
        cls,
        folder: Path,
        corpus: Corpus,
        checkpoint: Checkpoint,
        *,
        config: TrainConfig,
        device: torch.device,
    ) -> Self:
        """Go on from ``checkpoint`` in ``folder``; exactly, if ``config`` is the one it had.

        Raises:
            CheckpointError: It was trained on another text, is incomplete, or does not fit its
                own shape.
            ConfigError: It has made more steps than ``config`` asks for.
        """
        model = checkpoint.build_model(device)
        run = cls(folder, corpus, checkpoint.tokenizer, model, config)
        if run._corpus_sha256 != checkpoint.corpus_sha256:
            raise CheckpointError(
                f"{folder / CHECKPOINT} was trained on another text than '{corpus.name}' holds; "
                "resume with the same corpus, or train anew without --resume"
            )
        try:
            run.trainer.load_state_dict(checkpoint.training)
        except (KeyError, ValueError) as error:
            raise CheckpointError(
                f"the optimizer's state in {folder / CHECKPOINT} is damaged: {error}; train again"
            ) from error
        if run.trainer.step > config.max_steps:
            raise ConfigError(
                f"the run in {folder} has made {run.trainer.step:,} steps already; "
                f"--max-steps counts them, and {config.max_steps:,} is fewer"
            )
        run.seconds = checkpoint.seconds
        return run

    def stop(self) -> None:
        """Ask `train` to save and return after the step that it is in."""
        self._stopping = True

    def train(
        self,
        on_step: Callable[[StepResult], None] = lambda _: None,
        on_record: Callable[[LogRecord], None] = lambda _: None,
    ) -> list[LogRecord]:
        """Train up to the last step, or until `stop`, and save.

        Args:
            on_step: Called after every step.
            on_record: Called with every record written to the log.

        Returns:
            The records of the whole run. The run is finished if the last one's step is the last.

        Raises:
            DivergedError: The last checkpoint stays as it is.
            OutputError: The folder cannot be written.
        """
        config = self.trainer.config
        self._describe()
        log = RunLog(self.folder / LOG, self.trainer.step)
        since: list[StepResult] = []
        before = self.seconds
        while self._goes_on():
            result = self._timed_step()
            since.append(result)
            on_step(result)
            last = result.step == config.max_steps
            evaluating = last or result.step % config.eval_interval == 0
            stopped = not self._goes_on()
            if evaluating or stopped or result.step % config.log_interval == 0:
                record = self._record(since, self.seconds - before, evaluating=evaluating)
                log.append(record)
                on_record(record)
                since, before = [], self.seconds
            if evaluating or stopped:
                self._save(log.records)
        return log.records

    def _goes_on(self) -> bool:
        return self.trainer.step < self.trainer.config.max_steps and not self._stopping

    def _timed_step(self) -> StepResult:
        begin = time.perf_counter()
        result = self.trainer.train_step()
        self.seconds += time.perf_counter() - begin
        return result

    def _record(self, since: list[StepResult], seconds: float, *, evaluating: bool) -> LogRecord:
        tokens = len(since) * self.trainer.config.batch_size * self.trainer.model.config.block_size
        return LogRecord(
            step=since[-1].step,
            train_loss=sum(result.loss for result in since) / len(since),
            val_loss=self.trainer.evaluate() if evaluating else None,
            learning_rate=since[-1].learning_rate,
            grad_norm=since[-1].grad_norm,
            tokens_per_second=tokens / seconds,
            seconds=self.seconds,
        )

    def _save(self, records: list[LogRecord]) -> None:
        Checkpoint(
            model_config=self.trainer.model.config,
            train_config=self.trainer.config,
            corpus=self._corpus,
            corpus_sha256=self._corpus_sha256,
            tokenizer=self.tokenizer,
            training=self.trainer.state_dict(),
            seconds=self.seconds,
        ).save(self.folder / CHECKPOINT)
        plot_loss(records, f"Loss on {Path(self._corpus).name}", self.folder / PLOT)

    def _describe(self) -> None:
        """Write the configuration and the tokenizer for people; the checkpoint has them too."""
        config = {
            "corpus": self._corpus,
            "model": config_to_dict(self.trainer.model.config),
            "training": asdict(self.trainer.config),
        }
        write_text(self.folder / CONFIG, json.dumps(config, indent=2) + "\n")
        write_text(self.folder / TOKENIZER, json.dumps(self.tokenizer.to_dict()) + "\n")


def _set_aside_earlier(folder: Path) -> None:
    """Move the files of an earlier run in ``folder`` into the first free ``earlier-N`` of it."""
    try:
        earlier = [folder / name for name in FILES if (folder / name).exists()]
    except OSError as error:
        raise OutputError(f"cannot use the folder {folder}: {error.strerror}") from error
    if not earlier:
        return
    number = 1
    while (folder / f"earlier-{number}").exists():
        number += 1
    aside = folder / f"earlier-{number}"
    try:
        aside.mkdir()
        for path in earlier:
            path.rename(aside / path.name)
    except OSError as error:
        raise OutputError(f"cannot move the earlier run to {aside}: {error.strerror}") from error
