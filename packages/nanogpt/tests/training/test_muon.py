"""Muon against the singular value decomposition, against torch's own, and on stacked blocks."""

import pytest
import torch
from torch import Tensor

from nanogpt.training.muon import Muon, orthogonalize


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(1, 1), (4, 4), (16, 64), (3, 200)])
def test_singular_values_become_about_one_and_directions_stay(shape: tuple[int, int]) -> None:
    matrix = random(*shape)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    found = orthogonalize(matrix[None])[0]
    values = (left.T @ found @ right.T).diagonal()
    assert values.min() > 0.4
    assert values.max() < 1.3
    # Nothing but the singular values changed.
    torch.testing.assert_close(left @ values.diag() @ right, found, atol=1e-4, rtol=1e-4)


def test_zero_stays_zero() -> None:
    assert torch.equal(orthogonalize(torch.zeros(2, 3, 5)), torch.zeros(2, 3, 5))


@pytest.mark.parametrize("shape", [(24, 24), (16, 48), (48, 16)])
def test_equals_torchs_muon(shape: tuple[int, int]) -> None:
    """Torch's works in bfloat16, so the two agree to two digits of the update."""
    ours, theirs = (torch.nn.Parameter(random(*shape)) for _ in range(2))
    mine = Muon([(ours, 1)], lr=0.01, momentum=0.9, weight_decay=0.1)
    reference = torch.optim.Muon(
        [theirs], lr=0.01, momentum=0.9, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"
    )
    for step in range(3):
        ours.grad, theirs.grad = (random(*shape, seed=step + 1) for _ in range(2))
        mine.step()
        reference.step()
    moved = (ours - random(*shape)).abs().max()
    assert (ours - theirs).abs().max() < 0.05 * moved


def test_blocks_of_one_parameter_are_matrices_of_their_own() -> None:
    parts = [torch.nn.Parameter(random(8, 8, seed=seed)) for seed in range(3)]
    fused = torch.nn.Parameter(torch.cat([part.detach() for part in parts]))
    gradients = [random(8, 8, seed=seed + 10) for seed in range(3)]
    for part, gradient in zip(parts, gradients, strict=True):
        part.grad = gradient
    fused.grad = torch.cat(gradients)
    settings = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.0}
    Muon([(part, 1) for part in parts], **settings).step()
    Muon([(fused, 3)], **settings).step()
    torch.testing.assert_close(torch.cat([part.detach() for part in parts]), fused.detach())


def test_update_has_the_size_of_adamws() -> None:
    matrix = torch.nn.Parameter(torch.zeros(32, 128))
    matrix.grad = random(32, 128)
    Muon([(matrix, 1)], lr=0.01, momentum=0.0, weight_decay=0.0).step()
    # An orthogonal 32 x 128 matrix has entries of root mean square 1 / sqrt(128); times the scale.
    assert matrix.square().mean().sqrt().item() == pytest.approx(0.01 * 0.2, rel=0.3)


def test_parameter_without_gradient_stays() -> None:
    matrix = torch.nn.Parameter(random(4, 4))
    Muon([(matrix, 1)], lr=0.1, momentum=0.9, weight_decay=0.1).step()
    assert torch.equal(matrix, random(4, 4))
