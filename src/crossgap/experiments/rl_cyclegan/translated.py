"""What goes through a translator: a policy's images, and the grasps that a Q learns from."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from crossgap.experiments.rl_cyclegan.bins import EYES
from crossgap.methods.qt_opt.learner import QTOpt
from crossgap.rl.collection import Observation
from crossgap.rl.replay import Episode


@dataclass(frozen=True)
class Goggled:
    """A policy that sees something else than the camera does."""

    learner: QTOpt
    """Its Q."""
    see: Callable[[np.ndarray], np.ndarray]
    """What Q sees of images (n, H, W, 3) uint8, the same."""

    def __call__(self, seen: Observation) -> np.ndarray:
        """As of `Act`."""
        return self.learner.act(self.see(EYES.frames(seen)), EYES.states(seen))


class Drawn(Sequence[Episode]):
    """Grasps as they would look in the other domain; not drawn before they are asked for.

    Args:
        episodes: grasps.
        draw: gives their images in the other domain.
    """

    def __init__(self, episodes: Sequence[Episode], draw: Callable[[np.ndarray], np.ndarray]):
        self._episodes, self._draw = episodes, draw

    @functools.cached_property
    def _drawn(self) -> list[Episode]:
        images = self._draw(np.stack([one.frames[0] for one in self._episodes]))
        both = (np.broadcast_to(image, (2, *image.shape)) for image in images)
        pairs = zip(self._episodes, both, strict=True)
        return [replace(one, frames=frames) for one, frames in pairs]

    def __len__(self) -> int:
        return len(self._episodes)

    def __getitem__(self, index: Any) -> Any:
        return self._drawn[index]
