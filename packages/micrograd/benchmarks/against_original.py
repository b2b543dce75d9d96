"""The full comparison with the original micrograd, for the figures that we publish.

``micrograd bench`` takes five steps of the original as shipped, to be quick. Here it takes all
hundred, as its demo does, which is three minutes: it gets slower with every step, because its
garbage piles up. Both sides run in this one run, each measurement in a process of its own:

    uv run --package micrograd python packages/micrograd/benchmarks/against_original.py
"""

import sys

from micrograd.cli import main

if __name__ == "__main__":
    main(["bench", "--shipped-steps", "100", *sys.argv[1:]])
