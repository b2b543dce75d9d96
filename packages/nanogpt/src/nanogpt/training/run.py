"""A run in its folder: steps, records, evaluations and checkpoints, until done or asked to stop.

The folder holds ``checkpoint.pt``, all that sampling and resuming need; ``retention.py`` tells of
its siblings, ``folder.py`` of the other files. With several processes, the first one writes.
"""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import torch

from nanogpt.checkpoint import Checkpoint
from nanogpt.data.config import CorpusConfig
from nanogpt.data.load import load_corpus
from nanogpt.data.splits import Splits
from nanogpt.data.tokens import Tokens
from nanogpt.errors import CheckpointError, ConfigError
from nanogpt.models.config import ModelConfig
from nanogpt.models.registry import Model, build_model
from nanogpt.sampling.config import SamplingConfig
from nanogpt.sampling.generate import generate
from nanogpt.tokenizers.base import Tokenizer
from nanogpt.training.config import TrainConfig
from nanogpt.training.cost import utilization
from nanogpt.training.folder import (
    LOG,
    PLOT,
    append_sample,
    clear_leftovers,
    describe,
    set_aside_earlier,
)
from nanogpt.training.initial import Initial
from nanogpt.training.log import LogRecord, RunLog
from nanogpt.training.parallel import Processes, errors_of_rank_0, on_rank_0
from nanogpt.training.plot import plot_loss
from nanogpt.training.retention import NEWEST, save_checkpoint
from nanogpt.training.trainer import StepResult, Trainer


