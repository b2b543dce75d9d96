"""The measured work; a program that runs under either micrograd.

It is started as a script, once per measurement, with the interpreter of the environment to measure.
A JSON object on stdin says what to do, one on stdout gives the result. It may therefore import only
what both have, ``micrograd.engine.Value`` and ``micrograd.nn.MLP``; what only ours has is imported
where it is used.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import tracemalloc
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from micrograd.engine import Value
from micrograd.nn import MLP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Request = dict[str, Any]


def demo(request: Request) -> Request:
    """Train the original's demo, written as its notebook writes it; CPU milliseconds of each step.

    With ``collector`` false, Python's cycle collector runs only between steps, unmeasured.
    """
    model = _model(request)

    def loss_of_step() -> Any:
        inputs = [list(map(Value, point)) for point in request["points"]]
        scores = list(map(model, inputs))
        losses = [
            (1 + -sign * score).relu() for sign, score in zip(request["signs"], scores, strict=True)
        ]
        data_loss = sum(losses) * (1.0 / len(losses))
        return data_loss + 1e-4 * sum(p * p for p in model.parameters())

    return _train(model, loss_of_step, request)


def demo_with_our_library(request: Request) -> Request:
    """Train the same with the losses of this package."""
    from micrograd.losses import l2, svm_max_margin  # noqa: PLC0415

    model = _model(request)
    parameters = model.parameters()

    def loss_of_step() -> Any:
        scores = [model(point) for point in request["points"]]
        return svm_max_margin(scores, request["signs"]) + 1e-4 * l2(parameters)

    return _train(model, loss_of_step, request)


def chain(request: Request) -> Request:
    """Build ``x = x + 1`` so many times and differentiate it; seconds of CPU for each."""
    start = time.process_time()
    x = Value(0.0)
    for _ in range(request["length"]):
        x = x + 1
    built = time.process_time()
    x.backward()
    return {"forward_s": built - start, "backward_s": time.process_time() - built}


def deepest_chain(request: Request) -> Request:
    """Return the longest chain up to ``length`` whose backward() does not fail."""
    low, high = 1, request["length"]
    while low < high:
        middle = (low + high + 1) // 2
        try:
            chain({"length": middle})
            low = middle
        except RecursionError:
            high = middle - 1
    return {"links": low}


def memory(request: Request) -> Request:
    """Return the bytes that one node of such a chain takes; a link is two nodes, + and its 1."""
    x = Value(0.0)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(request["length"]):
            x = x + 1
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return {"bytes": (after - before) / (2 * request["length"])}


def _model(request: Request) -> Any:
    model = MLP(2, [16, 16, 1])
    for parameter, data in zip(model.parameters(), request["weights"], strict=True):
        parameter.data = data
    return model


def _train(model: Any, loss_of_step: Callable[[], Any], request: Request) -> Request:
    times, loss = [], 0.0
    with nullcontext() if request["collector"] else _collector_off():
        for k in range(request["steps"]):
            start = time.process_time()
            total = loss_of_step()
            model.zero_grad()
            total.backward()
            learning_rate = 1.0 - 0.9 * k / 100
            for parameter in model.parameters():
                parameter.data -= learning_rate * parameter.grad
            loss = total.data
            times.append(1000.0 * (time.process_time() - start))
            if not request["collector"]:
                del total
                gc.collect()
    return {"ms": times, "loss": loss}


@contextmanager
def _collector_off() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


_WORKLOADS = (demo, demo_with_our_library, chain, deepest_chain, memory)

if __name__ == "__main__":
    request = json.load(sys.stdin)
    workload = next(work for work in _WORKLOADS if work.__name__ == request["workload"])
    json.dump(workload(request), sys.stdout)
