"""A multi-layer perceptron over the embeddings of the last characters (Bengio et al. 2003).

Letters in the shapes: B rows, T tokens in a row, K = block_size, P = T - K + 1 predictions, C =
n_embd, V = vocab_size.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  its name in every PyTorch program

from nanogpt.models.config import MLPConfig


class MLP(nn.Module):
    """Predicts a token from the ``block_size`` tokens before it.

    Args:
        config: The shape.
        vocab_size: V, the number of tokens that the tokenizer knows.
        generator: Source of the initial weights; torch's global one if not given.
    """

    def __init__(
        self, config: MLPConfig, vocab_size: int, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.config = config
        self.vocab_size = vocab_size
        self.wte = nn.Embedding(vocab_size, config.n_embd)
        widths = [config.block_size * config.n_embd, *[config.n_hidden] * config.n_layer]
        self.h = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.lm_head = nn.Linear(config.n_hidden, vocab_size)
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.02, generator=generator)

    def forward(self, idx: Tensor) -> Tensor:
        """Predict the token after every whole context in ``idx``, (B, T) with T >= K.

        Returns:
            (B, P, V) logits.
        """
        x = self.wte(idx).unfold(1, self.config.block_size, 1)  # (B, P, C, K)
        x = x.transpose(2, 3).flatten(2)  # (B, P, K * C)
        for layer in self.h:
            x = F.gelu(layer(x))
        logits: Tensor = self.lm_head(x)
        return logits
