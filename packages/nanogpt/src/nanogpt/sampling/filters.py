"""From logits to the probabilities that a token is drawn with, and the draw, in NumPy.

The order is that of Hugging Face's generation: repetition penalty, temperature, top-k, top-p; each
gives what its `LogitsProcessor` there gives (tests/sampling/test_filters.py). NumPy, because a call
on a vocabulary of 65 costs a fraction of what PyTorch's dispatch alone takes, and since the token
is wanted on the CPU in any case. float64, so that no temperature overflows and the sum of 50,000
probabilities is 1.

Letters in the shapes: B rows, T tokens of context, V tokens in the vocabulary.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nanogpt.errors import DivergedError
from nanogpt.sampling.config import SamplingConfig

Tokens = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]


def probabilities(
    logits: npt.NDArray[np.float32],
    context: Tokens,
    config: SamplingConfig,
    undrawn: Sequence[int] = (),
) -> Scores:
    """Return the probability of each next token, (B, V).

    Args:
        logits: (B, V).
        context: (B, T) tokens that the model has read, which the repetition penalty is for.
        config: What to apply.
        undrawn: Tokens of probability 0, unless there are no others; before all else, so that
            top-k and top-p count without them.

    Raises:
        DivergedError: A logit is not finite.
    """
    scores = logits.astype(np.float64)
    if not np.isfinite(scores).all():
        raise DivergedError(
            "the logits are not finite: the model diverged in training; train again"
        )
    if len(set(undrawn)) < scores.shape[1]:
        scores[:, list(undrawn)] = -np.inf
    if config.repetition_penalty != 1:
        scores = penalize_repetition(scores, context, config.repetition_penalty)
    if config.temperature == 0:
        return _one_hot(scores.argmax(axis=1), scores.shape[1])
    # At most 0 and divided by no less than float32 can hold: no temperature gives inf or NaN.
    scores -= scores.max(axis=1, keepdims=True)
    scores /= max(config.temperature, float(np.finfo(np.float32).tiny))
    if config.top_k is not None:
        scores = keep_top_k(scores, config.top_k)
    weights = np.exp(scores)
    weights /= weights.sum(axis=1, keepdims=True)
    if config.top_p is not None:
        weights = keep_top_p(weights, config.top_p)
    return weights


def penalize_repetition(scores: Scores, context: Tokens, penalty: float) -> Scores:
    """Divide the positive scores of the tokens in ``context`` by ``penalty``, multiply the others.

    Keskar et al. 2019, "CTRL", with the sign handled as everyone since does. A token is penalised
    once, however often it occurs.
    """
    repeated = np.take_along_axis(scores, context, axis=1)  # (B, T)
    repeated = np.where(repeated > 0, repeated / penalty, repeated * penalty)
    penalized = scores.copy()
    np.put_along_axis(penalized, context, repeated, axis=1)
    return penalized


def keep_top_k(scores: Scores, k: int) -> Scores:
    """Set all but the k highest scores of each row to -inf; those equal to the k-th stay too."""
    V = scores.shape[1]
    if k >= V:
        return scores
    kth = np.partition(scores, V - k, axis=1)[:, V - k, None]  # (B, 1)
    return np.where(scores < kth, -np.inf, scores)


def keep_top_p(weights: Scores, p: float) -> Scores:
    """Keep of each row the smallest set of tokens whose probability reaches ``p``.

    Holtzman et al. 2019, "The Curious Case of Neural Text Degeneration". At least one token stays.
    """
    order = np.argsort(-weights, axis=1, kind="stable")  # likeliest first; of equals, the lower id
    ordered = np.take_along_axis(weights, order, axis=1)
    before = ordered.cumsum(axis=1) - ordered  # held by the tokens likelier than this one
    before[:, 0] = 0  # exactly
    kept = np.zeros_like(weights)
    np.put_along_axis(kept, order, np.where(before < p, ordered, 0), axis=1)
    kept /= kept.sum(axis=1, keepdims=True)
    return kept


def draw(weights: Scores, uniform: Scores) -> Tokens:
    """Return the token of each row in which ``uniform`` falls, (B,).

    Args:
        weights: (B, V) probabilities.
        uniform: (B,) numbers in [0, 1), one per row, so that a row's token depends on no other row.
    """
    cumulative = weights.cumsum(axis=1)
    # Scaled, because rounding may leave the last sum a little off 1. `<=` passes over the tokens
    # of probability 0 even where `uniform` is 0.
    passed: Tokens = (cumulative <= uniform[:, None] * cumulative[:, -1:]).sum(axis=1)
    return passed


def _one_hot(tokens: Tokens, vocab_size: int) -> Scores:
    weights = np.zeros((len(tokens), vocab_size))
    np.put_along_axis(weights, tokens[:, None], 1, axis=1)
    return weights
