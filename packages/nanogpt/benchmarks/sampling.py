"""Tokens per second of our sampling beside the loop of nanoGPT's sample.py, in the same process.

The plain loop does for each token what that script does: crop the text to ``block_size``, run the
model on all of it, divide the last logits by the temperature, mask all but the top 200, draw from
the softmax, append. It runs the same model with the same random weights, vocabulary 65, so the
ratio is that of the loops. Ours is measured with its cache and without.

Texts alternate, so that the noise of a shared machine hits all; a ratio is the median over rounds.
On a busy machine read the ratio of CPU times with one thread: it leaves out the waiting for a core.

    uv run --package nanogpt python packages/nanogpt/benchmarks/sampling.py --threads 1
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch
from torch.nn import functional as F  # noqa: N812  its name in every PyTorch program

from nanogpt.models.config import GPTConfig
from nanogpt.models.gpt import GPT
from nanogpt.sampling.config import SamplingConfig
from nanogpt.sampling.generate import generate

VOCAB_SIZE = 65
TOP_K, TEMPERATURE = 200, 0.8
SHAPES = {
    "4 layers, 128 wide": GPTConfig(block_size=64, n_layer=4, n_head=4, n_embd=128),
    "6 layers, 384 wide": GPTConfig(block_size=256, n_layer=6, n_head=6, n_embd=384),
}


@dataclass(frozen=True)
class Row:
    """One way to sample one model."""

    model: str
    way: str
    wall_tokens_per_second: float
    """Median over rounds, as the next."""
    cpu_tokens_per_second: float
    wall_ratio: list[float]
    """Speed over the plain loop's in the same round: lower quartile, median, upper quartile."""
    cpu_ratio: list[float]


@torch.no_grad()
def plain_loop(model: GPT, num_tokens: int) -> None:
    """Sample without a cache, as nanoGPT's script does."""
    idx = torch.zeros(1, 1, dtype=torch.int64)
    for _ in range(num_tokens):
        logits = model(idx[:, -model.config.block_size :])[:, -1] / TEMPERATURE
        kth = torch.topk(logits, min(TOP_K, VOCAB_SIZE)).values[:, [-1]]
        logits[logits < kth] = -torch.inf
        idx = torch.cat([idx, torch.multinomial(F.softmax(logits, dim=-1), 1)], dim=1)


def ours(model: GPT, num_tokens: int, *, use_cache: bool) -> None:
    """Sample the same number of tokens with `generate`."""
    config = SamplingConfig(num_tokens=num_tokens, temperature=TEMPERATURE, top_k=TOP_K)
    for _ in generate(model, [0], config, use_cache=use_cache):
        pass


def timed(sample: Callable[[], None]) -> tuple[float, float]:
    """Return the wall and CPU seconds that ``sample`` takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    sample()
    return time.perf_counter() - wall, time.process_time() - cpu


def measure(name: str, shape: GPTConfig, num_tokens: int, rounds: int) -> list[Row]:
    """Return a row for each way to sample a model of this shape."""
    model = GPT(shape, VOCAB_SIZE, torch.Generator().manual_seed(0)).eval()
    ways: dict[str, Callable[[int], None]] = {
        "plain loop": lambda n: plain_loop(model, n),
        "nanogpt": lambda n: ours(model, n, use_cache=True),
        "nanogpt, no cache": lambda n: ours(model, n, use_cache=False),
    }
    for sample in ways.values():
        sample(10)  # the first tokens allocate
    seconds: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for number in range(rounds):
        for way in list(ways) if number % 2 == 0 else list(ways)[::-1]:
            seconds[way].append(timed(lambda way=way: ways[way](num_tokens)))
    return [row(name, way, num_tokens, seconds[way], seconds["plain loop"]) for way in ways]


def row(
    name: str,
    way: str,
    num_tokens: int,
    seconds: list[tuple[float, float]],
    plain: list[tuple[float, float]],
) -> Row:
    """Return the medians of (wall, CPU) ``seconds``, beside those of the plain loop."""
    speeds, ratios = [], []
    for kind in (0, 1):
        speeds.append(num_tokens / statistics.median(both[kind] for both in seconds))
        pairs = zip(plain, seconds, strict=True)
        ratios.append(statistics.quantiles([p[kind] / s[kind] for p, s in pairs], n=4))
    return Row(name, way, speeds[0], speeds[1], ratios[0], ratios[1])


def show(rows: list[Row]) -> None:
    """Print ``rows`` as a table."""
    print(f"{'':38}{'tokens/s':>16}{'times the plain loop (quartiles)':>46}")
    print(f"{'model':20}{'way':18}{'wall':>8}{'CPU':>8}{'wall':>23}{'CPU':>23}")
    for r in rows:
        ratios = [
            f"{median:.2f} ({low:.2f} to {high:.2f})"
            for low, median, high in (r.wall_ratio, r.cpu_ratio)
        ]
        print(
            f"{r.model:20}{r.way:18}{r.wall_tokens_per_second:8,.0f}{r.cpu_tokens_per_second:8,.0f}"
            f"{ratios[0]:>23}{ratios[1]:>23}"
        )


def main() -> None:
    """Measure both models and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--tokens", type=int, default=500, help="tokens of a text")
    parser.add_argument("--rounds", type=int, default=5, help="texts of each way, at least 2")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    rows = []
    for name, shape in SHAPES.items():
        rows += measure(name, shape, args.tokens, args.rounds)
    if args.json:
        print(json.dumps({"rows": [asdict(r) for r in rows]}))
    else:
        show(rows)


if __name__ == "__main__":
    main()
