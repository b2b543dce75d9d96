"""Draw tokens one after another, for one prompt or a batch of them.

How far back the model reads, also past its ``block_size``, is the rule of `reader.window`.

Row r of a batch draws from its own generator, seeded with ``seed + r``, and so gives the text that
it gives alone with that seed. Prompts of different lengths are not padded: rows of equal length
are stepped as one batch, and stay of equal length. That is exact, and as fast for samples of one
prompt; prompts of N lengths cost N steps per token.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from nanogpt.models.gpt import GPT
from nanogpt.models.registry import Model
from nanogpt.sampling.config import SamplingConfig
from nanogpt.sampling.filters import Tokens, draw, probabilities
from nanogpt.sampling.reader import CachedReader, WholeReader, window


def generate(
    model: Model,
    prompt: Sequence[int],
    config: SamplingConfig,
    *,
    undrawn: Sequence[int] = (),
    use_cache: bool = True,
) -> Iterator[int]:
    """Yield tokens that follow ``prompt``, each as soon as it is drawn.

    The same seed gives the same tokens wherever the logits are the same. Stop strings are text:
    `nanogpt.sampling.text` ends a text before one.

    Args:
        model: In evaluation mode afterwards.
        prompt: Token ids; of more than ``block_size``, the end is read.
        config: How many tokens, and how to draw them.
        undrawn: Tokens never to draw, such as `Tokenizer.undrawn`.
        use_cache: Keep keys and values instead of computing them again.

    Raises:
        ValueError: The prompt is empty.
    """
    batch = generate_batch(model, [prompt], config, undrawn=undrawn, use_cache=use_cache)
    for tokens in batch:
        yield int(tokens[0])


def generate_batch(
    model: Model,
    prompts: Sequence[Sequence[int]],
    config: SamplingConfig,
    *,
    undrawn: Sequence[int] = (),
    use_cache: bool = True,
) -> Iterator[Tokens]:
    """Yield the next token of every prompt, (B,), step by step.

    Row r draws what `generate` draws for its prompt with the seed ``config.seed + r``.

    Args:
        model: In evaluation mode afterwards.
        prompts: Token ids of each row, of any lengths; the same prompt may repeat.
        config: How many tokens, and how to draw them.
        undrawn: Tokens never to draw, such as `Tokenizer.undrawn`.
        use_cache: Keep keys and values instead of computing them again.

    Raises:
        ValueError: A prompt is empty.
    """
    rows_of_length: dict[int, list[int]] = {}
    for row, prompt in enumerate(prompts):
        if not len(prompt):
            raise ValueError("the prompt must hold at least one token")
        length = min(len(prompt), model.config.block_size)
        rows_of_length.setdefault(length, []).append(row)
    groups = []
    for length, rows in rows_of_length.items():
        context = np.array([list(prompts[row])[-length:] for row in rows])
        groups.append(_Group(model, rows, context, config, undrawn=undrawn, use_cache=use_cache))
    for _ in range(config.num_tokens):
        tokens = np.empty(len(prompts), dtype=np.int64)
        for group in groups:
            tokens[group.rows] = group.next_tokens()
        yield tokens


class _Group:
    """Rows of one batch whose contexts have the same length, and go on having it."""

    def __init__(
        self,
        model: Model,
        rows: list[int],
        context: Tokens,
        config: SamplingConfig,
        *,
        undrawn: Sequence[int],
        use_cache: bool,
    ) -> None:
        self.rows = rows
        self._model_config = model.config
        self._context = context  # (B, T)
        self._reader: CachedReader | WholeReader = (
            CachedReader(model) if use_cache and isinstance(model, GPT) else WholeReader(model)
        )
        self._config = config
        self._undrawn = undrawn
        self._random = [np.random.default_rng(config.seed + row) for row in rows]

    def next_tokens(self) -> Tokens:
        """Return what every row draws next, (B,)."""
        context = window(self._context, self._model_config)
        logits = self._reader.next_logits(context)
        weights = probabilities(logits, context, self._config, self._undrawn)
        tokens = draw(weights, np.array([random.random() for random in self._random]))
        self._context = np.concatenate([context, tokens[:, None]], axis=1)
        return tokens
