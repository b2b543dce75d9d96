"""Tokens per second of our training loop beside a plain eager one, in the same process.

Model: the CPU configuration of nanoGPT's README (block 64, 4 layers, 4 heads, 128 wide, batch 12,
no dropout). The plain loop trains the same model as nanoGPT's script does: windows cut one by one
from a NumPy array and stacked, AdamW unfused, attention from `scaled_dot_product_attention`.
Blocks of steps alternate, so that the noise of a shared machine hits both; the ratio is the median
over pairs of neighbouring blocks. On a busy machine read the ratio of CPU times with one thread: it
leaves out the waiting for a core.

    uv run --package nanogpt python packages/nanogpt/benchmarks/training.py
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812  its name in every PyTorch program

from nanogpt.data.corpus import read_corpus
from nanogpt.data.splits import Splits
from nanogpt.models.config import GPTConfig
from nanogpt.models.gpt import GPT
from nanogpt.tokenizers.char import CharTokenizer
from nanogpt.training.config import TrainConfig
from nanogpt.training.optimizer import learning_rate
from nanogpt.training.trainer import Trainer


def plain_loop(model: GPT, tokens: np.ndarray, config: TrainConfig) -> Callable[[], float]:
    """Return a function that makes one step of the plain loop and returns its loss."""
    block_size = model.config.block_size
    data = tokens.astype(np.uint16)
    decayed = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    optimizer = torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": config.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ],
        lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
    )
    made = 0

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        starts = torch.randint(len(data) - block_size, (config.batch_size,)).tolist()
        inputs = [torch.from_numpy(data[i : i + block_size].astype(np.int64)) for i in starts]
        targets = [
            torch.from_numpy(data[i + 1 : i + 1 + block_size].astype(np.int64)) for i in starts
        ]
        return torch.stack(inputs), torch.stack(targets)

    inputs, targets = batch()

    def step() -> float:
        nonlocal made, inputs, targets
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(made, config)
        model.train()
        logits = model(inputs)
        loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1))
        inputs, targets = batch()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.grad_clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        made += 1
        return loss.item()

    return step


def timed(step: Callable[[], object], count: int) -> tuple[float, float]:
    """Return the wall and CPU seconds that ``count`` steps take."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        step()
    return time.perf_counter() - wall, time.process_time() - cpu


def report(pairs: list[tuple[float, float]], kind: str, tokens: int) -> None:
    """Print speeds and ratio of (ours, plain) seconds per block of ``tokens``."""
    ours, plain = (statistics.median(column) for column in zip(*pairs, strict=True))
    low, median, high = statistics.quantiles([plain / ours for ours, plain in pairs], n=4)
    print(
        f"{kind:9}  nanogpt {tokens / ours:,.0f} tokens/s, plain loop {tokens / plain:,.0f} "
        f"tokens/s, ratio {median:.3f} (quartiles {low:.3f} to {high:.3f})"
    )


def main() -> None:
    """Alternate blocks of both loops and print the speeds and their ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--corpus", default="shakespeare", help="text file, or 'shakespeare'")
    parser.add_argument("--pairs", type=int, default=20, help="pairs of blocks")
    parser.add_argument("--steps", type=int, default=25, help="steps per block")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    shape, config = GPTConfig(), TrainConfig(max_steps=2000)
    text = read_corpus(args.corpus)
    tokenizer = CharTokenizer.train(text)
    tokens = tokenizer.encode(text)
    splits = Splits.by_position(tokens, shape.block_size)

    def model() -> GPT:
        return GPT(shape, tokenizer.vocab_size, torch.Generator().manual_seed(config.seed))

    ours = Trainer(model(), splits, config).train_step
    plain = plain_loop(model(), tokens[: len(splits.train)], config)
    for step in (ours, plain):
        timed(step, 10)  # the first steps allocate
    pairs = []
    for number in range(args.pairs):
        order = (ours, plain) if number % 2 == 0 else (plain, ours)
        seconds = {step: timed(step, args.steps) for step in order}
        pairs.append((seconds[ours], seconds[plain]))
    per_block = args.steps * config.batch_size * shape.block_size
    for index, kind in enumerate(("wall time", "CPU time")):
        report([(a[index], b[index]) for a, b in pairs], kind, per_block)


if __name__ == "__main__":
    main()
