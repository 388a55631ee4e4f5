"""How far predicted labels are off."""

from collections.abc import Callable
from statistics import fmean

import numpy as np

from crossgap.core.statistics import t_interval, wilson_interval
from crossgap.data.images import Classes, LabelCoding, LabelledImages
from crossgap.errors import CrossgapError
from crossgap.evaluation.rows import figures

Predict = Callable[[np.ndarray], np.ndarray]
"""Images (n, H, W, 3) uint8 to labels (n, k) in their own units."""


def offline_error(predict: Predict, data: LabelledImages, scale: LabelCoding) -> dict[str, float]:
    """`error_over_episodes` of what a model predicts of labelled images."""
    return error_over_episodes(predict(data.images), data, scale)


def error_over_episodes(predicted: np.ndarray, data: LabelledImages, scale: LabelCoding) -> dict[str, float]:
    """Error of predictions, with a 95 % interval: of numbers the mean squared error in the label scale
    (1 = knows nothing; Student's interval, from 0 on), of classes the error rate, as `rate_interval`.

    The images of an episode are alike, so the interval is over the n episodes' means; of one there is none.
    """
    return over_episodes(scale.errors(predicted, data.labels), data.episodes, scale)


def disagreement(
    before: np.ndarray, after: np.ndarray, episodes: np.ndarray, scale: LabelCoding
) -> dict[str, float]:
    """How far a task model's predictions of translated images are from its own of the images before: what
    `error_over_episodes` would say if these were the labels. A task model that is wrong of both alike agrees.

    Args:
        before: f(x), (n, k) in the labels' own units.
        after: f(G(x)), the same.
        episodes: (n,) which images belong together.
        scale: of the labels.
    """
    return over_episodes(scale.errors(after, before), episodes, scale)


def over_episodes(errors: np.ndarray, episodes: np.ndarray, scale: LabelCoding) -> dict[str, float]:
    """The same of the error of each image, (n,), as `scale.errors` has it."""
    means = episode_means(errors, episodes)
    if isinstance(scale, Classes):
        return figures(fmean(means), rate_interval(means), len(means))
    low, high = t_interval(means)
    return figures(fmean(means), (None if low is None else max(low, 0.0), high), len(means))


def rate_interval(means: np.ndarray) -> tuple[float | None, float | None]:
    """The 95 % interval of an error rate, from the rates of episodes (e,): Wilson's where each is 0 or 1, as
    of single images; else Student's, cut to [0, 1], for an episode of many images is more than one draw."""
    if np.isin(means, (0, 1)).all():
        return wilson_interval(means.sum(), len(means))
    low, high = t_interval(means)
    if low is None or high is None:
        return None, None
    return max(low, 0.0), min(high, 1.0)


def episode_means(errors: np.ndarray, episodes: np.ndarray, of: str = "The model") -> np.ndarray:
    """The mean of each episode, (e,), of the errors of images, (n,), of these episodes, (n,); `of` what.

    Raises:
        CrossgapError: an error is not finite.
    """
    if wrong := int((~np.isfinite(errors)).sum()):
        raise CrossgapError(
            f"{of}: the errors of {wrong:,} of {len(errors):,} images are not finite. Expected finite "
            "numbers: its training diverged, or a layer or loss of yours divides by 0."
        )
    _, episode = np.unique(episodes, return_inverse=True)
    return np.bincount(episode, errors) / np.bincount(episode)
