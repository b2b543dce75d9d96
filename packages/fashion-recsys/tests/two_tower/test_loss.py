"""The loss beside the full softmax, and the sign of its correction on a skewed toy."""

import numpy as np
import pytest
import torch

from fashion_recsys.two_tower.loss import log_expected_count, sampled_softmax_loss

TRUTH = torch.tensor([[0.6, 0.2, 0.1, 0.06, 0.03, 0.01], [0.5, 0.05, 0.05, 0.1, 0.1, 0.2]])
"""P(article | kind of customer): one article is popular with both."""
BATCH, UNIFORM, STEPS = 128, 16, 300


def learn(sign: float) -> torch.Tensor:
    """Return P(article | kind) as learned from samples, the correction taken with ``sign``."""
    generator = torch.Generator().manual_seed(0)
    q = TRUTH.mean(0)
    n = TRUTH.shape[1]
    scores = torch.zeros(TRUTH.shape, requires_grad=True)
    optimizer = torch.optim.Adam([scores], lr=0.05)
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = 0.05 * (1 - step / STEPS)
        kinds = torch.randint(0, 2, (BATCH,), generator=generator)
        bought = torch.multinomial(TRUTH[kinds], 1, generator=generator)[:, 0]
        sample = torch.cat([bought, torch.randint(0, n, (UNIFORM,), generator=generator)])
        hits = torch.zeros((2, 0), dtype=torch.int64)
        log_counts = log_expected_count(q[sample], batch=BATCH, uniform=UNIFORM, articles=n)
        loss = sampled_softmax_loss(scores[kinds][:, sample], sign * log_counts, hits)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return torch.softmax(scores.detach(), dim=1)


def divergence(learned: torch.Tensor) -> float:
    """Return the mean Kullback-Leibler divergence of ``learned`` from the truth."""
    return float((TRUTH * (TRUTH / learned).log()).sum(1).mean())


def test_only_the_right_sign_learns_the_conditional_probabilities() -> None:
    right, none, wrong = learn(1.0), learn(0.0), learn(-1.0)
    assert divergence(right) < 0.02
    assert divergence(none) > 10 * divergence(right)
    assert divergence(wrong) > divergence(none)
    assert right[:, 0].argmax() == 0
    np.testing.assert_allclose(right, TRUTH, atol=0.07)
    # Without it the model learns P(article | customer) / q(article).
    lift = TRUTH / TRUTH.mean(0)
    np.testing.assert_allclose(none, lift / lift.sum(1, keepdim=True), atol=0.12)


def test_the_loss_of_a_complete_sample_is_the_full_softmax() -> None:
    scores = torch.randn(3, 3, generator=torch.Generator().manual_seed(1))
    hits = torch.zeros((2, 0), dtype=torch.int64)
    expected = -torch.log_softmax(scores, dim=1).diagonal().mean()
    assert sampled_softmax_loss(scores, torch.zeros(3), hits) == pytest.approx(expected)


def test_accidental_hits_are_no_negatives() -> None:
    scores = torch.tensor([[1.0, 5.0, 2.0], [0.0, 1.0, 0.5]])
    hits = torch.tensor([[0, 1], [1, 0]])
    first = 1.0 - np.log(np.exp(1.0) + np.exp(2.0))
    second = 1.0 - np.log(np.exp(1.0) + np.exp(0.5))
    found = sampled_softmax_loss(scores, torch.zeros(3), hits)
    assert found.item() == pytest.approx(-(first + second) / 2)


def test_expected_counts() -> None:
    found = log_expected_count(torch.tensor([0.5, 0.0]), batch=4, uniform=3, articles=6)
    assert found.exp().tolist() == pytest.approx([4 * 0.5 + 3 / 6, 3 / 6])
