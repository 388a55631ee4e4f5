"""Wrappers for Gymnasium environments."""

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np

from crossgap.errors import CrossgapError, check_known

Familiar = Callable[[np.ndarray], np.ndarray]
"""Images (n, H, W, 3) uint8 to (n,) bool, whether each is like those of a training, such as
`lambda images: model.familiarity(images).familiar`."""
Translate = Callable[[np.ndarray], np.ndarray]
"""Images (n, H, W, 3) uint8 to the same, such as `AdaptedModel.translate`; in an `AsyncVectorEnv`, whose
environments are in processes of their own, `crossgap.Translator`."""


class TranslateObservation(gym.ObservationWrapper):
    """Goggles: a policy sees what a translator makes of the camera's images, and stays as it is.

    The translator's images may be of another size, that of its networks: it is asked once, with black images,
    for what `observation_space` says.

    Args:
        env: an environment whose observations have `pixels`, images (H, W, 3) uint8 by camera.
        translate: F: Y → X.
        cameras: whose images to translate; all by default.

    Raises:
        CrossgapError: the environment has no images, or no such camera.
    """

    def __init__(self, env: gym.Env, translate: Translate, cameras: Sequence[str] | None = None):
        super().__init__(env)
        available = _cameras(env, "TranslateObservation")
        self.translate, self.cameras = translate, tuple(available if cameras is None else cameras)
        check_known("Camera", self.cameras, available)
        self.observation_space = self._space(env.observation_space)

    def _space(self, space: Any) -> gym.spaces.Dict:
        """The environment's, but for the size of what is translated."""
        pixels = space["pixels"]
        black = {camera: np.zeros(pixels[camera].shape, np.uint8) for camera in self.cameras}
        seen = {
            camera: gym.spaces.Box(0, 255, image.shape, np.uint8)
            for camera, image in self._translated(black).items()
        }
        return gym.spaces.Dict(space.spaces | {"pixels": gym.spaces.Dict(pixels.spaces | seen)})

    def observation(self, observation: dict[str, Any]) -> dict[str, Any]:
        """The observation, its images translated."""
        pixels = observation["pixels"]
        return observation | {"pixels": pixels | self._translated(pixels)}

    def _translated(self, pixels: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """By camera its image translated: those of one size together, which is faster."""
        translated = {}
        for shape in dict.fromkeys(pixels[camera].shape for camera in self.cameras):
            alike = [camera for camera in self.cameras if pixels[camera].shape == shape]
            images = self.translate(np.stack([pixels[camera] for camera in alike]))
            translated |= dict(zip(alike, images, strict=True))
        return translated


class HoldStill(gym.Wrapper):
    """The robot holds still while it sees what is unlike anything that its model was trained on.

    An action that was chosen from such an image is not taken; `info["held_still"]` says so.

    Args:
        env: an environment whose observations have `pixels`, images (H, W, 3) uint8 by camera, as the camera
            has them: inside of a `TranslateObservation`.
        familiar: the guard.
        cameras: whose images to look at; all by default.
        still: the action that moves nothing; all zeros by default.

    Raises:
        CrossgapError: the environment has no images, or no such camera; or its actions are no numbers and
            none was said to move nothing.
    """

    def __init__(
        self, env: gym.Env, familiar: Familiar, cameras: Sequence[str] | None = None,
        still: np.ndarray | None = None,
    ):  # fmt: skip
        super().__init__(env)
        available = _cameras(env, "HoldStill")
        self.familiar, self.cameras = familiar, tuple(available if cameras is None else cameras)
        check_known("Camera", self.cameras, available)
        if still is None and not isinstance(space := env.action_space, gym.spaces.Box):
            raise CrossgapError(f"Actions are {space}. Expected `still`, the one that moves nothing.")
        self.still = np.zeros(env.action_space.shape or (), np.float32) if still is None else still
        self._hold = False

    def reset(self, **how: Any) -> tuple[Any, dict[str, Any]]:
        """Start an episode; `info["held_still"]` is false."""
        observation, info = self.env.reset(**how)
        self._look(observation)
        return observation, info | {"held_still": False}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take an action, or hold still where the image before it was unlike."""
        held = self._hold
        observation, reward, ended, cut, info = self.env.step(self.still if held else action)
        self._look(observation)
        return observation, reward, ended, cut, info | {"held_still": held}

    def _look(self, observation: dict[str, Any]) -> None:
        seen = observation["pixels"]
        self._hold = not all(bool(self.familiar(seen[camera][None])[0]) for camera in self.cameras)


def _cameras(env: gym.Env, wrapper: str) -> list[str]:
    """The cameras of an environment's observations.

    Raises:
        CrossgapError: they have no images.
    """
    space = env.observation_space
    pixels = space.spaces.get("pixels") if isinstance(space, gym.spaces.Dict) else None
    if not isinstance(pixels, gym.spaces.Dict):
        raise CrossgapError(f"{wrapper} needs observations with `pixels`, images by camera.")
    return list(pixels)
