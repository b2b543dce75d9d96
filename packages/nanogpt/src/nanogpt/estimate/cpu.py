"""Measure what this CPU can do at most."""

import os
import time

import torch


def measure_peak_flops(dtype: str, seconds: float = 0.5) -> float:
    """Return the operations per second of a large matrix product in ``dtype``, the best of many."""
    n = 512  # a few milliseconds, so that some run without interruption on a busy machine
    a = torch.ones(n, n, dtype=getattr(torch, dtype))
    best, end = float("inf"), time.perf_counter() + seconds
    while True:
        begin = time.perf_counter()
        a @ a
        now = time.perf_counter()
        best = min(best, now - begin)
        if now > end:
            return 2 * n**3 / best


def total_memory() -> int | None:
    """Return the bytes of this machine's memory, or none where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError):  # Windows has no sysconf
        return None
