"""What `rollout.py` measures itself against; it runs this in the peers' own interpreter.

Of Crossgap it imports nothing. Every line that it reads, `<what> <seconds>`, is answered by a line of JSON: a
`measuring.Measurement`.
"""

# the peers are not installed where types are checked
# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

os.environ.setdefault("MUJOCO_GL", "egl")

import gymnasium
import gymnasium_robotics
import numpy as np
import torch
from stable_baselines3 import DDPG
from stable_baselines3.common.logger import configure
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn

from measuring import measure

SIZE, BATCH, EPISODE, REPLAY = 84, 128, 50, 2500
FETCH: dict[str, Any] = {"render_mode": "rgb_array", "width": SIZE, "height": SIZE}
"""What is not its default."""
gymnasium.register_envs(gymnasium_robotics)


def fetch() -> Callable[[], int]:
    """One step of one FetchReach, rendered and copied into a tensor."""
    env: Any = gymnasium.make("FetchReach-v4", **FETCH)
    frame, steps = torch.empty(SIZE, SIZE, 3, dtype=torch.uint8), 0

    def step() -> int:
        nonlocal steps
        start = steps % (EPISODE + 1) == 0
        env.reset() if start else env.step(env.action_space.sample())
        frame.copy_(torch.from_numpy(env.render().copy()))
        steps += 1
        return 0 if start else 1

    return step


def fetch_per_core() -> Callable[[], int]:
    """One step of a FetchReach per core, each in a process of its own, rendered and copied into a tensor."""
    count = len(os.sched_getaffinity(0))
    envs: Any = gymnasium.make_vec("FetchReach-v4", count, vectorization_mode="async", **FETCH)
    frames = torch.empty(count, SIZE, SIZE, 3, dtype=torch.uint8)
    envs.reset()

    def step() -> int:
        envs.step(envs.action_space.sample())
        frames.copy_(torch.from_numpy(np.stack(envs.render())))
        return count

    return step


class Extractor(BaseFeaturesExtractor):
    """Crossgap's `PositionExtractor`, and the goal beside what it says."""

    def __init__(self, space: gymnasium.spaces.Dict):
        super().__init__(space, 6)
        self.image = nn.Sequential(
            nn.Conv2d(3, 16, 8, 4), nn.ReLU(), nn.Conv2d(16, 32, 4, 2), nn.ReLU(),
            nn.Conv2d(32, 32, 3, 1), nn.ReLU(), nn.Flatten(),
            nn.Linear(32 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 3),
        )  # fmt: skip

    def forward(self, observations: dict[str, torch.Tensor]) -> torch.Tensor:
        """(n, 6)."""
        return torch.cat([self.image(observations["image"]), observations["goal"]], 1)


class Noise(gymnasium.Env):
    """Random images; it is never learnt from, it only tells the learner what there is."""

    observation_space = gymnasium.spaces.Dict({
        "image": gymnasium.spaces.Box(0, 255, (3, SIZE, SIZE), np.uint8),
        "goal": gymnasium.spaces.Box(-1, 1, (3,), np.float32),
    })  # fmt: skip
    action_space = gymnasium.spaces.Box(-1, 1, (3,), np.float32)


def ddpg(shared: bool) -> Callable[[], int]:
    """One update of Stable-Baselines3's DDPG from its replay buffer."""
    model = DDPG(
        "MultiInputPolicy", Noise(), buffer_size=REPLAY, batch_size=BATCH, device="cpu",
        policy_kwargs={
            "features_extractor_class": Extractor, "net_arch": [256, 256], "share_features_extractor": shared,
        },
    )  # fmt: skip
    space, buffer = Noise.observation_space, model.replay_buffer
    assert buffer is not None
    for _ in range(REPLAY):
        one, other = ({key: value[None] for key, value in space.sample().items()} for _ in range(2))
        action, reward = Noise.action_space.sample()[None], -np.ones(1)
        buffer.add(one, other, action, reward, np.zeros(1), [{}])  # type: ignore[arg-type]
    model.set_logger(configure(None, []))

    def update() -> int:
        model.train(gradient_steps=1, batch_size=BATCH)
        return 1

    return update


MEASURED: dict[str, Callable[[], Callable[[], int]]] = {
    "fetch": fetch,
    "fetch_per_core": fetch_per_core,
    "ddpg": lambda: ddpg(shared=False),
    "ddpg_shared": lambda: ddpg(shared=True),
}


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr  # libraries print as well
    torch.set_num_threads(int(sys.argv[1]))
    ready: dict[str, Callable[[], int]] = {}
    for line in sys.stdin:
        what, seconds = line.split()
        if what not in ready:
            ready[what] = MEASURED[what]()
            measure(ready[what], 1.0)  # the first are slow
        print(json.dumps(measure(ready[what], float(seconds))), file=answers, flush=True)


if __name__ == "__main__":
    main()
