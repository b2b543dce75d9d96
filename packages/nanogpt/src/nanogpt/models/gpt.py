"""GPT-2 as published, in one file that reads from top to bottom.

Pre-norm blocks, learned positions, tanh GELU, an output head tied to the token embedding (Radford
et al. 2019, "Language Models are Unsupervised Multitask Learners"). With equal weights the logits
are those of Hugging Face's `GPT2LMHeadModel` (tests/models/test_gpt.py).

Letters in the shapes: B sequences in the batch, T tokens in a sequence, C = n_embd, H = n_head,
D = C / H, V = vocab_size.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  its name in every PyTorch program

from nanogpt.models.config import GPTConfig


class KVCache:
    """Keys and values of the tokens seen so far, one pair of (B, H, T_max, D) per layer.

    Generating token t then costs one row of attention instead of a pass over all t tokens.
    """

    def __init__(self, config: GPTConfig, batch_size: int, device: torch.device) -> None:
        head_dim = config.n_embd // config.n_head
        shape = (config.n_layer, 2, batch_size, config.n_head, config.block_size, head_dim)
        self._store = torch.empty(shape, device=device)
        self.length = 0

    @property
    def store(self) -> Tensor:
        """The memory itself, (n_layer, 2, B, heads, T_max, D); from ``length`` on it is unused."""
        return self._store

    def extend(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Append (B, H, T, D) keys and values; return all so far, (B, H, length + T, D) each."""
        end = self.length + k.size(2)
        self._store[layer, 0, :, :, self.length : end] = k
        self._store[layer, 1, :, :, self.length : end] = v
        return self._store[layer, 0, :, :, :end], self._store[layer, 1, :, :, :end]


class CausalSelfAttention(nn.Module):
    """Multi-head attention in which a token sees itself and the tokens before it."""

    def __init__(self, config: GPTConfig, layer: int) -> None:
        super().__init__()
        self.layer = layer
        self.n_head = config.n_head
        self.dropout = config.dropout
        self.c_attn = nn.Linear(config.n_embd, 3 * config.n_embd)
        self.c_proj = nn.Linear(config.n_embd, config.n_embd)

    def forward(self, x: Tensor, cache: KVCache | None = None) -> Tensor:
        """Mix (B, T, C) along T into (B, T, C)."""
        B, T, C = x.shape
        qkv = self.c_attn(x)  # (B, T, 3C)
        qkv = qkv.view(B, T, 3, self.n_head, C // self.n_head)  # (B, T, 3, H, D)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # three of (B, H, T, D)
        if cache is not None:
            k, v = cache.extend(self.layer, k, v)  # (B, H, T_all, D)
        y = F.scaled_dot_product_attention(
            q,
            k,
            v,
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=T > 1,  # a single token may see everything that the cache holds
        )  # (B, H, T, D)
        y = y.transpose(1, 2).reshape(B, T, C)  # heads side by side again: (B, T, C)
        return F.dropout(self.c_proj(y), self.dropout, self.training)


class MLP(nn.Module):
    """Two layers with the tanh GELU between them, four times as wide inside."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.dropout = config.dropout
        self.c_fc = nn.Linear(config.n_embd, 4 * config.n_embd)
        self.c_proj = nn.Linear(4 * config.n_embd, config.n_embd)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, C) to (B, T, C), each token by itself."""
        x = F.gelu(self.c_fc(x), approximate="tanh")  # (B, T, 4C)
        x = self.c_proj(x)  # (B, T, C)
        return F.dropout(x, self.dropout, self.training)


class Block(nn.Module):
    """One layer: attention, then MLP, each on a normalised copy of the residual stream."""

    def __init__(self, config: GPTConfig, layer: int) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(config.n_embd)
        self.attn = CausalSelfAttention(config, layer)
        self.ln_2 = nn.LayerNorm(config.n_embd)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, cache: KVCache | None = None) -> Tensor:
        """Add this layer's contribution to the residual stream, (B, T, C)."""
        x = x + self.attn(self.ln_1(x), cache)
        x = x + self.mlp(self.ln_2(x))
        return x  # noqa: RET504  the two lines above are one sentence


class GPT(nn.Module):
    """A decoder-only transformer language model.

    Args:
        config: The shape.
        vocab_size: V, the number of tokens that the tokenizer knows.
        generator: Source of the initial weights; torch's global one if not given.
    """

    def __init__(
        self, config: GPTConfig, vocab_size: int, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.config = config
        self.vocab_size = vocab_size
        self.wte = nn.Embedding(vocab_size, config.n_embd)
        self.wpe = nn.Embedding(config.block_size, config.n_embd)
        self.h = nn.ModuleList(Block(config, layer) for layer in range(config.n_layer))
        self.ln_f = nn.LayerNorm(config.n_embd)
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
            cache: Holds the tokens before ``idx`` and takes these in. With tokens in it, T must be
                1; empty, T may be anything up to ``block_size``.

        Returns:
            (B, T, V) logits.

        Raises:
            ValueError: Positions beyond ``block_size``, or several tokens onto a filled cache.
        """
        _, T = idx.shape
        past = 0 if cache is None else cache.length
        if past + T > self.config.block_size:
            raise ValueError(f"{past + T} tokens exceed block_size {self.config.block_size}")
        if past and T > 1:
            raise ValueError(f"a filled cache takes one token at a time, got {T}")
        positions = torch.arange(past, past + T, device=idx.device)  # (T,)
        x = self.wte(idx) + self.wpe(positions)  # (B, T, C)
        x = F.dropout(x, self.config.dropout, self.training)
        for block in self.h:
            x = block(x, cache)
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
