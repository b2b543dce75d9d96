"""Count the parameters of a GPT by its shape, for every option as `GPT` builds it."""

from nanogpt.models.config import GPTConfig


def kv_width(config: GPTConfig) -> int:
    """Return G D, the width of one token's keys, and of its values, in one layer."""
    return (config.n_kv_head or config.n_head) * (config.n_embd // config.n_head)


def matrix_parameters(config: GPTConfig) -> tuple[int, int]:
    """Return the weights of one layer's matrices: of its attention, and of its MLP."""
    C = config.n_embd
    return C * (C + 2 * kv_width(config)) + C * C, C * 4 * C + 4 * C * C


def count_parameters(config: GPTConfig, vocab_size: int) -> dict[str, int]:
    """Return the number of parameters by part; the output head is the token embedding."""
    C, L = config.n_embd, config.n_layer
    attention, mlp = matrix_parameters(config)
    if config.bias:
        attention += C + 2 * kv_width(config) + C
        mlp += 4 * C + C
    norm = 2 * C if config.norm == "layernorm" and config.bias else C
    qk_norms = 2 * (C // config.n_head) if config.qk_norm else 0
    return {
        "token embedding": vocab_size * C,
        "position embedding": config.block_size * C if config.positions == "learned" else 0,
        "attention": L * attention,
        "MLP": L * mlp,
        "norms": L * (2 * norm + qk_norms) + norm,
    }
