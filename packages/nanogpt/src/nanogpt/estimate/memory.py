"""Memory of training and of sampling, in bytes.

Activations are what autograd keeps for the backward pass with attention that never stores its
square of scores, as `scaled_dot_product_attention` has it on GPUs, and on CPUs without dropout.
In float32 on a CPU the sum was within 10% of what a training step held (tests/estimate). Left out:
the allocator's slack, the program itself, some 0.5 GB on a GPU, and under FSDP the layer that is
gathered at a time.
"""

from typing import Literal

from nanogpt.estimate.parameters import count_parameters, kv_width, matrix_parameters
from nanogpt.models.config import GPTConfig
from nanogpt.training.config import OptimizerName, Strategy

Precision = Literal["float32", "bfloat16", "float16"]
"""What matrix products are computed in; weights, gradients and moments stay in float32."""


def training_memory(
    config: GPTConfig,
    vocab_size: int,
    batch_size: int,
    *,
    precision: Precision = "float32",
    optimizer: OptimizerName = "adamw",
    strategy: Strategy = "ddp",
    devices: int = 1,
) -> dict[str, int]:
    """Return the bytes of a training step by part, at its peak, on each device.

    Args:
        config: The shape.
        vocab_size: V.
        batch_size: Sequences in one forward pass of one device.
        precision: Of activations under autocast.
        optimizer: AdamW keeps two moments of a parameter, Muon one of the layers' matrices.
        strategy: With several devices, whether the model is copied or sharded.
        devices: How many train together.
    """
    parameters = sum(count_parameters(config, vocab_size).values())
    moments = 2 * parameters
    if optimizer == "muon":
        moments -= config.n_layer * sum(matrix_parameters(config))
    shards = devices if strategy == "fsdp" else 1
    # DDP exchanges gradients through buffers as large as they are.
    copies = 2 if strategy == "ddp" and devices > 1 else 1
    tokens = batch_size * config.block_size
    half = precision != "float32"
    return {
        # Autocast keeps a copy of the matrices in half precision until the forward pass ends.
        "weights": parameters * (4 + 2 * half) // shards,
        "gradients": parameters * 4 * copies // shards,
        "optimizer": moments * 4 // shards,
        "activations": tokens * _activation_bytes(config, half=half),
        # Their log-softmax, its gradient and theirs, in float32 under autocast as well.
        "logits": tokens * vocab_size * 3 * 4,
    }


def kv_cache_memory(config: GPTConfig, batch_size: int = 1) -> int:
    """Return the bytes of the keys and values of ``batch_size`` full contexts, in float32."""
    return 4 * batch_size * config.block_size * config.n_layer * 2 * kv_width(config)


def _activation_bytes(config: GPTConfig, *, half: bool) -> int:
    """Return the bytes that one token leaves in all layers for the backward pass."""
    C, KV = config.n_embd, kv_width(config)
    stream = 2 * C  # what enters the two norms
    inner = 2 * C  # what leaves them
    inner += C + 2 * KV  # queries, keys, values
    inner += C  # what leaves the heads
    inner += 8 * C  # the MLP before and after its activation
    if config.activation == "gelu" and not half:
        inner += 4 * C  # our GELU on the CPU keeps its sigmoid as well
    if config.norm == "rmsnorm":
        inner += 2 * C  # torch composes it of simpler operations, which keep one more copy
    stages = (config.positions == "rope") + 2 * config.qk_norm
    inner += stages * (C + KV)  # queries and keys before each change, twice for a norm
    masks = 2 * C if config.dropout else 0  # one per residual branch
    width = 2 if half else 4
    layer = 4 * stream + width * inner + masks
    last = 2 * 4 * C + width * 3 * 4 * C  # the final norm; one MLP's temporaries going backward
    return config.n_layer * layer + last
