"""GPT-2 as published, in one file that reads from top to bottom, and what came after as options.

Pre-norm blocks, learned positions, tanh GELU, an output head tied to the token embedding (Radford
et al. 2019, "Language Models are Unsupervised Multitask Learners"). With equal weights the logits
are those of Hugging Face's `GPT2LMHeadModel` (tests/models/test_gpt.py).

Each option of `GPTConfig` replaces one part and leaves the others as they are: RoPE, RMSNorm,
QK-norm, ReLU-squared, no biases, grouped queries. Together they make the attention of Llama and
Qwen, with which the tests compare it.

Letters in the shapes: B sequences in the batch, T tokens in a sequence, C = n_embd, H = n_head,
G = n_kv_head (H if not given), D = C / H, V = vocab_size.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  its name in every PyTorch program

from nanogpt.models.activations import gelu_tanh, relu_squared
from nanogpt.models.config import GPTConfig
from nanogpt.models.linear import Linear

ROPE_BASE = 10_000.0
"""Wavelengths of the rotation run from 2 pi to this times 2 pi tokens (Su et al. 2021)."""
NORM_EPS = 1e-5


class KVCache:
    """Keys and values of the tokens seen so far, one pair of (B, G, T_max, D) per layer.

    Generating token t then costs one row of attention instead of a pass over all t tokens.
    """

    def __init__(self, config: GPTConfig, batch_size: int, device: torch.device) -> None:
        n_kv_head = config.n_kv_head or config.n_head
        head_dim = config.n_embd // config.n_head
        shape = (config.n_layer, 2, batch_size, n_kv_head, config.block_size, head_dim)
        self._store = torch.empty(shape, device=device)
        self.length = 0

    @property
    def store(self) -> Tensor:
        """The memory itself, (n_layer, 2, B, heads, T_max, D); from ``length`` on it is unused."""
        return self._store

    def extend(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Append (B, G, T, D) keys and values; return all so far, (B, G, length + T, D) each."""
        end = self.length + k.size(2)
        self._store[layer, 0, :, :, self.length : end] = k
        self._store[layer, 1, :, :, self.length : end] = v
        return self._store[layer, 0, :, :, :end], self._store[layer, 1, :, :, :end]


def rope_angles(config: GPTConfig) -> Tensor:
    """Return the cosines and sines of every position's rotation, (2, block_size, D / 2)."""
    head_dim = config.n_embd // config.n_head
    frequency = ROPE_BASE ** (-torch.arange(0, head_dim, 2) / head_dim)  # (D / 2,)
    angle = torch.outer(torch.arange(config.block_size), frequency)  # (block_size, D / 2)
    return torch.stack([angle.cos(), angle.sin()])


def rotate(x: Tensor, angles: Tensor) -> Tensor:
    """Rotate the pairs (x_i, x_{i + D/2}) of (B, H, T, D) by the angles of T positions.

    These pairs are those of Llama's weights on Hugging Face; the paper pairs (x_2i, x_{2i+1}),
    which is the same up to the order of a head's channels. Products of rotated queries and keys
    depend on the distance of their positions alone.

    Args:
        x: Queries or keys.
        angles: (2, T, D / 2) cosines and sines.
    """
    cos, sin = angles  # (T, D / 2) each
    a, b = x.chunk(2, dim=-1)  # (B, H, T, D / 2) each
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1).type_as(x)


def build_norm(config: GPTConfig) -> nn.Module:
    """Return the normalisation of a (B, T, C) residual stream along C."""
    if config.norm == "rmsnorm":
        return nn.RMSNorm(config.n_embd, eps=NORM_EPS)
    return nn.LayerNorm(config.n_embd, eps=NORM_EPS, bias=config.bias)


class CausalSelfAttention(nn.Module):
    """Multi-head attention in which a token sees itself and the tokens before it."""

    def __init__(self, config: GPTConfig, layer: int) -> None:
        super().__init__()
        self.layer = layer
        self.head_dim = config.n_embd // config.n_head
        self.dropout = config.dropout
        self.kv_width = (config.n_kv_head or config.n_head) * self.head_dim
        width = config.n_embd + 2 * self.kv_width
        self.c_attn = Linear(config.n_embd, width, bias=config.bias)
        self.c_proj = Linear(config.n_embd, config.n_embd, bias=config.bias)
        self.q_norm = nn.RMSNorm(self.head_dim, eps=NORM_EPS) if config.qk_norm else None
        self.k_norm = nn.RMSNorm(self.head_dim, eps=NORM_EPS) if config.qk_norm else None

    def forward(self, x: Tensor, angles: Tensor | None, cache: KVCache | None) -> Tensor:
        """Mix (B, T, C) along T into (B, T, C); ``angles`` are those of `rotate`."""
        B, T, C = x.shape
        qkv = self.c_attn(x)  # (B, T, C + 2 G D)
        q, k, v = qkv.split([C, self.kv_width, self.kv_width], dim=2)
        q = q.view(B, T, -1, self.head_dim).transpose(1, 2)  # (B, H, T, D)
        k = k.view(B, T, -1, self.head_dim).transpose(1, 2)  # (B, G, T, D)
        v = v.view(B, T, -1, self.head_dim).transpose(1, 2)  # (B, G, T, D)
        if self.q_norm is not None and self.k_norm is not None:
            # Under autocast q and k are half precision, and the norm wants that of its weights.
            q = self.q_norm(q.type_as(self.q_norm.weight))
            k = self.k_norm(k.type_as(self.k_norm.weight))
        if angles is not None:
            q, k = rotate(q, angles), rotate(k, angles)
        mask = None
        if cache is not None:
            if cache.length and T > 1:  # token i of the T sees what the cache holds and 0 to i
                mask = x.new_ones(T, cache.length + T, dtype=torch.bool).tril(cache.length)
            k, v = cache.extend(self.layer, k, v)  # (B, G, T_all, D)
        y = F.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=mask,
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=mask is None and T > 1,  # a single token may see all that the cache holds
            enable_gqa=self.kv_width < C,
        )  # (B, H, T, D)
        y = y.transpose(1, 2).reshape(B, T, C)  # heads side by side again: (B, T, C)
        return F.dropout(self.c_proj(y), self.dropout, self.training)


