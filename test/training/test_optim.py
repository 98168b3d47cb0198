"""Muon for matrices and for stacks of matrices."""

import torch

from diffhpe_ros.training.optim import Muon, orthogonalise


def matrices(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def test_orthogonalised_matrices_have_singular_values_near_one():
    for shape in ((5, 32, 64), (5, 64, 32), (5, 48, 48)):
        values = torch.linalg.svdvals(orthogonalise(matrices(*shape)))
        assert values.max() < 1.3
        assert values.median() > 0.6


def test_singular_vectors_stay():
    u, _, v = torch.linalg.svd(matrices(1, 16, 32), full_matrices=False)
    inside = u.mT @ orthogonalise(matrices(1, 16, 32)) @ v.mT
    off_diagonal = inside - torch.diag_embed(inside.diagonal(dim1=1, dim2=2))
    assert off_diagonal.abs().max() < 1e-4


def test_stack_is_updated_as_its_matrices_are():
    gradient = matrices(3, 8, 16)
    stack = torch.nn.Parameter(torch.zeros(3, 8, 16))
    single = [torch.nn.Parameter(torch.zeros(8, 16)) for _ in range(3)]
    together, apart = Muon([stack], lr=0.1), Muon(single, lr=0.1)
    for _ in range(2):
        stack.grad = gradient
        for weights, part in zip(single, gradient, strict=True):
            weights.grad = part
        together.step()
        apart.step()
    torch.testing.assert_close(stack.data, torch.stack([each.data for each in single]))


def test_updates_are_of_the_size_that_adamw_makes():
    weights = torch.nn.Parameter(torch.zeros(64, 32))
    weights.grad = 1e-3 * matrices(64, 32)
    Muon([weights], lr=1e-2).step()
    assert 0.1e-2 < weights.data.square().mean().sqrt() < 0.3e-2


def test_decay_is_decoupled():
    weights = torch.nn.Parameter(torch.ones(4, 4))
    weights.grad = torch.zeros(4, 4)
    Muon([weights], lr=0.1, weight_decay=0.5).step()
    torch.testing.assert_close(weights.data, torch.full((4, 4), 0.95))
