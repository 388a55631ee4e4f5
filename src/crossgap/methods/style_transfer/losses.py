"""The losses of Gatys et al. 2016, and the total variation of Mahendran and Vedaldi 2015.

Each is divided by what a picture without any response would have, so that 1 means "knows nothing" for every
layer, network and size. In the paper that is a choice of the weights w_l, α and β.
"""

from torch import Tensor


def gram(features: Tensor) -> Tensor:
    """Equation 3: G_ij = Σ_k F_ik F_jk, the correlations of a layer's channels; the mean over positions k, so
    that pictures of two sizes can be compared.

    Args:
        features: (n, c, h, w).

    Returns:
        (n, c, c).
    """
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def relative_distance(found: Tensor, wanted: Tensor) -> Tensor:
    """‖found − wanted‖² / ‖wanted‖². Of activations F and P it is the content loss, equation 1; of Gram
    matrices G and A a layer's part of the style loss, equation 4; each up to its constant."""
    return (found - wanted).square().sum() / wanted.square().sum().clamp_min(1e-12)


def variation_loss(picture: Tensor) -> Tensor:
    """The mean squared difference between neighbours, along both axes.

    Args:
        picture: (n, 3, h, w).
    """
    return sum((picture.diff(dim=axis).square().mean() for axis in (2, 3)), picture.new_zeros(()))
