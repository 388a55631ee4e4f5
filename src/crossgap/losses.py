"""One pure function per equation. All return a scalar tensor, the mean over the minibatch."""

from __future__ import annotations

from torch import Tensor


def generator_adversarial_loss(judged_fake: Tensor) -> Tensor:
    """First term of equations 3 and 5 of TaskGAN: (1 − D(G(x)))², least squares.

    Args:
        judged_fake: D(G(x)), any shape, in (0, 1); the patches of an image are averaged.
    """
    return (1 - judged_fake).square().mean()


def task_loss(predicted: Tensor, label: Tensor) -> Tensor:
    """Second term of equations 3 and 5 of TaskGAN: (f(G(x)) − φ)².

    Averaged, not summed, over the k labels: with scaled labels 1 means "knows nothing" for any k.

    Args:
        predicted: f(G(x)), (n, k).
        label: φ, (n, k), in the same scale.
    """
    return (predicted - label).square().mean()


def generator_loss(judged_fake: Tensor, predicted: Tensor, label: Tensor, task_weight: float) -> Tensor:
    """Equations 3 and 5 of TaskGAN, with the weight λ_φ of equation 1 on the task loss.

    Args:
        judged_fake: D(G(x)), in (0, 1).
        predicted: f(G(x)), (n, k).
        label: φ, (n, k).
        task_weight: λ_φ, in the scale of the labels given.
    """
    return generator_adversarial_loss(judged_fake) + task_weight * task_loss(predicted, label)


def discriminator_loss(judged_real: Tensor, judged_fake: Tensor) -> Tensor:
    """Equations 4 and 6 of TaskGAN: (1 − D(y))² + D(G(x))².

    Args:
        judged_real: D(y), any shape, in (0, 1).
        judged_fake: D(G(x)), any shape, in (0, 1).
    """
    return (1 - judged_real).square().mean() + judged_fake.square().mean()
