"""Tokens per second of our training loop beside nanoGPT's and a plain eager one, in one process.

Model: the CPU configuration of nanoGPT's README (block 64, 4 layers, 4 heads, 128 wide, batch 12,
no dropout, no biases). Three sides, each a block of steps at a time, in turn:

nanoGPT     what nanoGPT's train.py does with the flags of that command (see plain_gpt.py)
plain       our model in an eager loop: gathered batches, fused AdamW, attention from
            scaled_dot_product_attention
nanogpt     `Trainer`; with --compile and --precision bfloat16 as fast as it goes

Blocks alternate, so that the noise of a shared machine hits all sides; a ratio is the median over
the rounds. On a busy machine read the CPU times with one thread: they leave out the waiting for a
core.

    uv run --package nanogpt python packages/nanogpt/benchmarks/training.py
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from plain_gpt import PlainGPT, plain_training

from nanogpt.data.config import CorpusConfig
from nanogpt.data.load import load_corpus
from nanogpt.data.splits import BatchSampler, Splits
from nanogpt.models.config import GPTConfig
from nanogpt.models.gpt import GPT, cross_entropy
from nanogpt.training.config import TrainConfig
from nanogpt.training.optimizer import build_optimizers
from nanogpt.training.trainer import Trainer

SHAPE = GPTConfig(block_size=64, n_layer=4, n_head=4, n_embd=128, bias=False)
Step = Callable[[], object]


def plain_step(model: GPT, splits: Splits, config: TrainConfig) -> Step:
    """Return one step of a plain eager loop over our model."""
    optimizers = build_optimizers(model, config)
    sampler = BatchSampler(
        splits.train,
        block_size=model.config.block_size,
        batch_size=config.batch_size,
        seed=config.seed,
    )
    made = 0

    def step() -> float:
        nonlocal made
        optimizers.set_learning_rate(made, config)
        inputs, targets = sampler.batch(made)
        loss = cross_entropy(model(inputs), targets)
        optimizers.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.grad_clip)
        optimizers.adamw.step()
        made += 1
        return loss.item()

    return step


def sides(args: argparse.Namespace, folder: Path) -> dict[str, Step]:
    """Return name -> step of all sides, over the same text."""
    config = TrainConfig(
        max_steps=2000, compile=args.compile, optimizer=args.optimizer, precision=args.precision
    )
    tokens, tokenizer = load_corpus(CorpusConfig(args.corpus, file=args.file))
    splits = Splits.by_position(tokens, SHAPE.block_size)
    (folder / "train.bin").write_bytes(np.array(splits.train.tolist(), np.uint16).tobytes())

    def model() -> GPT:
        return GPT(SHAPE, tokenizer.vocab_size, torch.Generator().manual_seed(config.seed))

    original = plain_training(
        PlainGPT(SHAPE, tokenizer.vocab_size), folder / "train.bin", max_steps=100_000
    )
    return {
        "nanoGPT": lambda: next(original),
        "plain": plain_step(model(), splits, config),
        "nanogpt": Trainer(model(), splits, config).train_step,
    }


def timed(step: Step, count: int) -> tuple[float, float]:
    """Return the wall and CPU seconds that ``count`` steps take."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        step()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    """Alternate blocks of all sides and print their speeds and ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--corpus", default="shakespeare", help="as in nanogpt train")
    parser.add_argument("--file", type=Path, help="your copy of tiny-shakespeare")
    parser.add_argument("--rounds", type=int, default=20, help="rounds of blocks")
    parser.add_argument("--steps", type=int, default=25, help="steps per block")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--compile", action="store_true", help="compile our model")
    parser.add_argument("--precision", default="auto", choices=["auto", "float32", "bfloat16"])
    parser.add_argument("--optimizer", default="adamw", choices=["adamw", "muon"])
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    with tempfile.TemporaryDirectory() as folder:
        steps = sides(args, Path(folder))
        for step in steps.values():
            timed(step, 10)  # the first steps allocate, or compile
        rounds = []
        for number in range(args.rounds):
            order = list(steps)[:: 1 if number % 2 else -1]
            seconds = {name: timed(steps[name], args.steps) for name in order}
            rounds.append(seconds)
            print(f"round {number + 1} of {args.rounds}", file=sys.stderr)
    report(rounds, args.steps * 12 * SHAPE.block_size, as_json=args.json)


def report(rounds: list[dict[str, tuple[float, float]]], tokens: int, *, as_json: bool) -> None:
    """Print tokens/s of each side and its ratios to the two others, in wall and CPU time."""
    result = {}
    for kind, index in (("wall", 0), ("cpu", 1)):
        for name in rounds[0]:
            speed = statistics.median(tokens / r[name][index] for r in rounds)
            low, median, high = statistics.quantiles(
                [r["nanoGPT"][index] / r[name][index] for r in rounds], n=4
            )
            to_plain = statistics.median(r["plain"][index] / r[name][index] for r in rounds)
            result[f"{name} {kind}"] = {
                "tokens_per_second": speed,
                "ratio_to_nanogpt": median,
                "ratio_to_plain": to_plain,
            }
            if not as_json:
                print(
                    f"{kind:4}  {name:8} {speed:8,.0f} tokens/s, {median:.3f} times nanoGPT's "
                    f"(quartiles {low:.3f} to {high:.3f}), {to_plain:.3f} times the plain loop's"
                )
    if as_json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
