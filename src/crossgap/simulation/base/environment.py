"""What environments of rendered worlds have in common: cameras, an episode's appearance, a goal's reward."""

from collections.abc import Sequence
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np

from crossgap.errors import check_known
from crossgap.simulation.base.options import checked_size
from crossgap.simulation.base.randomization import Fields
from crossgap.simulation.base.scene import Scene


class WorldEnv(gym.Env):
    """A task in a rendered world.

    Args:
        look: name of the look, see `crossgap looks`.
        randomization: name of a randomization, applied on top of it.
        size: image width and height in pixels.
        cameras: of those that `available` names, in the order of the observation.
        render_mode: None or `rgb_array`.
        per_frame: whether the look is drawn anew for every frame, not only for every episode.

    Raises:
        CrossgapError: an unknown look, randomization or camera, or a size that is none.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012 (Gymnasium's form)
    scene: ClassVar[type[Scene]]
    available: ClassVar[Sequence[str]]
    """Cameras of the scene."""

    def __init__(
        self, look: str, randomization: str, size: int, cameras: Sequence[str], render_mode: str | None,
        per_frame: bool = False,
    ):  # fmt: skip
        check_known("Camera", cameras, self.available)
        self.size, self.cameras = checked_size(size), tuple(cameras)
        self.render_mode, self.per_frame = render_mode, per_frame
        self._scene: Any = self.scene.here(look, randomization, self.size)

    def _by_camera(self, low: float, high: float, channels: tuple[int, ...], dtype: type) -> gym.spaces.Dict:
        """The space of a picture (size, size, …) of each camera."""
        image = gym.spaces.Box(low, high, (self.size, self.size, *channels), dtype)  # type: ignore[arg-type]
        return gym.spaces.Dict(dict.fromkeys(self.cameras, image))

    def _begin(self, seed: int | None, strength: float = 1.0) -> int:
        """Start an episode whose randomization has that strength; the seed of how it looks."""
        super().reset(seed=seed)
        look_seed = int(self.np_random.integers(2**63))
        self._look_rng, self._strength = np.random.default_rng(look_seed), strength
        self._appearance: Fields | None = None  # until it is seen
        return look_seed

    def _fields(self) -> Fields:
        """What the scene looks like now."""
        if (fields := self._appearance) is None:
            fields = self._appearance = self._scene().new_appearance(self._look_rng, self._strength)
        return fields

    def _go_on(self) -> None:
        """Let the appearance change as it does from one step to the next."""
        if self.per_frame:
            self._appearance = None
        elif self._appearance is not None:
            self._appearance = self._scene().next_appearance(self._appearance, self._look_rng, self._strength)


class GoalEnv(WorldEnv):
    """A task to bring something to a point, `goal`, (3,) metres: within `success_distance`, metres.

    Args:
        reward: `sparse`, −1 and 0 where it is there, or `dense`, minus its distance in metres.
        dressed: the arguments of `WorldEnv`.

    Raises:
        CrossgapError: as of `WorldEnv`, or an unknown reward.
    """

    success_distance: ClassVar[float]
    goal: np.ndarray

    def __init__(self, reward: str, *dressed: Any):
        super().__init__(*dressed)
        check_known("Reward", (reward,), ("sparse", "dense"))
        self.reward = reward

    def compute_reward(self, achieved_goal: np.ndarray, desired_goal: np.ndarray, info: Any) -> np.ndarray:
        """Rewards (…) of points (…, 3) in metres, so that any point can be made the goal afterwards."""
        del info
        distance = np.linalg.norm(np.subtract(achieved_goal, desired_goal), axis=-1)
        return -distance if self.reward == "dense" else -(distance >= self.success_distance).astype(float)

    def _outcome(self, achieved: np.ndarray) -> tuple[float, dict[str, Any]]:
        """The reward for what was brought to a point (3,), and the info."""
        distance = float(np.linalg.norm(achieved - self.goal))
        info = {"is_success": distance < self.success_distance, "distance": distance}
        return float(self.compute_reward(achieved, self.goal, info)), info
