"""Speed of the tokenizers beside plain tiktoken, and memory of ``nanogpt prepare``.

Encoding: the plays of Shakespeare through `Tokenizer.encode` and through tiktoken's
``encode_ordinary`` with the same ranks, turn by turn in one process; MB of UTF-8 per second of CPU
time, medians. Both return ids: ours an array of int32, tiktoken's a list.

Preparing: the lines of the plays, shuffled anew again and again, in a file of ``--megabytes``. The
command line tokenizes it as a process of its own. The memory is the largest sum of the resident
sizes of all its processes, read from /proc ten times a second; pages that they share count in each.

    uv run --package nanogpt python packages/nanogpt/benchmarks/tokenizing.py --megabytes 1000
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tiktoken

from nanogpt.data.corpus import read_corpus
from nanogpt.tokenizers.bpe import PATTERN, BpeTokenizer
from nanogpt.tokenizers.char import CharTokenizer
from nanogpt.tokenizers.gpt2 import Gpt2Tokenizer

MB = 1_000_000


def cpu_seconds(call: Callable[[], object]) -> float:
    """Return the CPU time that ``call`` takes in this process."""
    begin = time.process_time()
    call()
    return time.process_time() - begin


def compare(tokenizer: BpeTokenizer, text: str, pairs: int) -> None:
    """Print the speed of ``tokenizer`` and of plain tiktoken with its tokens."""
    ranks = {tokenizer.decode_bytes([token]): token for token in range(tokenizer.eot)}
    plain = tiktoken.Encoding("plain", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})
    assert tokenizer.encode(text).tolist() == plain.encode_ordinary(text)
    ours, theirs = [], []
    for _ in range(pairs):
        ours.append(cpu_seconds(lambda: tokenizer.encode(text)))
        theirs.append(cpu_seconds(lambda: plain.encode_ordinary(text)))
    size = len(text.encode()) / MB
    ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
    print(
        f"{tokenizer.kind:8}  encode {size / statistics.median(ours):.1f} MB/s, "
        f"encode_ordinary {size / statistics.median(theirs):.1f} MB/s, ratio {ratio:.2f}"
    )


def write_shuffled(text: str, path: Path, size: int) -> None:
    """Write the lines of ``text``, in a new order each time, until there are ``size`` bytes."""
    lines = np.array(text.splitlines(keepends=True), dtype=object)
    random = np.random.default_rng(0)
    with path.open("w", encoding="utf-8") as file:
        while file.tell() < size:
            left = size - file.tell()  # the text is ASCII but for a few hundred characters
            file.write("".join(random.permutation(lines))[:left])


def resident_bytes(session: int) -> int:
    """Return the sum of the resident sizes of all processes of ``session``."""
    pages = 0
    for folder in Path("/proc").iterdir():
        try:
            # After the name in brackets: state, parent, group, session.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                pages += int((folder / "statm").read_text().split()[1])
        except (OSError, IndexError, ValueError):  # no process, or one that has just ended
            continue
    return pages * resource.getpagesize()


def measure_prepare(corpus: Path, out: Path, kind: str, workers: int) -> None:
    """Run ``nanogpt prepare`` and print its speed and the memory it needed."""
    argv = [sys.executable, "-m", "nanogpt", "prepare", "--corpus", corpus, "--out", out, "--json"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = 0
    with subprocess.Popen(
        [*argv, "--tokenizer", kind, "--workers", str(workers)],
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        while process.poll() is None:
            peak = max(peak, resident_bytes(process.pid))
            time.sleep(0.1)
        assert process.stdout is not None
        result = json.loads(process.stdout.read())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    size = result["bytes"] / MB
    print(
        f"{kind:8}  prepare {size:,.0f} MB, {workers} workers: {result['seconds']:.1f} s, "
        f"{size / result['seconds']:.1f} MB/s; {cpu:.1f} s of CPU time, {size / cpu:.1f} MB/s a "
        f"core; {result['tokens']:,} tokens; peak {peak / MB:,.0f} MB in all processes"
    )


def main() -> None:
    """Measure, and print a line for each figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, default=20, help="text to prepare")
    parser.add_argument("--workers", type=int, default=2, help="processes that prepare it")
    parser.add_argument("--tokenizers", nargs="*", default=["bpe"], help="to prepare it with")
    parser.add_argument("--pairs", type=int, default=5, help="pairs of encodings")
    args = parser.parse_args()

    text = read_corpus("shakespeare")
    size = len(text.encode()) / MB
    wall = time.perf_counter()
    cpu = cpu_seconds(lambda: BpeTokenizer.train(text, 4096))
    wall = time.perf_counter() - wall
    print(f"bpe       learn 4,096 tokens from {size:.1f} MB: {wall:.2f} s, {cpu:.2f} s of CPU time")
    compare(BpeTokenizer.train(text, 4096), text, args.pairs)
    compare(Gpt2Tokenizer.load(), text, args.pairs)
    char = CharTokenizer.train(text)
    seconds = statistics.median(cpu_seconds(lambda: char.encode(text)) for _ in range(args.pairs))
    print(f"char      encode {size / seconds:.1f} MB/s")
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "text.txt")
        write_shuffled(text, corpus, args.megabytes * MB)
        for kind in args.tokenizers:
            measure_prepare(corpus, Path(folder, kind), kind, args.workers)


if __name__ == "__main__":
    main()
