"""Time to a validation loss, with nanoGPT's CPU model: nanoGPT's recipe beside ours.

1. nanoGPT's recipe (plain_gpt.py), 2,000 steps of AdamW.
2. Our recipe, Muon, with just enough steps for a loss of 1.88 on the whole validation split.
3. Our recipe with as many steps as fit in the time of 1: the best loss in nanoGPT's time.

Times are those of the training steps; evaluation is left out on every side. The sides run one after
another in one process, so on a busy machine compare CPU times, with one thread.

    uv run --package nanogpt python packages/nanogpt/benchmarks/time_to_loss.py --file TEXT
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from plain_gpt import PlainGPT, plain_training
from torch.nn import functional as F  # noqa: N812  its name in every PyTorch program

from nanogpt.data.config import CorpusConfig
from nanogpt.data.load import load_corpus
from nanogpt.data.splits import Splits, consecutive_batches
from nanogpt.models.config import GPTConfig
from nanogpt.models.gpt import GPT
from nanogpt.training.config import Precision, TrainConfig
from nanogpt.training.trainer import Trainer

SHAPE = GPTConfig(block_size=64, n_layer=4, n_head=4, n_embd=128, bias=False)
GOAL = 1.88


@dataclass(frozen=True)
class Result:
    """A finished side."""

    name: str
    steps: int
    val_loss: float
    wall: float
    cpu: float

    def row(self, base: "Result") -> str:
        """Return a line of the table, with shares of ``base``."""
        return (
            f"{self.name:34} {self.steps:6,} {self.val_loss:9.4f} {self.wall:8.1f} s "
            f"{self.wall / base.wall:5.2f} {self.cpu:8.1f} s {self.cpu / base.cpu:5.2f}"
        )


def timed(name: str, step: Callable[[], object], steps: int, loss: Callable[[], float]) -> Result:
    """Make ``steps`` steps and measure the loss after them."""
    wall, cpu = time.perf_counter(), time.process_time()
    for number in range(steps):
        step()
        if (number + 1) % 100 == 0:
            print(f"{name}: step {number + 1:,} of {steps:,}", file=sys.stderr)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Result(name, steps, loss(), wall, cpu)


@torch.no_grad()
def whole_loss(model: PlainGPT, splits: Splits) -> float:
    """Return the mean loss on the whole validation split."""
    total = 0.0
    for inputs, targets in consecutive_batches(
        splits.val, block_size=SHAPE.block_size, batch_size=128
    ):
        logits, _ = model(inputs, targets.contiguous())
        total += F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum").item()
    return total / (len(splits.val) - 1)


def recipe(steps: int, precision: Precision) -> TrainConfig:
    """Return our recipe for a run of ``steps``."""
    return TrainConfig(
        precision=precision,
        max_steps=steps,
        optimizer="muon",
        learning_rate=4e-3,
        matrix_learning_rate=1e-2,
        warmup_steps=40,
    )


def main() -> None:
    """Run the three sides and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--corpus", default="tiny-shakespeare", help="as in nanogpt train")
    parser.add_argument("--file", type=Path, help="your copy of tiny-shakespeare")
    parser.add_argument("--plain-steps", type=int, default=2000, help="steps of nanoGPT's recipe")
    parser.add_argument("--steps", type=int, default=540, help="steps that reach 1.88")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--precision", default="auto", choices=["auto", "float32", "bfloat16"])
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    tokens, tokenizer = load_corpus(CorpusConfig(args.corpus, file=args.file))
    splits = Splits.by_position(tokens, SHAPE.block_size)

    def ours(name: str, steps: int) -> Result:
        model = GPT(SHAPE, tokenizer.vocab_size, torch.Generator().manual_seed(1337))
        trainer = Trainer(model, splits, recipe(steps, args.precision))
        return timed(name, trainer.train_step, steps, trainer.evaluate)

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "train.bin"
        file.write_bytes(np.array(splits.train.tolist(), np.uint16).tobytes())
        torch.manual_seed(1337)
        plain = PlainGPT(SHAPE, tokenizer.vocab_size)
        training = plain_training(plain, file, max_steps=args.plain_steps)
        base = timed(
            "nanoGPT's recipe",
            lambda: next(training),
            args.plain_steps,
            lambda: whole_loss(plain, splits),
        )
    quick = ours(f"ours, to a loss of {GOAL}", args.steps)
    # By CPU time: other programs on the machine do not lengthen it.
    affordable = int(base.cpu / (quick.cpu / quick.steps))
    best = ours("ours, in the time of nanoGPT's", affordable)

    results = [base, quick, best]
    if args.json:
        print(json.dumps([vars(result) for result in results]))
        return
    print(f"{'':34} {'steps':>6} {'val loss':>9} {'wall':>10} ratio {'CPU':>9}  ratio")
    for result in results:
        print(result.row(base))
    print(f"goal of {GOAL}: {'reached' if quick.val_loss <= GOAL else 'missed'}")


if __name__ == "__main__":
    main()
