"""Training with several processes, as ``torchrun`` starts them.

Every process draws the same batch and takes its own rows of it, so a step is the same step with any
number of processes, apart from the order of its sums and from dropout, whose masks each process
draws for its own rows. DDP keeps a copy of the model in each
process and averages the gradients. FSDP2 gives each process a part of every layer and collects a
layer's weights when they are needed, for models that outgrow one GPU. Without torchrun there is one
process, and nothing here does anything.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.parallel import DistributedDataParallel

from nanogpt.errors import NanogptError
from nanogpt.training.config import Strategy


@dataclass(frozen=True)
class Processes:
    """This process among those that train together."""

    rank: int = 0
    """Number of this process; 0 writes the files."""
    count: int = 1
    """Number of processes."""

    def rows(self, batch: Tensor) -> Tensor:
        """Return this process's rows of (B, ...), every ``count``-th one."""
        return batch[self.rank :: self.count]

    def sum(self, values: Tensor) -> Tensor:
        """Return ``values`` added up over all processes."""
        if self.count > 1:
            dist.all_reduce(values)
        return values

    def any(self, flag: bool, device: torch.device) -> bool:
        """Return whether ``flag`` is set in some process."""
        return bool(self.sum(torch.tensor(float(flag), device=device))) if self.count > 1 else flag


@contextmanager
def started_processes(device: torch.device) -> Iterator[Processes]:
    """Join the processes that torchrun started, if it did; leave them at the end."""
    if "RANK" not in os.environ:
        yield Processes()
        return
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()


def local_device(device: torch.device) -> torch.device:
    """Return the GPU of this process, where torchrun has started one for each."""
    if device.type != "cuda" or "LOCAL_RANK" not in os.environ:
        return device
    mine = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    torch.cuda.set_device(mine)
    return mine


def parallelize(
    model: nn.Module, strategy: Strategy, processes: Processes, device: torch.device
) -> nn.Module:
    """Move ``model`` to ``device`` in place; return what to call instead of it.

    Its parameters may become shards. Then they move layer by layer, so that the device never holds
    the whole of a model that is on the CPU.
    """
    if processes.count == 1:
        return model.to(device)
    if strategy == "fsdp":
        mesh = init_device_mesh(device.type, (processes.count,))
        for block in model.get_submodule("h").children():
            fully_shard(block, mesh=mesh)
        fully_shard(model, mesh=mesh)
        return model
    model.to(device)
    return DistributedDataParallel(model, device_ids=None if device.type == "cpu" else [device])


@contextmanager
def gradients_stay_local(wrapped: nn.Module) -> Iterator[None]:
    """Add up gradients without exchanging them: for all passes of a step but the last."""
    if isinstance(wrapped, DistributedDataParallel):
        with wrapped.no_sync():
            yield
    elif isinstance(wrapped, FSDPModule):
        wrapped.set_requires_gradient_sync(False)
        yield
        wrapped.set_requires_gradient_sync(True)
    else:
        yield


def whole(tensor: Tensor) -> Tensor:
    """Return the whole of a tensor that may be sharded; all processes must call it."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def sharded_like(tensor: Tensor, like: Tensor) -> Tensor:
    """Return ``tensor`` on the device of ``like``, and sharded as that is."""
    tensor = tensor.to(like.device)
    if isinstance(like, DTensor) and tensor.dim():  # a count of steps is a number: not sharded
        return distribute_tensor(tensor, like.device_mesh, like.placements)
    return tensor


@contextmanager
def errors_of_rank_0(processes: Processes) -> Iterator[None]:
    """Wait for process 0 at the end of the block, and raise its `NanogptError` in all processes.

    For what only process 0 can fail at, such as writing the files: the others would wait for it
    forever, or end in a traceback of the connection.
    """
    if processes.count == 1:
        yield
        return
    raised: list[NanogptError | None] = [None]
    try:
        yield
    except NanogptError as error:
        raised = [error]
    dist.broadcast_object_list(raised)
    if raised[0] is not None:
        raise raised[0]


def on_rank_0(processes: Processes, action: Callable[[], None]) -> None:
    """Run ``action`` in process 0 while the others wait for it, and share its error."""
    with errors_of_rank_0(processes):
        if processes.rank == 0:
            action()
