"""Several environments stepped one after the other, in one process or actor."""

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium
import numpy as np

from crossgap.simulation.registry import WORLDS

Observed = tuple[dict[str, Any], list[dict[str, Any]]]
"""An observation whose arrays have one row per environment, and each environment's info. After a step this
has the `reward`, too, and whether the episode has `ended` by itself: the environment terminated."""

REWARD, ENDED = "reward", "ended"


class Environments:
    """`count` environments in this process, stepped one after the other; they may share a renderer.

    Args:
        env_id: a Gymnasium id; `module:id` imports a module of yours first.
        count: number of environments.
        kwargs: arguments of the environment, such as `look`.
    """

    def __init__(self, env_id: str, count: int, **kwargs: Any):
        len(WORLDS)  # registers their environments
        self._envs = [gymnasium.make(env_id, disable_env_checker=True, **kwargs) for _ in range(count)]

    def reset(self, seeds: Sequence[int], options: dict[str, Any] | None = None) -> Observed:
        """Start every environment's episode from its seed, all with the same reset options."""
        pairs = zip(self._envs, seeds, strict=True)
        self._shown = [env.reset(seed=int(seed), options=options) for env, seed in pairs]
        return self._observed()

    def step(self, actions: np.ndarray) -> Observed:
        """Apply one action to each environment, (count, action size).

        One whose episode has ended is left alone: it shows what it showed last, for a reward of 0.
        """
        for index, (env, action) in enumerate(zip(self._envs, actions, strict=True)):
            last, info = self._shown[index]
            if info.get(ENDED):
                self._shown[index] = last, info | {REWARD: 0.0}
            else:
                seen, reward, ended, _, info = env.step(action)
                self._shown[index] = seen, info | {REWARD: float(reward), ENDED: bool(ended)}
        return self._observed()

    def _observed(self) -> Observed:
        return stack([seen for seen, _ in self._shown]), [info for _, info in self._shown]


def stack(
    observations: Sequence[dict[str, Any]], join: Callable[[list[np.ndarray]], np.ndarray] = np.stack
) -> dict[str, Any]:
    """Observations of one form as one, whose arrays have a row of each, or all rows of each if `join` is
    `np.concatenate`."""
    columns = {key: [observation[key] for observation in observations] for key in observations[0]}
    return {
        key: stack(column, join) if isinstance(column[0], dict) else join(column)
        for key, column in columns.items()
    }


def camera_image(observation: dict[str, Any]) -> np.ndarray:
    """The images (n, H, W, 3) uint8 of environments with one camera."""
    (image,) = observation["pixels"].values()
    return image


class Worker:
    """The work of one process or actor: `Environments`, which has the arguments, and what went wrong."""

    def __init__(self, env_id: str, count: int, kwargs: dict[str, Any]):
        self._failure = ""
        self._environments = self._tried(lambda: Environments(env_id, count, **kwargs))

    def answer(self, command: str, *arguments: Any) -> Observed | str:
        """What the environments observe after "reset" or "step"; a message from when one failed on."""
        return self._failure or self._tried(lambda: getattr(self._environments, command)(*arguments))

    def _tried(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except Exception as error:
            self._failure = f"{type(error).__name__}: {error}"
            return self._failure


class WorkerDied(Exception):
    """A worker ended by itself, or was killed; the message says what a user can do."""
