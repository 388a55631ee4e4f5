"""Unbalanced optimal transport with entropy, by Sinkhorn's iterations (Chizat et al. 2018, "Scaling
algorithms for unbalanced optimal transport problems", section 3.3)."""

import math

import torch
from torch import Tensor


@torch.no_grad()
def unbalanced_plan(cost: Tensor, entropy: float, relaxation: float, iterations: int) -> Tensor:
    """How much of each x goes to each y: the γ ≥ 0 that is least in

        ⟨γ, C⟩ + ε KL(γ | a bᵀ) + ρ KL(γ 1 | a) + ρ KL(γᵀ 1 | b),    a = 1/n, b = 1/m

    In logarithms: f ← −φ ε log Σ_j b_j exp((g_j − C_ij) / ε), then g likewise, φ = ρ / (ρ + ε);
    γ_ij = a_i b_j exp((f_i + g_j − C_ij) / ε). With ρ = ∞ the marginals are a and b, as in balanced
    transport; with a finite one, whatever is far from everything goes nowhere.

    Args:
        cost: C, (n, m), from 0 on.
        entropy: ε, above 0.
        relaxation: ρ, above 0; may be infinite.
        iterations: of both updates.

    Returns:
        γ, (n, m); its sum is at most 1 where C is from 0 on.
    """
    n, m = cost.shape
    kernel = -cost.double() / entropy
    damping = 1.0 if math.isinf(relaxation) else relaxation / (relaxation + entropy)
    f, g = kernel.new_zeros(n), kernel.new_zeros(m)  # potentials over ε
    for _ in range(iterations):
        f = -damping * torch.logsumexp(kernel + g - math.log(m), 1)
        g = -damping * torch.logsumexp(kernel + f[:, None] - math.log(n), 0)
    return torch.exp(kernel + f[:, None] + g - math.log(n * m)).to(cost.dtype)
