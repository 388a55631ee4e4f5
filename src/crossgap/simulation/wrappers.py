"""Wrappers for Gymnasium environments."""

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np

from crossgap.errors import CrossgapError, check_known

Translate = Callable[[np.ndarray], np.ndarray]
"""Images (n, H, W, 3) uint8 to the same, such as `AdaptedModel.translate`; in an `AsyncVectorEnv`, whose
environments are in processes of their own, `crossgap.Translator`."""


class TranslateObservation(gym.ObservationWrapper):
    """Goggles: a policy sees what a translator makes of the camera's images, and stays as it is.

    Args:
        env: an environment whose observations have `pixels`, images (H, W, 3) uint8 by camera.
        translate: F: Y → X.
        cameras: whose images to translate; all by default.

    Raises:
        CrossgapError: the environment has no images, or no such camera.
    """

    def __init__(self, env: gym.Env, translate: Translate, cameras: Sequence[str] | None = None):
        super().__init__(env)
        space = env.observation_space
        pixels = space.spaces.get("pixels") if isinstance(space, gym.spaces.Dict) else None
        if not isinstance(pixels, gym.spaces.Dict):
            raise CrossgapError("TranslateObservation needs observations with `pixels`, images by camera.")
        available = list(pixels)
        self.translate, self.cameras = translate, tuple(available if cameras is None else cameras)
        check_known("Camera", self.cameras, available)

    def observation(self, observation: dict[str, Any]) -> dict[str, Any]:
        """The observation, its images translated: those of one size together, which is faster."""
        pixels, translated = observation["pixels"], {}
        for shape in dict.fromkeys(pixels[camera].shape for camera in self.cameras):
            alike = [camera for camera in self.cameras if pixels[camera].shape == shape]
            images = self.translate(np.stack([pixels[camera] for camera in alike]))
            translated |= dict(zip(alike, images, strict=True))
        return observation | {"pixels": pixels | translated}
