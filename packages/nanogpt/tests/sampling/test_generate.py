"""Drawing tokens: cached and uncached agree, seeds repeat, the limits hold."""

import pytest
import torch

from nanogpt.errors import ConfigError
from nanogpt.models.config import GPTConfig
from nanogpt.models.gpt import GPT
from nanogpt.sampling.config import SamplingConfig
from nanogpt.sampling.generate import generate

VOCAB_SIZE = 23


def model(block_size: int = 16) -> GPT:
    """Return a model whose logits differ enough to be worth comparing."""
    gpt = GPT(
        GPTConfig(block_size=block_size, n_layer=2, n_head=2, n_embd=16),
        VOCAB_SIZE,
        torch.Generator().manual_seed(0),
    )
    with torch.no_grad():
        for parameter in gpt.parameters():
            if parameter.dim() == 2:
                parameter.mul_(20)
    return gpt


@pytest.mark.parametrize("block_size", [1, 5, 16])
@pytest.mark.parametrize("prompt", [[3], list(range(16)), list(range(23))], ids=len)
@pytest.mark.parametrize(
    "config",
    [
        SamplingConfig(num_tokens=40, temperature=0),
        SamplingConfig(num_tokens=40, temperature=1.0, seed=3),
        SamplingConfig(num_tokens=40, temperature=1.5, top_k=5, seed=4),
    ],
    ids=["greedy", "all", "top_k"],
)
def test_cache_changes_no_token(block_size: int, prompt: list[int], config: SamplingConfig) -> None:
    gpt = model(block_size)
    cached = list(generate(gpt, prompt, config))
    assert cached == list(generate(gpt, prompt, config, use_cache=False))
    assert len(cached) == 40
    assert set(cached) <= set(range(VOCAB_SIZE))


def test_full_context_is_halved() -> None:
    """Greedy by hand, with the rule written out: 17 tokens are cut to the newest 9."""
    gpt = model(16).eval()
    context, expected = [1], []
    for _ in range(40):
        if len(context) == 17:
            context = context[8:]
        with torch.no_grad():
            token = int(gpt(torch.tensor([context]))[0, -1].argmax())
        context.append(token)
        expected.append(token)
    assert list(generate(gpt, [1], SamplingConfig(num_tokens=40, temperature=0))) == expected


def test_seed_decides_the_tokens() -> None:
    def draw(seed: int) -> list[int]:
        return list(generate(model(), [1], SamplingConfig(num_tokens=30, temperature=1, seed=seed)))

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_top_1_is_greedy() -> None:
    greedy = SamplingConfig(num_tokens=30, temperature=0)
    top_1 = SamplingConfig(num_tokens=30, temperature=1.3, top_k=1)
    assert list(generate(model(), [1], greedy)) == list(generate(model(), [1], top_1))


def test_frequencies_follow_temperature_and_top_k() -> None:
    gpt = model(1).eval()
    config = SamplingConfig(num_tokens=1, temperature=2.0, top_k=3)
    with torch.no_grad():
        top = (gpt(torch.tensor([[1]]))[0, -1] / 2.0).topk(3)
    expected = dict(zip(top.indices.tolist(), top.values.softmax(0).tolist(), strict=True))
    draws = [
        next(generate(gpt, [1], SamplingConfig(**{**vars(config), "seed": seed})))
        for seed in range(600)
    ]
    assert set(draws) <= set(expected)
    for token, probability in expected.items():
        assert draws.count(token) / 600 == pytest.approx(probability, abs=0.08)


@pytest.mark.parametrize("temperature", [1e-310, 1e-45, 1e-8])
def test_almost_no_temperature_is_greedy(temperature: float) -> None:
    greedy = SamplingConfig(num_tokens=30, temperature=0)
    cold = SamplingConfig(num_tokens=30, temperature=temperature)
    assert list(generate(model(), [1], cold)) == list(generate(model(), [1], greedy))


def test_tokens_come_one_at_a_time() -> None:
    tokens = generate(model(), [1], SamplingConfig(num_tokens=10**9))
    assert 0 <= next(tokens) < VOCAB_SIZE


def test_empty_prompt_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one token"):
        next(generate(model(), [], SamplingConfig()))


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"num_tokens": -1}, "num_tokens must not be negative"),
        ({"temperature": -0.1}, "temperature must be 0 or more"),
        ({"temperature": float("nan")}, "temperature must be 0 or more"),
        ({"temperature": float("inf")}, "temperature must be 0 or more"),
        ({"top_k": 0}, "top_k must be at least 1"),
    ],
)
def test_impossible_settings_are_refused(field: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SamplingConfig(**field)  # type: ignore[arg-type]
