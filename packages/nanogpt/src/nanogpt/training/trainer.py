"""One optimizer step after another, and the loss on held-out text.

Everything random in step s (batch and dropout) is drawn from the seed and s alone. So the state of
a run is its weights, its moments and its step number: `Trainer.state_dict`. On one device with one
number of threads the same seed gives the same bits, straight through or resumed.

A step's batch is the same for any number of processes and passes: they share its rows. So is the
step, apart from the order of its sums and from dropout masks, which differ with the rank.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nanogpt.data.splits import (
    BatchSampler,
    Splits,
    consecutive_batches,
    evaluation_batch_size,
)
from nanogpt.errors import ConfigError, DivergedError
from nanogpt.models.gpt import cross_entropy
from nanogpt.models.registry import Model
from nanogpt.training import state
from nanogpt.training.config import TrainConfig
from nanogpt.training.optimizer import build_optimizers
from nanogpt.training.parallel import Processes, gradients_stay_local, parallelize, whole
from nanogpt.training.precision import MixedPrecision


@dataclass(frozen=True)
class StepResult:
    """What one optimizer step did."""

    step: int
    """Number of steps made so far, this one included."""
    loss: float
    """Mean loss of the batch before the update, nats per token."""
    grad_norm: float
    """Norm of the gradient before clipping."""
    learning_rate: float


class Trainer:
    """Trains ``model`` in place on ``splits``.

    Args:
        model: With FSDP on the CPU, so that the device need not hold the whole of it.
        splits: Tokens to train and to validate on.
        config: The recipe.
        processes: This process among those that train together.
        device: Where to train; where ``model`` is, if not given.

    Raises:
        ConfigError: The processes cannot share a batch evenly, or the recipe does not fit the
            device or the strategy.
    """

    def __init__(
        self,
        model: Model,
        splits: Splits,
        config: TrainConfig,
        processes: Processes | None = None,
        device: torch.device | None = None,
    ) -> None:
        self.model = model
        self.config = config
        self.processes = processes or Processes()
        self.step = 0
        self.device = device or model.wte.weight.device
        self.precision = MixedPrecision(config.precision, self.device)
        self.precision.prepare(model)
        _check_strategy(config, self.processes)
        self._wrapped = parallelize(model, config.strategy, self.processes, self.device)
        self.optimizers = build_optimizers(model, config)
        self._loss = torch.compile(self._plain_loss) if config.compile else self._plain_loss
        self._val = splits.val
        if config.eval_tokens is not None:
            self._val = splits.val.slice(0, min(config.eval_tokens, len(splits.val)))
        self._sampler = BatchSampler(
            splits.train,
            block_size=model.config.window_size,
            batch_size=config.batch_size,
            seed=config.seed,
        )

    @property
    def passes(self) -> int:
        """Passes that a step takes in this process; the processes share the accumulation."""
        return math.ceil(self.config.gradient_accumulation / self.processes.count)

    @property
    def tokens_per_step(self) -> int:
        """Predictions that one optimizer step learns from."""
        shape = self.model.config
        return self.config.batch_size * (shape.window_size - shape.overlap)

    def train_step(self) -> StepResult:
        """Make one optimizer step on the next batch.

        Raises:
            DivergedError: Loss or gradient is not finite; the weights are left as they were.
        """
        rate = self.optimizers.set_learning_rate(self.step, self.config)
        self._seed_dropout()
        self.model.train()
        self.optimizers.zero_grad()
        loss = self._accumulate_gradients()
        scaler = self.precision.scaler
        for optimizer in self.optimizers.all:
            scaler.unscale_(optimizer)
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.config.grad_clip)
        loss_value, grad_norm = loss.item(), whole(norm).item()
        # An overflow in float16 is no divergence: the scaler skips the step and lowers its scale.
        self._check_finite(loss_value, 0.0 if scaler.is_enabled() else grad_norm)
        for optimizer in self.optimizers.all:
            scaler.step(optimizer)
        scaler.update()
        self.step += 1
        return StepResult(self.step, loss_value, grad_norm, rate)

    def _accumulate_gradients(self) -> Tensor:
        """Add up the gradients of this process's rows; return the mean loss of all rows."""
        inputs, targets = (self.processes.rows(part) for part in self._sampler.batch(self.step))
        passes = self.passes
        total = torch.zeros((), device=self.device)
        for number, (idx, following) in enumerate(
            zip(inputs.chunk(passes), targets.chunk(passes), strict=True)
        ):
            if number < passes - 1:
                with gradients_stay_local(self._wrapped):
                    total += self._backward(idx, following) / passes
            else:
                total += self._backward(idx, following) / passes
        return self.processes.sum(total) / self.processes.count

    def _backward(self, idx: Tensor, targets: Tensor) -> Tensor:
        """Add the gradient of one pass; return its mean loss."""
        idx, targets = (part.to(self.device, non_blocking=True) for part in (idx, targets))
        with self.precision.autocast():
            loss = self._loss(idx, targets)
        scaled = self.precision.scaler.scale(loss / self.passes)
        torch.autograd.backward(scaled)
        return loss.detach()

    def _plain_loss(self, idx: Tensor, targets: Tensor) -> Tensor:
        return cross_entropy(self._wrapped(idx), targets)

    def _seed_dropout(self) -> None:
        if self.model.config.dropout:
            rank, count = self.processes.rank, self.processes.count
            torch.manual_seed((self.config.seed * 1_000_003 + self.step) * count + rank)

    def _check_finite(self, loss: float, grad_norm: float) -> None:
        if math.isfinite(loss) and math.isfinite(grad_norm):
            return
        starts = self._sampler.starts(self.step)
        shown = ", ".join(f"{start:,}" for start in starts[:8]) + (
            ", ..." if len(starts) > 8 else ""
        )
        raise DivergedError(
            f"training diverged at step {self.step + 1}: loss {loss}, gradient norm {grad_norm}; "
            f"its batch begins at the training tokens {shown}; "
            f"lower --learning-rate (now {self.config.learning_rate:g}), raise --warmup-steps "
            f"(now {self.config.warmup_steps}) or use --precision float32, and --resume from the "
            "last checkpoint"
        )

    @torch.no_grad()
    def evaluate(self) -> float:
        """Return the mean loss on the whole validation split, nats per token."""
        self.model.eval()
        window, overlap = self.model.config.window_size, self.model.config.overlap
        batch_size = evaluation_batch_size(window, self.model.vocab_size)
        total = torch.zeros(2, dtype=torch.float64)  # summed loss, number of predictions
        for number, (inputs, targets) in enumerate(
            consecutive_batches(
                self._val, block_size=window, batch_size=batch_size, overlap=overlap
            )
        ):
            if number % self.processes.count != self.processes.rank and not self.shards_model:
                continue  # the batch of another process; shards need all processes in every batch
            with self.precision.autocast():
                logits = self.model(inputs.to(self.device))
            loss = cross_entropy(logits.float(), targets.to(self.device)).item()
            predictions = logits.size(0) * logits.size(1)
            total += torch.tensor([loss * predictions, predictions], dtype=torch.float64)
        if self.processes.count > 1 and not self.shards_model:
            total = self.processes.sum(total.to(self.device))
        return (total[0] / total[1]).item()

    @property
    def shards_model(self) -> bool:
        """Whether the processes hold parts of the model, and must run it together."""
        return self.processes.count > 1 and self.config.strategy == "fsdp"

    def state_dict(self) -> dict[str, Any]:
        """Return all that a run continues from; all processes must call it.

        Of a sharded model, process 0 alone gets the tensors.
        """
        keep = self.processes.rank == 0 or not self.shards_model
        return {
            "step": self.step,
            "model": state.model_state(self.model, keep=keep),
            "optimizer": state.optimizer_state(self.model, self.optimizers, keep=keep),
            "scaler": self.precision.scaler.state_dict(),
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Continue from what `state_dict` returned.

        Raises:
            KeyError: A part is missing.
            ValueError: The moments are of another optimizer or shape.
        """
        self.step = saved["step"]
        state.load_model_state(self.model, saved["model"])
        state.load_optimizer_state(self.model, self.optimizers, saved["optimizer"])
        if saved["scaler"] and self.precision.scaler.is_enabled():
            self.precision.scaler.load_state_dict(saved["scaler"])


def _check_strategy(config: TrainConfig, processes: Processes) -> None:
    passes = math.ceil(config.gradient_accumulation / processes.count)
    if config.batch_size % (processes.count * passes):
        raise ConfigError(
            f"batch_size must be a multiple of processes x passes, got {config.batch_size} and "
            f"{processes.count} x {passes}"
        )
    if processes.count > 1 and config.strategy == "fsdp" and config.optimizer == "muon":
        raise ConfigError("muon needs whole matrices; use --strategy ddp, or --optimizer adamw")
