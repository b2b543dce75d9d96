"""Products in bfloat16 against float32: near it, and nothing else changes."""

import pytest
import torch

from nanogpt.models.config import GPTConfig
from nanogpt.models.gpt import GPT, cross_entropy
from nanogpt.models.linear import Linear
from nanogpt.training.precision import MixedPrecision

CPU = torch.device("cpu")


def layers(*, bias: bool) -> tuple[Linear, torch.nn.Linear]:
    torch.manual_seed(0)
    ours, reference = Linear(24, 40, bias=bias), torch.nn.Linear(24, 40, bias=bias)
    reference.load_state_dict(ours.state_dict())
    return ours, reference


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 24), (5, 24), (2, 3, 24)])
def test_near_float32_forward_and_backward(shape: tuple[int, ...], bias: bool) -> None:
    ours, reference = layers(bias=bias)
    ours.bfloat16_products = True
    inputs = [torch.randn(shape).requires_grad_()]
    inputs.append(inputs[0].detach().clone().requires_grad_())
    outputs = [layer(x) for layer, x in zip((ours, reference), inputs, strict=True)]
    assert outputs[0].dtype == torch.float32
    grad = torch.randn(outputs[0].shape)
    for output in outputs:
        output.backward(grad)
    pairs = [outputs, [x.grad for x in inputs], [ours.weight.grad, reference.weight.grad]]
    for a, b in pairs:
        # bfloat16 has 8 bits: an error of 2^-8 of the size of the terms.
        torch.testing.assert_close(a, b, atol=0.03 * b.abs().max().item(), rtol=0)
        assert not torch.equal(a, b)
    if bias:
        torch.testing.assert_close(ours.bias.grad, reference.bias.grad)


def test_float32_unless_training_with_it() -> None:
    ours, reference = layers(bias=True)
    x = torch.randn(3, 24)
    assert torch.equal(ours(x), reference(x))
    ours.bfloat16_products = True
    assert torch.equal(ours.eval()(x), reference(x))


def test_precision_of_a_run_decides() -> None:
    model = GPT(GPTConfig(block_size=8, n_layer=1, n_head=2, n_embd=16), 11).train()
    idx = torch.randint(11, (2, 9))
    losses = {}
    for precision in ("float32", "bfloat16", "auto"):
        mixed = MixedPrecision(precision, CPU)  # type: ignore[arg-type]
        mixed.prepare(model)
        with mixed.autocast():
            losses[precision] = cross_entropy(model(idx[:, :-1]), idx[:, 1:]).item()
    assert losses["auto"] == losses["float32"] != losses["bfloat16"]
    assert losses["bfloat16"] == pytest.approx(losses["float32"], abs=1e-2)
