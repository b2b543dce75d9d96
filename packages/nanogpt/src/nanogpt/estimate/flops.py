"""Floating point operations of a GPT; a multiplication and its addition count as two.

Counted are the matrix products (Kaplan et al. 2020, "Scaling Laws for Neural Language Models",
section 2.1; Chowdhery et al. 2022, "PaLM", appendix B): norms, activations and the softmax are few
beside them. Attention counts over the whole square, as in PaLM, although a causal kernel may skip
nearly half of it. Unlike PaLM's N, ours has no biases and no positions, which multiply nothing.
"""

from nanogpt.estimate.parameters import matrix_parameters
from nanogpt.models.config import GPTConfig


def forward_flops_per_token(config: GPTConfig, vocab_size: int) -> float:
    """Return the operations of one token's forward pass in a context of ``block_size``.

    Two for each weight of a matrix, the head's V C included; per layer 2 T C for the scores, and
    as many for the weighted sum of the values.
    """
    weights = config.n_layer * sum(matrix_parameters(config)) + vocab_size * config.n_embd
    return 2.0 * weights + 4.0 * config.n_layer * config.block_size * config.n_embd


def flops_per_token(config: GPTConfig, vocab_size: int) -> float:
    """Return the operations per token of a training step, PaLM's 6 N + 12 L H D T.

    The backward pass makes two products for each one of the forward pass: the gradients of the
    weights and of the activations.
    """
    return 3.0 * forward_flops_per_token(config, vocab_size)
