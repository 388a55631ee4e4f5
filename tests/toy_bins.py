"""A toy world of grasping: a bright square in a small image, and a hand that sees it from above."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from crossgap.methods.qt_opt.config import QTOptConfig
from crossgap.methods.qt_opt.learner import QTOpt
from crossgap.networks import ProjectedQ
from crossgap.rl.collection import Act, View, World
from crossgap.rl.cross_entropy import ActionForm

NEAR = 0.25
"""How far the hand may be from the square: 2 pixels of 16."""
CAMERA = (2, 0, 0, 0, 0, -2, 0, 0, 0, 0, -1, 2)
"""Straight above, 2 m away; it sees x and y from -1 to 1."""
REACH, LOW, HIGH = (1.0, 1.0, 0.0), (-1.0, -1.0, -0.1), (1.0, 1.0, 0.1)
POINTS = ((0.0, 0.0, 0.0), (0.0, 0.1, 0.0), (0.0, -0.1, 0.0))


class Bins:
    """In place of a pool of environments; one step where `steps` is 1, and then nothing ends it but that."""

    def __init__(self, count: int, steps: int, size: int):
        self.count, self.steps, self.size = count, steps, size

    def __enter__(self) -> Bins:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def reset(self, seeds, options=None):
        assert len(seeds) == self.count
        rngs = [np.random.default_rng(int(seed)) for seed in seeds]
        self.square = np.stack([rng.uniform(-0.8, 0.8, 2) for rng in rngs])
        self.hand = np.stack([rng.uniform(-0.8, 0.8, 2) for rng in rngs]) * (self.steps > 1)
        self.closed, self.over = np.zeros(self.count, bool), np.zeros(self.count, bool)
        self.time = 0
        return self._seen(), self._infos(np.zeros(self.count))

    def step(self, actions: np.ndarray):
        assert actions.shape == (self.count, 5 if self.steps == 1 else 7)
        before, self.time = self.over.copy(), self.time + 1
        ends = actions[:, 6] > 0 if self.steps > 1 else np.ones(self.count, bool)
        moves = ~before & (~ends | (self.steps == 1))
        self.hand[moves] = np.clip(self.hand[moves] + actions[moves, :2], -1, 1)
        closes = actions[:, 5] > 0 if self.steps > 1 else ends
        self.closed[moves] = closes[moves]
        self.over |= ends | (self.time >= self.steps)
        reward = np.where(self.over, self._held(), -0.05) * ~before
        return self._seen(), self._infos(reward)

    def _held(self) -> np.ndarray:
        return self.closed & (np.linalg.norm(self.hand - self.square, axis=1) < NEAR)

    def _infos(self, rewards: np.ndarray) -> list[dict[str, Any]]:
        ends = zip(self.over, self._held(), rewards, strict=True)
        return [{"is_success": bool(o and h), "ended": bool(o), "reward": float(r)} for o, h, r in ends]

    def _seen(self) -> dict[str, Any]:
        middle = -1 + (np.arange(self.size) + 0.5) * 2 / self.size
        column = np.abs(middle - self.square[:, :1]) < 0.2
        row = np.abs(-middle - self.square[:, 1:]) < 0.2
        bright = row[:, :, None] & column[:, None]
        image = np.where(bright[..., None], [255, 180, 40], [40, 60, 80]).astype(np.uint8)
        nothing = np.zeros((self.count, 2))
        time = np.full((self.count, 1), self.time / self.steps)
        about = np.concatenate([self.hand, nothing, self.closed[:, None], time], 1).astype(np.float32)
        return {"pixels": {"above": image}, "agent_pos": about, "square": self.square.copy()}


VIEW = View(lambda seen: seen["pixels"]["above"], lambda seen: seen["agent_pos"])


@dataclass(frozen=True)
class ToyWorld(World):
    """Such bins; episodes of at most `steps`."""

    steps: int = 1
    size: int = 16

    def pool(self, count: int, **about: Any) -> Any:
        return Bins(count, self.steps, self.size)


def toy_world(steps: int, size: int = 16) -> ToyWorld:
    return ToyWorld("bins", VIEW, steps=steps, size=size)


def toy_learner(steps: int, **settings: Any) -> QTOpt:
    """QT-Opt with a critic that looks where the hand would be."""
    torch.manual_seed(0)
    switches = 0 if steps == 1 else 2
    about = {"points": POINTS, "width": 8, "channels": 16, "hidden": 48}
    critic = ProjectedQ(6, switches, CAMERA, REACH, LOW, HIGH, **about)
    usual = {"monte_carlo_updates": 100, "lag": 20, "polyak": 0.9, "learning_rate": 3e-3, "photometric": 0.2}
    return QTOpt(critic, ActionForm(3, 1, switches), QTOptConfig(**usual | settings))


class Script:
    """Goes to about where the square is, closes there, and ends; knows no better than that."""

    def __init__(self, steps: int, rng: np.random.Generator):
        self.steps, self.rng = steps, rng
        self.aims: np.ndarray | None = None

    def __call__(self, seen: dict[str, Any]) -> np.ndarray:
        hand, closed = seen["agent_pos"][:, :2], seen["agent_pos"][:, 4:5] > 0
        if self.aims is None:
            self.aims = seen["square"] + self.rng.normal(0, 0.25, hand.shape)
        way = np.clip(self.aims - hand, -1, 1)
        turn = np.tile([0.0, 0.0, 1.0], (len(way), 1))
        if self.steps == 1:
            return np.concatenate([way, turn], 1)
        close = np.where(np.abs(way).max(1, keepdims=True) < 0.05, 1, -1)
        return np.concatenate([way, turn, np.where(closed, 1, close), np.where(closed, 1, -1)], 1)


def script(steps: int):
    def begun(rng: np.random.Generator) -> Act:
        return Script(steps, rng)

    return begun


def half_aimed(rng: np.random.Generator) -> Act:
    """As the script of one step; every second grasp is anywhere."""
    aimed = Script(1, rng)

    def act(seen: dict[str, Any]) -> np.ndarray:
        action = aimed(seen)
        anywhere = rng.random(len(action)) < 0.5
        action[anywhere, :2] = rng.uniform(-1, 1, (anywhere.sum(), 2))
        return action

    return act
