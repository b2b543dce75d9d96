"""One optimizer step after another, and the loss on held-out text.

Everything random in step s (batch and dropout) is drawn from the seed and s alone. So the state of
a run is its weights, its optimizer and its step number: `Trainer.state_dict`. On one device with
one number of threads the same seed gives the same bits, straight through or resumed.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from nanogpt.data.splits import BatchSampler, Splits, consecutive_batches
from nanogpt.errors import DivergedError
from nanogpt.models.gpt import cross_entropy
from nanogpt.models.registry import Model
from nanogpt.training.config import TrainConfig
from nanogpt.training.optimizer import build_optimizer, learning_rate

# Validation needs no gradients, so its batches may be large: it is then bound by arithmetic.
EVAL_TOKENS = 8192


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
        model: On the device to train on.
        splits: Tokens to train and to validate on.
        config: The recipe.
    """

    def __init__(self, model: Model, splits: Splits, config: TrainConfig) -> None:
        self.model = model
        self.config = config
        self.step = 0
        self.optimizer = build_optimizer(model, config)
        self.device = model.wte.weight.device
        self._val = splits.val
        self._sampler = BatchSampler(
            splits.train,
            block_size=model.config.window_size,
            batch_size=config.batch_size,
            seed=config.seed,
        )

    def train_step(self) -> StepResult:
        """Make one optimizer step on the next batch.

        Raises:
            DivergedError: Loss or gradient is not finite; the weights are left as they were.
        """
        rate = learning_rate(self.step, self.config)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self._seed_dropout()
        self.model.train()
        inputs, targets = (part.to(self.device) for part in self._sampler.batch(self.step))
        loss = cross_entropy(self.model(inputs), targets)
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        grad_norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.config.grad_clip)
        self._check_finite(loss.item(), grad_norm.item())
        self.optimizer.step()
        self.step += 1
        return StepResult(self.step, loss.item(), grad_norm.item(), rate)

    def _seed_dropout(self) -> None:
        if self.model.config.dropout:
            torch.manual_seed(self.config.seed * 1_000_003 + self.step)

    def _check_finite(self, loss: float, grad_norm: float) -> None:
        if math.isfinite(loss) and math.isfinite(grad_norm):
            return
        raise DivergedError(
            f"training diverged at step {self.step + 1}: loss {loss}, gradient norm {grad_norm}; "
            f"lower --learning-rate (now {self.config.learning_rate:g}) or raise --warmup-steps "
            f"(now {self.config.warmup_steps})"
        )

    @torch.inference_mode()
    def evaluate(self) -> float:
        """Return the mean loss on the whole validation split, nats per token."""
        self.model.eval()
        window, overlap = self.model.config.window_size, self.model.config.overlap
        batch_size = max(EVAL_TOKENS // window, 1)
        total, count = 0.0, 0
        for inputs, targets in consecutive_batches(
            self._val, block_size=window, batch_size=batch_size, overlap=overlap
        ):
            logits = self.model(inputs.to(self.device))
            predictions = logits.size(0) * logits.size(1)
            total += cross_entropy(logits, targets.to(self.device)).item() * predictions
            count += predictions
        return total / count

    def state_dict(self) -> dict[str, Any]:
        """Return all that a run continues from."""
        return {
            "step": self.step,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what `state_dict` returned."""
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
