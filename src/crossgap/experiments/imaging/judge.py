"""A classifier of true images as the judge of drawn ones."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from crossgap.data.batches import to_tensor
from crossgap.deploy.adapted import AdaptedModel
from crossgap.evaluation import share
from crossgap.evaluation.coverage import mode_coverage
from crossgap.evaluation.kernel_distance import kernel_distance, task_features

CERTAIN = 0.9
"""Probability from which on the classifier is certain of its class."""
COMPARED = 1000
"""Images of either set that a kernel distance is of, at most."""


def judged(images: np.ndarray, classifier: AdaptedModel) -> dict[str, Any]:
    """Which classes images (n, H, W, 3) uint8 have, and of how many of them the classifier is certain."""
    logits = _logits(images, classifier)
    certain = logits.softmax(1).amax(1) >= CERTAIN
    coverage = mode_coverage(logits.argmax(1).numpy(), logits.shape[1])
    return {"coverage": coverage.figures(), "certain": share(certain.numpy())}


def kid(images: np.ndarray, true: np.ndarray, classifier: AdaptedModel) -> dict[str, Any]:
    """KID of images against true ones, each (n, H, W, 3) uint8, in the classifier's features."""
    features = task_features(classifier, "the classifier")
    return kernel_distance(features(images[:COMPARED]), features(true[:COMPARED])).figures()


@torch.inference_mode()
def _logits(images: np.ndarray, classifier: AdaptedModel) -> Tensor:
    parts = (to_tensor(images[start : start + 256]) for start in range(0, len(images), 256))
    return torch.cat([classifier.task_model(part.to(classifier.device)).float().cpu() for part in parts])
