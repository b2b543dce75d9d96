"""Drawing tokens: cached, uncached and batched agree, seeds repeat, the limits hold."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch

from nanogpt.errors import ConfigError
from nanogpt.models.gpt import GPT
from nanogpt.models.mlp import MLP
from nanogpt.sampling import reader
from nanogpt.sampling.config import SamplingConfig
from nanogpt.sampling.generate import generate, generate_batch

VOCAB_SIZE = 23
Build = Callable[..., GPT]

CONFIGS = {
    "greedy": SamplingConfig(num_tokens=40, temperature=0),
    "all": SamplingConfig(num_tokens=40, temperature=1.0, seed=3),
    "top_k": SamplingConfig(num_tokens=40, temperature=1.5, top_k=5, seed=4),
    "top_p": SamplingConfig(num_tokens=40, temperature=2.0, top_p=0.7, seed=5),
    "penalty": SamplingConfig(num_tokens=40, temperature=1.0, repetition_penalty=1.3, seed=6),
    "greedy_penalty": SamplingConfig(num_tokens=40, temperature=0, repetition_penalty=1.5),
    "every": SamplingConfig(
        num_tokens=40, temperature=1.4, top_k=9, top_p=0.9, repetition_penalty=1.2, seed=7
    ),
}
each_config = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())


@pytest.mark.parametrize("block_size", [1, 5, 16])
@pytest.mark.parametrize("prompt", [[3], list(range(16)), list(range(23))], ids=len)
@each_config
def test_cache_changes_no_token(
    build_gpt: Build, block_size: int, prompt: list[int], config: SamplingConfig
) -> None:
    gpt = build_gpt(block_size)
    cached = list(generate(gpt, prompt, config))
    assert cached == list(generate(gpt, prompt, config, use_cache=False))
    assert len(cached) == 40
    assert set(cached) <= set(range(VOCAB_SIZE))


def test_cache_changes_no_token_of_any_shape(build_gpt: Build, shape: dict[str, Any]) -> None:
    gpt = build_gpt(**shape)
    for config in CONFIGS.values():
        cached = list(generate(gpt, [3, 5], config))
        assert cached == list(generate(gpt, [3, 5], config, use_cache=False))


def test_model_alone_gives_the_tokens_of_the_decoder(
    build_gpt: Build, shape: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    gpt = build_gpt(**shape)
    decoded = list(generate(gpt, [3], CONFIGS["every"]))
    monkeypatch.setattr(reader, "can_decode", lambda _: False)
    assert decoded == list(generate(gpt, [3], CONFIGS["every"]))


@pytest.mark.parametrize("use_cache", [True, False])
@each_config
def test_row_of_a_batch_is_what_its_seed_draws_alone(
    build_gpt: Build, config: SamplingConfig, use_cache: bool
) -> None:
    gpt = build_gpt()
    prompts = [[3], [4, 5], [3], list(range(16)), list(range(23)), [4, 5], [7]]
    steps = [t.tolist() for t in generate_batch(gpt, prompts, config, use_cache=use_cache)]
    for row, prompt in enumerate(prompts):
        alone = SamplingConfig(**{**vars(config), "seed": config.seed + row})
        assert [tokens[row] for tokens in steps] == list(generate(gpt, prompt, alone)), row


def test_batch_past_block_size_of_any_shape(build_gpt: Build, shape: dict[str, Any]) -> None:
    gpt = build_gpt(block_size=6, **shape)
    config = CONFIGS["every"]
    prompts = [[1, 2], [3, 4], [5]]
    cached = [t.tolist() for t in generate_batch(gpt, prompts, config)]
    assert cached == [t.tolist() for t in generate_batch(gpt, prompts, config, use_cache=False)]
    assert len(cached) == 40


def test_empty_batch_draws_nothing(build_gpt: Build) -> None:
    assert [t.tolist() for t in generate_batch(build_gpt(), [], CONFIGS["all"])] == [[]] * 40


def test_mlp_reads_the_last_tokens(mlp: MLP) -> None:
    """By hand: the six tokens before the next one, or the fewer that there are."""
    config = SamplingConfig(num_tokens=20, temperature=0)
    for prompt in ([1, 2], [1, 2, 3, 4], list(range(6)), list(range(10))):
        text = list(prompt)
        start = len(text)
        for _ in range(20):
            with torch.no_grad():
                text.append(int(mlp(torch.tensor([text[-6:]]))[0, -1].argmax()))
        assert list(generate(mlp, prompt, config)) == text[start:]
        assert list(generate(mlp, prompt, config, use_cache=False)) == text[start:]


@each_config
def test_undrawn_tokens_are_never_drawn(build_gpt: Build, config: SamplingConfig) -> None:
    gpt = build_gpt()
    undrawn = sorted(set(generate(gpt, [3], config)))[:3]  # some that would be
    drawn = list(generate(gpt, [3], config, undrawn=undrawn))
    assert not set(drawn) & set(undrawn)
    assert drawn == list(generate(gpt, [3], config, undrawn=undrawn, use_cache=False))
    (batch, *_) = zip(*generate_batch(gpt, [[3], [4, 5]], config, undrawn=undrawn), strict=True)
    assert drawn == list(batch)
    # As from a prompt that holds one of them, which the repetition penalty scales.
    assert not set(generate(gpt, undrawn, config, undrawn=undrawn)) & set(undrawn)


def test_undrawn_token_is_drawn_where_there_is_no_other(build_gpt: Build) -> None:
    drawn = generate(build_gpt(), [3], CONFIGS["all"], undrawn=range(VOCAB_SIZE))
    assert list(drawn) == list(generate(build_gpt(), [3], CONFIGS["all"]))


def test_full_context_is_halved(build_gpt: Build) -> None:
    """Greedy by hand, with the rule written out: 17 tokens are cut to the newest 9."""
    gpt = build_gpt(16).eval()
    context, expected = [1], []
    for _ in range(40):
        if len(context) == 17:
            context = context[8:]
        with torch.no_grad():
            token = int(gpt(torch.tensor([context]))[0, -1].argmax())
        context.append(token)
        expected.append(token)
    assert list(generate(gpt, [1], SamplingConfig(num_tokens=40, temperature=0))) == expected


def test_seed_decides_the_tokens(build_gpt: Build) -> None:
    def draw(seed: int) -> list[int]:
        return list(
            generate(build_gpt(), [1], SamplingConfig(num_tokens=30, temperature=1, seed=seed))
        )

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_top_1_is_greedy(build_gpt: Build) -> None:
    greedy = SamplingConfig(num_tokens=30, temperature=0)
    top_1 = SamplingConfig(num_tokens=30, temperature=1.3, top_k=1)
    assert list(generate(build_gpt(), [1], greedy)) == list(generate(build_gpt(), [1], top_1))


def test_frequencies_follow_temperature_and_top_k(build_gpt: Build) -> None:
    gpt = build_gpt(1).eval()
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
def test_almost_no_temperature_is_greedy(build_gpt: Build, temperature: float) -> None:
    greedy = SamplingConfig(num_tokens=30, temperature=0)
    cold = SamplingConfig(num_tokens=30, temperature=temperature)
    assert list(generate(build_gpt(), [1], cold)) == list(generate(build_gpt(), [1], greedy))


def test_tokens_come_one_at_a_time(build_gpt: Build) -> None:
    tokens = generate(build_gpt(), [1], SamplingConfig(num_tokens=10**9))
    assert 0 <= next(tokens) < VOCAB_SIZE


def test_no_tokens(build_gpt: Build) -> None:
    assert list(generate(build_gpt(), [1], SamplingConfig(num_tokens=0))) == []


def test_empty_prompt_is_refused(build_gpt: Build) -> None:
    with pytest.raises(ValueError, match="at least one token"):
        next(generate(build_gpt(), [], SamplingConfig()))
    with pytest.raises(ValueError, match="at least one token"):
        next(generate_batch(build_gpt(), [[1], []], SamplingConfig()))


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"num_tokens": -1}, "num_tokens must not be negative"),
        ({"temperature": -0.1}, "temperature must be 0 or more"),
        ({"temperature": float("nan")}, "temperature must be 0 or more"),
        ({"temperature": float("inf")}, "temperature must be 0 or more"),
        ({"top_k": 0}, "top_k must be at least 1"),
        ({"top_p": 0.0}, "top_p must be in (0, 1], got 0.0"),
        ({"top_p": 1.01}, "top_p must be in (0, 1], got 1.01"),
        ({"top_p": float("nan")}, "top_p must be in (0, 1], got nan"),
        ({"repetition_penalty": 0.0}, "repetition_penalty must be above 0 and finite"),
        ({"repetition_penalty": float("inf")}, "repetition_penalty must be above 0 and finite"),
        ({"stop": ("END", "")}, "a stop string must not be empty"),
        ({"seed": -1}, "seed must be in [0, 2^63), got -1"),
    ],
)
def test_impossible_settings_are_refused(field: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        SamplingConfig(**field)  # type: ignore[arg-type]