class MLP(nn.Module):
    """Two layers with a non-linearity between them, four times as wide inside."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.dropout = config.dropout
        self.activation = {"gelu": gelu_tanh, "relu2": relu_squared}[config.activation]
        self.c_fc = Linear(config.n_embd, 4 * config.n_embd, bias=config.bias)
        self.c_proj = Linear(4 * config.n_embd, config.n_embd, bias=config.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, C) to (B, T, C), each token by itself."""
        x = self.activation(self.c_fc(x))  # (B, T, 4C)
        x = self.c_proj(x)  # (B, T, C)
        return F.dropout(x, self.dropout, self.training)


class Block(nn.Module):
    """One layer: attention, then MLP, each on a normalised copy of the residual stream."""

    def __init__(self, config: GPTConfig, layer: int) -> None:
        super().__init__()
        self.ln_1 = build_norm(config)
        self.attn = CausalSelfAttention(config, layer)
        self.ln_2 = build_norm(config)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, angles: Tensor | None, cache: KVCache | None) -> Tensor:
        """Add this layer's contribution to the residual stream, (B, T, C)."""
        x = x + self.attn(self.ln_1(x), angles, cache)
        x = x + self.mlp(self.ln_2(x))
        return x  # noqa: RET504  the two lines above are one sentence


class GPT(nn.Module):
    """A decoder-only transformer language model.

    Args:
        config: The shape.
        vocab_size: V, the number of tokens that the tokenizer knows.
        generator: Source of the initial weights; torch's global one if not given.
    """

    angles: Tensor
    """Of `rotate`, (2, block_size, D / 2); with RoPE only."""

    def __init__(
        self, config: GPTConfig, vocab_size: int, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.config = config
        self.vocab_size = vocab_size
        self.wte = nn.Embedding(vocab_size, config.n_embd)
        if config.positions == "learned":
            self.wpe = nn.Embedding(config.block_size, config.n_embd)
        else:  # not saved: the configuration determines it
            self.register_buffer("angles", rope_angles(config), persistent=False)
        self.h = nn.ModuleList(Block(config, layer) for layer in range(config.n_layer))
        self.ln_f = build_norm(config)
        self._init_weights(generator)

    def _init_weights(self, generator: torch.Generator | None) -> None:
        # GPT-2: N(0, 0.02), zero biases. Each layer adds to the residual stream twice, so the
        # matrices that write into it are scaled by 1/sqrt(2 n_layer) to keep its variance at depth.
        residual_std = 0.02 / math.sqrt(2 * self.config.n_layer)
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif parameter.dim() == 2:
                std = residual_std if name.endswith("c_proj.weight") else 0.02
                nn.init.normal_(parameter, std=std, generator=generator)

    def forward(self, idx: Tensor, cache: KVCache | None = None) -> Tensor:
        """Predict the next token at every position.

        Args:
            idx: (B, T) token ids.
            cache: Holds the tokens before ``idx`` and takes these in.

        Returns:
            (B, T, V) logits.

        Raises:
            ValueError: Positions beyond ``block_size``.
        """
        _, T = idx.shape
        past = 0 if cache is None else cache.length
        if past + T > self.config.block_size:
            raise ValueError(f"{past + T} tokens exceed block_size {self.config.block_size}")
        x = self.wte(idx)  # (B, T, C)
        angles = None
        if self.config.positions == "learned":
            x = x + self.wpe.weight[past : past + T]  # (T, C) for every sequence
        else:
            angles = self.angles[:, past : past + T]  # (2, T, D / 2)
        x = F.dropout(x, self.config.dropout, self.training)
        for block in self.h:
            x = block(x, angles, cache)
        if cache is not None:
            cache.length += T
        return F.linear(self.ln_f(x), self.wte.weight)  # (B, T, V)


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean loss in nats per token of (B, P, V) logits on (B, T) next tokens.

    A model that needs some context before its first prediction gives P < T logits; they belong to
    the last P targets.
    """
    targets = targets[:, targets.size(1) - logits.size(1) :]
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())
