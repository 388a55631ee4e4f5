"""KID, the kernel distance between two sets of images (Bińkowski et al. 2018), in a named network's features.

Its authors take Inception-v3's. On others it is another figure: what is measured here always says which, and
is compared with what was measured on the same ones alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchmetrics.image.kid import poly_kernel

from crossgap.core.statistics import percentile_interval, resampled_counts
from crossgap.data.batches import image_tensor
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.evaluation.rows import figures

RESAMPLES = 1_000
MOST = 2_000
"""Images of a set that are compared, drawn at random where it has more: time goes with their square."""
BATCH = 64


@dataclass(frozen=True)
class NamedFeatures:
    """What images are compared by."""

    name: str
    """Said beside every figure."""
    network: nn.Module
    """Images (n, 3, H, W) in [-1, 1] to (n, d)."""

    @torch.inference_mode()
    def __call__(self, images: np.ndarray) -> Tensor:
        """Images (n, H, W, 3) uint8 to (n, d) float64 on the CPU."""
        weight = next(self.network.parameters(), torch.zeros(0))
        parts = (images[start : start + BATCH] for start in range(0, len(images), BATCH))
        return torch.cat([self.network(image_tensor(part, weight.device)).double().cpu() for part in parts])


def task_features(model: AdaptedModel, name: str) -> NamedFeatures:
    """What stands before the last layer of a task model; its outputs where its network has no `features`.

    Args:
        model: with a task model; its translator, if it has one, is left out.
        name: what to call it.
    """
    layer = getattr(model.task_model, "features", None)
    if isinstance(layer, nn.Module):
        return NamedFeatures(f"features of {name}", layer)
    return NamedFeatures(f"outputs of {name}", model.task_model)


@dataclass(frozen=True)
class KernelDistance:
    """KID between two sets of images."""

    value: float
    """Of all images; 0 in the mean where both sets are of one distribution, so a little below 0 at times."""
    resampled: np.ndarray
    """(RESAMPLES,) of bootstrap samples of both sets."""
    n: int
    """How many images, or episodes, of the smaller set."""

    def figures(self) -> dict[str, Any]:
        """Value, 95 % interval and n."""
        return figures(self.value, percentile_interval(self.resampled), self.n)

    def minus(self, other: KernelDistance) -> dict[str, float]:
        """Difference with its 95 % interval, paired: both are of as many images, in the same order, against
        the same ones, so that the same were drawn."""
        low, high = percentile_interval(self.resampled - other.resampled)
        return {"value": self.value - other.value, "low": low, "high": high}


def kernel_distance(
    features: Tensor,
    others: Tensor,
    episodes: np.ndarray | None = None,
    other_episodes: np.ndarray | None = None,
) -> KernelDistance:
    """Squared maximum mean discrepancy of two sets of features, unbiased (equation 4 of KID's paper, of all
    pairs in place of its subsets), by the kernel (a·b / d + 1)³; with a bootstrap over both sets.

    Within a set pairs of an image with itself are left out, and those of an episode, which are alike, too:
    they would make sets of one distribution look different; so would the images that a bootstrap sample has
    several times.

    Args:
        features: (n, d) of one set, n at least 2.
        others: (m, d) of the other, m at least 2.
        episodes: (n,) which of the first belong together, and are drawn together; none by default.
        other_episodes: (m,) of the second.

    Raises:
        CrossgapError: a set has fewer than two images, or than two episodes.
    """
    groups = [_groups(part, given) for part, given in ((features, episodes), (others, other_episodes))]
    within = [poly_kernel(part, part) for part in (features, others)]
    apart = [torch.from_numpy(group[:, None] != group).double() for group in groups]
    between = poly_kernel(features, others)

    def of(counts: Tensor, other_counts: Tensor) -> Tensor:
        """(r,) for how often each image counts, (r, n) and (r, m)."""
        both = zip(within, apart, (counts, other_counts), strict=True)
        terms = [_mean_of_pairs(*part) for part in both]
        across = ((counts @ between) * other_counts).sum(1) / counts.sum(1) / other_counts.sum(1)
        return terms[0] + terms[1] - 2 * across

    ones = (torch.ones(1, len(part), dtype=torch.float64) for part in (features, others))
    drawn = (
        torch.from_numpy(resampled_counts(group, RESAMPLES, seed)).double()
        for seed, group in enumerate(groups)
    )
    n = min(len(np.unique(group)) for group in groups)
    return KernelDistance(float(of(*ones)), of(*drawn).numpy(), n)


def _groups(features: Tensor, episodes: np.ndarray | None) -> np.ndarray:
    groups = np.arange(len(features)) if episodes is None else np.asarray(episodes)
    if (n := len(np.unique(groups))) < 2:
        what = "images" if episodes is None else "episodes"
        raise CrossgapError(f"A kernel distance needs two {what} in each set at least; got {n}.")
    return groups


def _mean_of_pairs(kernel: Tensor, apart: Tensor, counts: Tensor) -> Tensor:
    """Mean of a kernel (n, n) over the pairs of images that are 1 in `apart`, (n, n), else 0; each image
    counts so often, (r, n)."""
    pairs = ((counts @ apart) * counts).sum(1)
    return ((counts @ (kernel * apart)) * counts).sum(1) / pairs


def at_most(count: int, most: int = MOST, seed: int = 0) -> np.ndarray:
    """Which of so many images are compared: all, or `most` of them at random, (k,) in order."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))
