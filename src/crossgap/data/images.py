"""Labelled images in memory, and how labels are scaled."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np

from crossgap.errors import CrossgapError

if TYPE_CHECKING:
    from crossgap.losses import TaskLoss


@dataclass(frozen=True)
class LabelledImages:
    """Images of one domain, with what the task model should predict from each."""

    images: np.ndarray
    """(n, H, W, 3) uint8."""
    labels: np.ndarray
    """(n, k) float32, in the label's own units; k = 0 where nothing is known."""
    label_names: tuple[str, ...]
    """The k label columns."""
    episodes: np.ndarray
    """(n,) int: images of one episode belong together, when a set is split."""

    def __post_init__(self) -> None:
        n = len(self.images)
        if self.images.ndim != 4 or self.images.shape[3] != 3 or self.images.dtype != np.uint8:
            raise CrossgapError(
                f"Images must be (n, H, W, 3) uint8; got {self.images.shape} {self.images.dtype}."
            )
        if self.labels.shape != (n, len(self.label_names)) or len(self.episodes) != n:
            raise CrossgapError(
                f"{n} images need labels of shape ({n}, {len(self.label_names)}) and {n} episodes; "
                f"got {self.labels.shape} and {len(self.episodes)}."
            )
        if not np.issubdtype(kind := np.asarray(self.episodes).dtype, np.integer):
            raise CrossgapError(f"Episodes must be whole numbers, one per image; got {kind}.")
        if len(set(self.label_names)) < len(self.label_names):
            raise CrossgapError(
                f"The labels {', '.join(self.label_names)} name one twice. Expected each once."
            )
        if not np.isfinite(self.labels).all():
            raise CrossgapError("Labels must be finite numbers; found NaN or infinity.")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images in pixels."""
        return self.images.shape[1], self.images.shape[2]

    def without_labels(self) -> LabelledImages:
        """The same images, as if nobody had labelled them."""
        return replace(self, labels=np.zeros((len(self), 0), np.float32), label_names=())

    def select(self, index: np.ndarray | slice) -> LabelledImages:
        """The images of an index or a mask."""
        return replace(
            self, images=self.images[index], labels=self.labels[index], episodes=self.episodes[index]
        )


def digest(data: LabelledImages) -> str:
    """A fingerprint of images and labels: other data, other digest."""
    return digest_of(",".join(data.label_names), (data.images, data.labels))


def digest_of(names: str, arrays: Iterable[np.ndarray]) -> str:
    """A fingerprint of some arrays, and of what their columns are called."""
    found = hashlib.sha256(names.encode())
    for array in arrays:
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()[:16]


def describe(data: LabelledImages) -> dict[str, Any]:
    """What a data set holds, by which a run or a model knows it again wherever it is."""
    return {"images": len(data), "labelled": bool(data.label_names), "fingerprint": digest(data)}


class ImageSet(Protocol):
    """Images with something beside each: `LabelledImages`, or `Observations`."""

    @property
    def images(self) -> np.ndarray:
        """(n, H, W, C) uint8."""
        ...

    @property
    def episodes(self) -> np.ndarray:
        """(n,) int, which belong together."""
        ...

    def __len__(self) -> int: ...

    def select(self, index: np.ndarray) -> Self:
        """Those of an index or a mask."""
        ...


def image_digests(images: np.ndarray) -> np.ndarray:
    """A fingerprint of each image alone, (n,) uint64, of (n, H, W, 3) uint8: other pixels, other digest."""
    digests = (hashlib.blake2b(image, digest_size=8).digest() for image in np.ascontiguousarray(images))
    return np.frombuffer(b"".join(digests), np.uint64)


OWN_LOSS = "own_loss"
"""The attribute of a coding that is no field of it: what it is, it is with any loss."""
CONSTANT = 4 * float(np.finfo(np.float32).eps)
"""A label that spreads by less than this share of its size is always the same, but for rounding."""


def constant_labels(data: LabelledImages) -> dict[str, float]:
    """The labels that are always the same, and what they are: with no spread, and nothing to be learnt."""
    spread, size = data.labels.std(0, dtype=np.float64), np.abs(data.labels).max(0)
    return {
        name: float(data.labels[0, index])
        for index, name in enumerate(data.label_names)
        if spread[index] <= CONSTANT * size[index]
    }


@dataclass(frozen=True)
class LabelScale:
    """Brings labels to mean 0 and spread 1, so that a squared error of 1 means "knows nothing".

    λ, learning rates and reported task errors are all in this scale.
    """

    mean: tuple[float, ...]
    """Mean of each label."""
    spread: tuple[float, ...]
    """Standard deviation of each label, in the label's own units."""
    error_name: ClassVar[str] = "mean squared error (1 = knows nothing)"
    """What the mean of `errors` is called."""

    @staticmethod
    def of(data: LabelledImages) -> LabelScale:
        """The scale of a data set, usually the source: it is large.

        Raises:
            CrossgapError: there is no image, or a label never varies.
        """
        if not len(data):
            raise CrossgapError("A label scale is that of some images; there are none.")
        for name, value in constant_labels(data).items():
            raise CrossgapError(
                f"Label '{name}' is {value:g} for every image. Expected labels that vary; leave it out."
            )
        spread = data.labels.std(0, dtype=np.float64)
        mean = data.labels.mean(0, dtype=np.float64)
        return LabelScale(tuple(map(float, mean)), tuple(map(float, spread)))

    @property
    def outputs(self) -> int:
        """How many outputs the task model needs: one per label."""
        return len(self.mean)

    @property
    def loss(self) -> TaskLoss:
        """The task loss: squared error of scaled labels; or one of the user's own."""
        from crossgap.losses import task_loss  # here, because data needs no torch

        return vars(self).get(OWN_LOSS, task_loss)

    def errors(self, predicted: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Squared error in the scale per image, (n,), of (n, k) predictions and labels in their own units."""
        return np.square(self.apply(predicted) - self.apply(labels)).mean(1)

    def apply(self, labels: np.ndarray) -> np.ndarray:
        """Labels in their own units to the scale, float32."""
        return ((labels - np.array(self.mean)) / np.array(self.spread)).astype(np.float32)

    def invert(self, scaled: np.ndarray) -> np.ndarray:
        """Scaled predictions back to the label's own units, float32."""
        return (scaled * np.array(self.spread) + np.array(self.mean)).astype(np.float32)


@dataclass(frozen=True)
class Classes:
    """One label column that holds a class, 0 to count − 1: the task model's outputs are logits."""

    count: int
    """Number of classes."""
    error_name: ClassVar[str] = "error rate"
    """What the mean of `errors` is called."""

    @property
    def outputs(self) -> int:
        """How many outputs the task model needs: one per class."""
        return self.count

    @property
    def loss(self) -> TaskLoss:
        """The task loss: cross-entropy; or one of the user's own."""
        from crossgap.losses import classification_loss

        return vars(self).get(OWN_LOSS, classification_loss)

    def errors(self, predicted: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """1 where the predicted class is wrong, else 0: (n,) float of (n, 1) predictions and labels."""
        return (predicted[:, 0] != labels[:, 0]).astype(float)

    def is_class(self, labels: np.ndarray) -> np.ndarray:
        """Where labels, of any shape, are one of the classes."""
        return (labels == np.floor(labels)) & (labels >= 0) & (labels < self.count)

    def apply(self, labels: np.ndarray) -> np.ndarray:
        """Classes (n, 1) as int64.

        Raises:
            CrossgapError: there is not one column, or a label is not one of the classes.
        """
        if labels.shape[1:] != (1,):
            raise CrossgapError(f"Classes need one label column; got labels of shape {labels.shape}.")
        wrong = labels[~self.is_class(labels)]
        if len(wrong):
            raise CrossgapError(f"Expected classes from 0 to {self.count - 1}; found {wrong[0]:g}.")
        return labels.astype(np.int64)

    def invert(self, logits: np.ndarray) -> np.ndarray:
        """The likeliest class of logits (n, count): (n, 1) float32."""
        return logits.argmax(1, keepdims=True).astype(np.float32)


LabelCoding = LabelScale | Classes
"""How labels become what a task model is trained on, and its outputs become labels again."""


def with_loss(coding: LabelCoding, loss: TaskLoss) -> LabelCoding:
    """The same, with a task loss of the user's own."""
    found = replace(coding)
    vars(found)[OWN_LOSS] = loss
    return found


def label_coding(fields: dict[str, Any]) -> LabelCoding:
    """Back from `asdict`.

    Raises:
        KeyError, TypeError: it describes neither.
    """
    if "count" in fields:
        return Classes(int(fields["count"]))
    return LabelScale(tuple(fields["mean"]), tuple(fields["spread"]))
