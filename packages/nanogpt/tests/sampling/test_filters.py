"""Each filter against Hugging Face's LogitsProcessor, and the draw against its definition."""

import os
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nanogpt.errors import DivergedError
from nanogpt.sampling.config import SamplingConfig
from nanogpt.sampling.filters import draw, keep_top_k, keep_top_p, probabilities

B, V = 4, 50

CONFIGS = [
    SamplingConfig(temperature=1.0),
    SamplingConfig(temperature=0.3),
    SamplingConfig(temperature=2.5),
    SamplingConfig(temperature=1.0, top_k=1),
    SamplingConfig(temperature=0.8, top_k=7),
    SamplingConfig(temperature=1.0, top_k=V),
    SamplingConfig(temperature=1.0, top_k=10**6),
    SamplingConfig(temperature=1.0, top_p=1e-9),
    SamplingConfig(temperature=1.0, top_p=0.5),
    SamplingConfig(temperature=1.3, top_p=0.95),
    SamplingConfig(temperature=1.0, top_p=1.0),
    SamplingConfig(temperature=1.0, repetition_penalty=1.7),
    SamplingConfig(temperature=1.0, repetition_penalty=0.6),
    SamplingConfig(temperature=0.9, top_k=20, top_p=0.8, repetition_penalty=1.2),
]


def hugging_face(
    logits: npt.NDArray[np.float32], context: npt.NDArray[np.int64], config: SamplingConfig
) -> npt.NDArray[np.float64]:
    """Return the probabilities that Hugging Face's `generate` would draw from."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from transformers import generation

    processors: list[Any] = []
    if config.repetition_penalty != 1:
        processors.append(
            generation.RepetitionPenaltyLogitsProcessor(penalty=config.repetition_penalty)
        )
    processors.append(generation.TemperatureLogitsWarper(config.temperature))
    if config.top_k is not None:
        processors.append(generation.TopKLogitsWarper(config.top_k))
    if config.top_p is not None:
        processors.append(generation.TopPLogitsWarper(config.top_p))
    scores = torch.from_numpy(logits).double()
    for processor in processors:
        scores = processor(torch.from_numpy(context), scores)
    weights: npt.NDArray[np.float64] = scores.softmax(-1).numpy()
    return weights


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.temperature}-{c.top_k}-{c.top_p}")
@pytest.mark.parametrize("seed", range(5))
def test_probabilities_equal_hugging_face(config: SamplingConfig, seed: int) -> None:
    random = np.random.default_rng(seed)
    logits = (random.standard_normal((B, V)) * 3).astype(np.float32)
    context = random.integers(V, size=(B, 12))
    ours = probabilities(logits, context, config)
    expected = hugging_face(logits, context, config)
    np.testing.assert_array_equal(ours > 0, expected > 0)
    np.testing.assert_allclose(ours, expected, rtol=1e-9)


def test_no_temperature_is_certain_of_the_likeliest() -> None:
    logits = np.array([[1.0, 3.0, 2.0], [0.5, -1.0, 0.4]], dtype=np.float32)
    context = np.array([[1], [2]])
    certain = probabilities(logits, context, SamplingConfig(temperature=0))
    assert certain.tolist() == [[0, 1, 0], [1, 0, 0]]
    config = SamplingConfig(temperature=0, repetition_penalty=2.0)  # token 1 falls to 1.5
    assert probabilities(logits, context, config).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_top_p_is_the_smallest_set_that_reaches_p() -> None:
    weights = np.array([[0.125, 0.5, 0.25, 0.125]])
    assert keep_top_p(weights, 0.5).tolist() == [[0, 1, 0, 0]]
    assert keep_top_p(weights, 0.51).tolist() == [[0, 0.5 / 0.75, 0.25 / 0.75, 0]]
    # Of equals, the lower id.
    assert (keep_top_p(weights, 0.8) > 0).tolist() == [[True, True, True, False]]
    assert keep_top_p(weights, 1.0).tolist() == weights.tolist()


def test_top_k_keeps_what_equals_the_kth() -> None:
    scores = np.array([[1.0, 2.0, 2.0, 3.0]])
    assert np.isfinite(keep_top_k(scores, 2)).tolist() == [[False, True, True, True]]


def test_filters_leave_their_input_alone() -> None:
    logits = np.random.default_rng(0).standard_normal((2, 9)).astype(np.float32)
    before = logits.copy()
    config = SamplingConfig(top_k=3, top_p=0.5, repetition_penalty=1.5)
    probabilities(logits, np.array([[1], [2]]), config)
    np.testing.assert_array_equal(logits, before)


@given(
    st.lists(st.sampled_from([0.0, 0.1, 0.25, 1e-12, 3.0]), min_size=1, max_size=8).filter(any),
    st.floats(0, 1, exclude_max=True),
)
def test_draw_takes_the_token_in_whose_share_the_number_falls(
    weights: list[float], uniform: float
) -> None:
    (token,) = draw(np.array([weights]), np.array([uniform])).tolist()
    assert weights[token] > 0
    assert sum(weights[:token]) <= uniform * sum(weights) * (1 + 1e-12)
    assert sum(weights[: token + 1]) >= uniform * sum(weights) * (1 - 1e-12)


@pytest.mark.parametrize("uniform", [0.0, np.nextafter(1, 0)])
def test_draw_passes_over_impossible_tokens_at_both_ends(uniform: float) -> None:
    weights = np.array([[0, 0.3, 0, 0.7, 0]])
    assert draw(weights, np.array([uniform]))[0] in (1, 3)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_logits_that_are_not_finite_are_refused(value: float) -> None:
    logits = np.array([[0, 1], [value, 1]], dtype=np.float32)
    with pytest.raises(DivergedError, match="logits are not finite"):
        probabilities(logits, np.array([[1], [0]]), SamplingConfig())


def test_rows_draw_by_themselves() -> None:
    random = np.random.default_rng(3)
    weights, uniform = random.random((6, V)), random.random(6)
    together = draw(weights, uniform).tolist()
    assert together == [draw(weights[[r]], uniform[[r]])[0] for r in range(6)]
