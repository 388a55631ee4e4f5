"""QT-Opt in many steps, in simulation: first it learns from a script's episodes, then from its own, too."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from crossgap.core.runs import same_setup, timed
from crossgap.evaluation import share_won
from crossgap.experiments.engine.experiment import Rows, rows_of
from crossgap.experiments.engine.trial import Trial
from crossgap.experiments.rl_cyclegan.bins import EPISODE, EYES, played
from crossgap.experiments.rl_cyclegan.evaluations import evaluated
from crossgap.methods.qt_opt.config import QTOptConfig
from crossgap.methods.qt_opt.learner import QTOpt
from crossgap.methods.qt_opt.training import QTOptTraining
from crossgap.networks import ProjectedQ
from crossgap.rl.collection import World
from crossgap.rl.cross_entropy import ActionForm, Search
from crossgap.rl.learner import Loop
from crossgap.rl.replay import Episode
from crossgap.rl.scripted import scripted_episodes
from crossgap.simulation.grasping import IIWA_GRASP
from crossgap.simulation.grasping.bins import FLOOR
from crossgap.simulation.grasping.environment import HIGH, LOW, REACH
from crossgap.simulation.grasping.kinematics import YAW
from crossgap.simulation.grasping.looks import LOOKS
from crossgap.simulation.grasping.script import Script

NUMBERS, FORM = 7, ActionForm(3, 1, 2)
"""What the robot measures itself; and an action: a displacement, a turn, closing and ending."""


QUICK = Loop(
    rounds=60, updates=50, batch=32, environments=25, episode_steps=8, noise=0.05, random=(0.05, 0.05),
    replay=20_000, relabelled=0.0, goals=50, evaluate_every=20, demonstrated=32, offline=24,
)  # fmt: skip


@dataclass(frozen=True)
class ManySize:
    """Size of the training."""

    recorded: int = 1_500
    """Episodes of the script."""
    loop: Loop = QUICK
    """Rounds, and what is in one; the first ones learn from the script's episodes alone."""
    q: QTOptConfig = field(default_factory=lambda: QTOptConfig(search=Search(256, 10, 4)))
    """Of the critic. Its search is larger than QT-Opt's, which finds worse actions: of one training 28 %
    succeed with 64 samples and 50 % with 256, of 200 in validation bins."""
    q_width: int = 16
    """Filters of its first layer."""
    grasps: int = 200
    """Test attempts, each in a fresh bin of unseen things."""


MANY_SIZES = {
    "smoke": ManySize(
        8, Loop(2, 2, 4, 4, 4, 0.05, (0.05, 0.05), 500, 0.0, 4, 2, demonstrated=4, offline=1),
        QTOptConfig(monte_carlo_updates=2), 8, 8,
    ),
    "quick": ManySize(),
    "full": ManySize(
        10_000, Loop(
            400, 100, 32, 50, 12, 0.05, (0.05, 0.05), 200_000, 0.0, 100, 50, demonstrated=32, offline=40
        ), q_width=32,
    ),
}  # fmt: skip


class ManyTrial(Trial):
    """One seed. Arguments as of `Trial`; the domain is `many_steps`."""

    preset: ManySize

    def run(self) -> Rows:
        """Do what is not done yet: the rows of the test, and those of the learning curve.

        Raises:
            CrossgapError: the folder was begun with another size.
        """
        same_setup(self.folder, self.preset)
        training = self.training()

        def play() -> list[dict[str, Any]]:
            with timed(self.root, "learn qt_opt"):
                learner = training.run()
            with timed(self.root, "evaluate"):
                steps = self.preset.loop.episode_steps
                return played(world, learner.policy(EYES), self.preset.grasps, steps)

        world = self.world(unseen=True)
        of = {"world": world.seen, "grasps": self.preset.grasps}
        found = evaluated(
            self.evaluation, play, [EPISODE], of, lambda: ("qt_opt",), lambda _: self.folder / "learnt"
        )
        won = [one["success"] for one in found]
        about = {"domain": f"{self.domain}/source", "method": "qt_opt", "seed": self.seed}
        rows = rows_of({"success": share_won(won)}, **about)
        curve = about | {"metric": "validation_success"}
        return rows + [
            curve
            | {"value": point["success"]}
            | {key: point[key] for key in ("environment_steps", "low", "high", "n")}
            for point in training.curve
        ]

    @property
    def evaluation(self) -> Path:
        """The file of how the test attempts ended."""
        return self.folder / "evaluation" / "qt_opt.json"

    def world(self, unseen: bool = False) -> World:
        """The first robot's bin in simulation."""
        about = {"look": "source", "unseen": unseen, "steps": self.preset.loop.episode_steps}
        return World(IIWA_GRASP, EYES, seen=about)

    def training(self) -> QTOptTraining:
        """QT-Opt's, at its beginning."""
        size, world = self.preset, self.world()
        torch.manual_seed(self.seed)
        camera = LOOKS["source"].pinhole()
        reach, low, high = (tuple(map(float, one)) for one in (REACH, LOW, HIGH))
        critic = ProjectedQ(
            NUMBERS, FORM.switches, camera, reach, low, high, floor=FLOOR, yaw=YAW, width=size.q_width,
            channels=2 * size.q_width,
        )  # fmt: skip
        learner = QTOpt(critic, FORM, size.q, self.fabric.device, seed=self.seed)
        steps, at_once = size.loop.episode_steps, size.loop.environments

        def recorded() -> list[Episode]:
            folder, count = self.folder / "recorded", size.recorded
            with timed(self.root, "collect recorded"):
                return scripted_episodes(folder, world, Script, count, steps, at_once, self.seed, self.quiet)

        return QTOptTraining(
            self.folder / "learnt",
            learner,
            world,
            size.loop,
            recorded,
            size,
            self.seed,
            self.fabric,
            self.quiet,
        )
