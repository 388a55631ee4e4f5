"""A training of QT-Opt: off-policy data first, then rounds of its own; in one process, or on Ray."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import lightning_fabric

from crossgap.core.statistics import wilson_interval
from crossgap.methods.qt_opt.learner import QTOpt
from crossgap.rl.collection import World
from crossgap.rl.distributed import Actors, Distributed
from crossgap.rl.learner import Loop
from crossgap.rl.off_policy import OffPolicy
from crossgap.rl.replay import Episode
from crossgap.rl.rewarded import RewardedReplay
from crossgap.rl.training import Training


class QTOptTraining(Training):
    """A policy that QT-Opt learns.

    Args, besides those of `Training`:
        learner: Q.
        world: where.
        loop: the size; `demonstrated` is how much of an update is off-policy data, `offline` how many rounds
            learn from that alone, all of them where there is no world to act in.
        recorded: gives the off-policy data, such as `scripted_episodes`.
        actors: who does the work on Ray; None for this process alone.
    """

    learner: QTOpt
    label = "learn to grasp"
    point = {  # noqa: RUF012
        "round": int, "environment_steps": int, "success": float, "low": float, "high": float, "n": int,
        ...: object,
    }  # fmt: skip

    def __init__(
        self, folder: Path, learner: QTOpt, world: World, loop: Loop, recorded: Callable[[], list[Episode]],
        setup: Any, seed: int, fabric: lightning_fabric.Fabric, quiet: bool = False,
        actors: Actors | None = None,
    ):  # fmt: skip
        super().__init__(folder, setup, seed, fabric, quiet)
        self.learner, self.world, self.loop, self.recorded = learner, world, loop, recorded
        self.off_policy = partial(Distributed, actors=actors) if actors else OffPolicy

    def prepared(self, done: int) -> dict[str, Any]:
        """The off-policy data."""
        episodes = self.recorded()
        kept = RewardedReplay(sum(len(one.frames) for one in episodes), self.learner.config.discount)
        for episode in episodes:
            kept.add(episode)
        return {"demonstrations": kept}

    def pointed(self, rounds: int, steps: int, episodes: list[dict[str, Any]]) -> dict[str, Any]:
        """A point of the learning curve."""
        successes = sum(episode["success"] for episode in episodes)
        low, high = wilson_interval(successes, n := len(episodes))
        return {
            "round": rounds, "environment_steps": steps, "success": successes / n, "low": low, "high": high,
            "n": n,
        }  # fmt: skip
