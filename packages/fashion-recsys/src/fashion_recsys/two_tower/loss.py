"""Sampled softmax with the correction for how often each article is sampled.

The softmax over all articles is too wide, so each step compares the bought article with a sample:
the articles that the other customers of the step bought, and some drawn uniformly. Popular articles
are in the sample often, so an uncorrected loss learns ``log P(article | customer) / q(article)``:
it ranks popular articles too low. Subtracting the log of the expected number of times that an
article is in the sample makes the sampled sum an unbiased estimate of the full one (Bengio and
Senecal 2008; Yi et al. 2019, "Sampling-bias-corrected neural modeling"). With the sign wrong the
error doubles instead; the test learns a skewed toy with the right, no and the wrong sign.

An article can come from either sample, so its expected number is the sum over both,
``B q + M / n`` (the balance heuristic): unlike a correction by its own sample alone, an article
rare in the log that was also drawn uniformly gets no huge weight.
"""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy


def log_expected_count(q: Tensor, *, batch: int, uniform: int, articles: int) -> Tensor:
    """Return the log of how often an article is expected in a step's sample.

    Args:
        q: share of the article among the training examples.
        batch: B, examples of a step.
        uniform: M, articles drawn uniformly.
        articles: n, articles that they are drawn from.
    """
    return torch.log(batch * q + uniform / articles)


def sampled_softmax_loss(scores: Tensor, log_counts: Tensor, hits: Tensor) -> Tensor:
    """Return the mean loss of B examples over B + M articles.

    Args:
        scores: (B, B + M); column b is the article that example b bought.
        log_counts: (B + M,) from ``log_expected_count``.
        hits: (2, H) rows and columns where the article is no negative of the customer: the same
            article, or one that the customer bought on the same day. None is on the diagonal.
    """
    corrected = scores - log_counts
    corrected[hits[0], hits[1]] = -torch.inf
    return cross_entropy(corrected, torch.arange(len(scores)))
