"""What nanoGPT does on the CPU, written plainly: the other side of the comparisons.

The same operations in the same order as its ``train.py`` and ``sample.py`` with the flags of its
README's CPU command: no biases, exact GELU, dropout layers of probability 0, the token file opened
anew for every batch, AdamW that is neither fused nor batched, the loss read at every step, and
sampling that computes the whole context again for every token.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  its name in every PyTorch program

from nanogpt.models.config import GPTConfig


class Norm(nn.Module):
    """Layer normalisation without a bias."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, T, C) along C."""
        return F.layer_norm(x, self.weight.shape, self.weight, None, 1e-5)


class Attention(nn.Module):
    """Causal self-attention."""

    def __init__(self, shape: GPTConfig) -> None:
        super().__init__()
        self.n_head = shape.n_head
        self.c_attn = nn.Linear(shape.n_embd, 3 * shape.n_embd, bias=False)
        self.c_proj = nn.Linear(shape.n_embd, shape.n_embd, bias=False)
        self.drop = nn.Dropout(0.0)

    def forward(self, x: Tensor) -> Tensor:
        """Mix (B, T, C) along T."""
        B, T, C = x.shape
        q, k, v = (
            part.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
            for part in self.c_attn(x).split(C, dim=2)
        )
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=None, dropout_p=0, is_causal=True)
        return self.drop(self.c_proj(y.transpose(1, 2).contiguous().view(B, T, C)))


class Layer(nn.Module):
    """Attention and a perceptron."""

    def __init__(self, shape: GPTConfig) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = Norm(shape.n_embd), Norm(shape.n_embd)
        self.attn = Attention(shape)
        self.c_fc = nn.Linear(shape.n_embd, 4 * shape.n_embd, bias=False)
        self.gelu = nn.GELU()
        self.c_proj = nn.Linear(4 * shape.n_embd, shape.n_embd, bias=False)
        self.drop = nn.Dropout(0.0)

    def forward(self, x: Tensor) -> Tensor:
        """Add to the residual stream, (B, T, C)."""
        x = x + self.attn(self.ln_1(x))
        return x + self.drop(self.c_proj(self.gelu(self.c_fc(self.ln_2(x)))))


class PlainGPT(nn.Module):
    """The model of nanoGPT."""

    def __init__(self, shape: GPTConfig, vocab_size: int) -> None:
        super().__init__()
        self.block_size = shape.block_size
        self.wte = nn.Embedding(vocab_size, shape.n_embd)
        self.wpe = nn.Embedding(shape.block_size, shape.n_embd)
        self.drop = nn.Dropout(0.0)
        self.h = nn.ModuleList(Layer(shape) for _ in range(shape.n_layer))
        self.ln_f = Norm(shape.n_embd)
        self.lm_head = nn.Linear(shape.n_embd, vocab_size, bias=False)
        self.wte.weight = self.lm_head.weight
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                residual = name.endswith("c_proj.weight")
                nn.init.normal_(
                    parameter, std=0.02 / math.sqrt(2 * shape.n_layer) if residual else 0.02
                )

    def forward(self, idx: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Return logits and loss; without targets the last position's logits only."""
        x = self.drop(self.wte(idx) + self.wpe(torch.arange(idx.size(1))))
        for layer in self.h:
            x = layer(x)
        x = self.ln_f(x)
        if targets is None:
            return self.lm_head(x[:, [-1], :]), None
        logits = self.lm_head(x)
        loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1), ignore_index=-1)
        return logits, loss


def plain_training(
    model: PlainGPT, token_file: Path, *, max_steps: int, batch_size: int = 12
) -> Iterator[float]:
    """Train as nanoGPT's README says, yielding the loss of each step.

    Args:
        model: Trained in place.
        token_file: uint16 tokens.
        max_steps: Steps, and the length of the cosine.
        batch_size: Rows per step.
    """
    block_size, peak, end, warmup = model.block_size, 1e-3, 1e-4, 100
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": 0.1},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=peak, betas=(0.9, 0.99))

    def batch() -> tuple[Tensor, Tensor]:
        data = np.memmap(token_file, dtype=np.uint16, mode="r")
        starts = torch.randint(len(data) - block_size, (batch_size,))
        inputs, targets = (
            torch.stack(
                [
                    torch.from_numpy(data[i + off : i + off + block_size].astype(np.int64))
                    for i in starts
                ]
            )
            for off in (0, 1)
        )
        return inputs, targets

    inputs, targets = batch()
    for step in range(max_steps):
        share = max(step - warmup, 0) / max(max_steps - warmup, 1)
        rate = (
            peak * step / warmup
            if step < warmup
            else end + 0.5 * (peak - end) * (1 + math.cos(math.pi * share))
        )
        for group in optimizer.param_groups:
            group["lr"] = rate
        _, loss = model(inputs, targets)
        inputs, targets = batch()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        yield loss.item()


@torch.no_grad()
def plain_sampling(model: PlainGPT, idx: Tensor, num_tokens: int) -> Tensor:
    """Continue ``idx``, (1, T), as nanoGPT's ``generate`` does; return (1, T + num_tokens)."""
    for _ in range(num_tokens):
        logits, _ = model(idx[:, -model.block_size :])
        logits = logits[:, -1, :] / 0.8
        kth = torch.topk(logits, min(200, logits.size(-1))).values
        logits[logits < kth[:, [-1]]] = -float("inf")
        following = torch.multinomial(F.softmax(logits, dim=-1), num_samples=1)
        idx = torch.cat((idx, following), dim=1)
    return idx