class Run:
    """A training run; build one with `start` or `resume`, then call `train`."""

    def __init__(
        self,
        folder: Path,
        corpus: CorpusConfig,
        *,
        model: Model,
        config: TrainConfig,
        tokens: Tokens,
        tokenizer: Tokenizer,
        device: torch.device,
        processes: Processes,
    ) -> None:
        self.folder = folder
        self.tokenizer = tokenizer
        self.splits = Splits.by_position(tokens, model.config.window_size)
        self.trainer = Trainer(model, self.splits, config, processes, device)
        self.processes = processes
        self.seconds = 0.0
        self.best_val_loss: float | None = None
        self._best_step: int | None = None
        self._corpus = corpus
        self._corpus_sha256 = tokens.sha256()
        self._stopping = False
        self._log: RunLog

    @classmethod
    def start(
        cls,
        folder: Path,
        corpus: CorpusConfig,
        *,
        model_config: ModelConfig,
        config: TrainConfig,
        device: torch.device,
        processes: Processes | None = None,
        initial: Initial | None = None,
    ) -> Self:
        """Begin a new run in ``folder``; an earlier one there moves into a folder ``earlier-N``.

        Args:
            folder: Where the run's files go.
            corpus: What to train on.
            model_config: The shape.
            config: The recipe.
            device: Where to train.
            processes: This process among those that train together.
            initial: Weights and tokenizer to begin with, of the shape ``model_config``; weights
                drawn from the seed and a new tokenizer if not given.

        Raises:
            CorpusError: The text cannot be read, or is too short, or was prepared with another
                tokenizer than the initial one.
            OutputError: The folder cannot be written.
        """
        processes = processes or Processes()
        tokens, tokenizer = load_corpus(corpus, initial.tokenizer if initial else None)
        generator = torch.Generator().manual_seed(config.seed)
        model = build_model(model_config, tokenizer.vocab_size, generator)
        if initial is not None:
            model.load_state_dict(initial.weights)
        run = cls(
            folder,
            corpus,
            model=model,
            config=config,
            device=device,
            tokens=tokens,
            tokenizer=tokenizer,
            processes=processes,
        )
        on_rank_0(processes, lambda: set_aside_earlier(folder))
        return run

    @classmethod
    def resume(
        cls,
        folder: Path,
        corpus: CorpusConfig,
        checkpoint: Checkpoint,
        *,
        config: TrainConfig,
        device: torch.device,
        processes: Processes | None = None,
    ) -> Self:
        """Go on from ``checkpoint`` in ``folder``; exactly, if ``config`` is the one it had.

        Raises:
            CheckpointError: It was trained on another text, is incomplete, or does not fit its
                own shape.
            ConfigError: It has made more steps than ``config`` asks for.
        """
        tokens, tokenizer = load_corpus(corpus, checkpoint.tokenizer)
        run = cls(
            folder,
            corpus,
            model=checkpoint.build_model(torch.device("cpu")),
            config=config,
            device=device,
            tokens=tokens,
            tokenizer=tokenizer,
            processes=processes or Processes(),
        )
        if run._corpus_sha256 != checkpoint.corpus_sha256:
            raise CheckpointError(
                f"{folder / NEWEST} was trained on another text than '{corpus.corpus}' holds; "
                "resume with the same corpus, or train anew without --resume"
            )
        run._restore(checkpoint)
        return run

    def _restore(self, checkpoint: Checkpoint) -> None:
        try:
            self.trainer.load_state_dict(checkpoint.training)
        except (KeyError, ValueError) as error:
            raise CheckpointError(
                f"the optimizer's state in {self.folder / NEWEST} does not fit: {error}; resume "
                "with the same --optimizer, or train again"
            ) from error
        made, wanted = self.trainer.step, self.trainer.config.max_steps
        if made > wanted:
            raise ConfigError(
                f"the run in {self.folder} has made {made:,} steps already; --max-steps counts "
                f"them, and {wanted:,} is fewer"
            )
        self.seconds = checkpoint.seconds
        self.best_val_loss = checkpoint.training.get("best_val_loss")

    @property
    def finished(self) -> bool:
        """Whether the last step is made; a `stop` after it changes nothing."""
        return self.trainer.step >= self.trainer.config.max_steps

    def stop(self) -> None:
        """Ask `train` to save and return after the step that it is in."""
        self._stopping = True

    def train(
        self,
        on_step: Callable[[StepResult], None] = lambda _: None,
        on_record: Callable[[LogRecord], None] = lambda _: None,
        on_sample: Callable[[str], None] = lambda _: None,
    ) -> list[LogRecord]:
        """Train up to the last step, or until `stop`, and save.

        Args:
            on_step: Called after every step.
            on_record: Called with every record written to the log.
            on_sample: Called with the text that the model writes after an evaluation.

        Returns:
            The records of the whole run. The run is finished if the last one's step is the last.

        Raises:
            DivergedError: The last checkpoint stays as it is.
            OutputError: The folder cannot be written.
        """
        on_rank_0(self.processes, self._prepare_folder)
        with errors_of_rank_0(self.processes):
            writes = self.processes.rank == 0
            self._log = RunLog(self.folder / LOG, self.trainer.step, writes=writes)
        since: list[StepResult] = []
        before = self.seconds
        going = not self.finished
        while going:
            result = self._timed_step()
            since.append(result)
            on_step(result)
            stopped = self.processes.any(self._stopping, self.trainer.device)
            going = not self.finished and not stopped
            if self._due(result.step, "log") or self._evaluates(result.step) or stopped:
                on_record(self._record(since, self.seconds - before))
                since, before = [], self.seconds
            if self._evaluates(result.step):
                on_sample(self._sample())
            if self._saves(result.step) or stopped:
                self._save()
        return self._log.records

    def _due(self, step: int, kind: str) -> bool:
        interval = getattr(self.trainer.config, f"{kind}_interval")
        return interval is not None and step % interval == 0

    def _evaluates(self, step: int) -> bool:
        return step == self.trainer.config.max_steps or self._due(step, "eval")

    def _saves(self, step: int) -> bool:
        return self._evaluates(step) or self._due(step, "checkpoint")

    def _timed_step(self) -> StepResult:
        begin = time.perf_counter()
        result = self.trainer.train_step()
        self.seconds += time.perf_counter() - begin
        return result

    def _record(self, since: list[StepResult], seconds: float) -> LogRecord:
        step = since[-1].step
        speed = len(since) * self.trainer.tokens_per_step / seconds
        val_loss = self._validate() if self._evaluates(step) else None
        record = LogRecord(
            step=step,
            train_loss=sum(result.loss for result in since) / len(since),
            val_loss=val_loss,
            learning_rate=since[-1].learning_rate,
            grad_norm=_finite(since[-1].grad_norm),
            tokens_per_second=speed,
            seconds=self.seconds,
            mfu=utilization(self.trainer, speed),
        )
        with errors_of_rank_0(self.processes):
            self._log.append(record)
        return record

    def _validate(self) -> float | None:
        """Return the validation loss, and remember whether it is the best; none if not finite."""
        loss = _finite(self.trainer.evaluate())
        if loss is not None and (self.best_val_loss is None or loss <= self.best_val_loss):
            self.best_val_loss, self._best_step = loss, self.trainer.step
        return loss

    def _sample(self) -> str:
        """Let the model write a little, and keep it in ``samples.txt``."""
        length = self.trainer.config.sample_tokens
        if not length or self.trainer.shards_model:
            return ""  # a sharded model would need all processes for every token
        text = ""
        with errors_of_rank_0(self.processes):
            if self.processes.rank == 0:
                text = self._generate(length)
                append_sample(self.folder, self.trainer.step, text)
        return text

    def _generate(self, length: int) -> str:
        config = SamplingConfig(num_tokens=length, seed=self.trainer.config.seed)
        prompt = self.tokenizer.encode("\n").tolist()
        return self.tokenizer.decode(
            list(generate(self.trainer.model, prompt, config, undrawn=self.tokenizer.undrawn))
        )

    def _save(self) -> None:
        checkpoint = Checkpoint(
            model_config=self.trainer.model.config,
            train_config=self.trainer.config,
            corpus=self._corpus,
            corpus_sha256=self._corpus_sha256,
            tokenizer=self.tokenizer,
            training={**self.trainer.state_dict(), "best_val_loss": self.best_val_loss},
            seconds=self.seconds,
        )
        on_rank_0(self.processes, lambda: self._write(checkpoint))

    def _write(self, checkpoint: Checkpoint) -> None:
        best = self.trainer.step == self._best_step
        keep = self.trainer.config.keep_checkpoints
        save_checkpoint(checkpoint, self.folder, keep=keep, best=best)
        title = f"Loss on {Path(self._corpus.corpus).name}"
        plot_loss(self._log.records, title, self.folder / PLOT)

    def _prepare_folder(self) -> None:
        clear_leftovers(self.folder, self.trainer.step)
        trainer = self.trainer
        describe(self.folder, self._corpus, trainer.model.config, trainer.config, self.tokenizer)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None  # JSON has no infinity
