"""A 3-DoF arm and a cube (TaskGAN, section 4.1): the world `reach3`."""

import gymnasium
import numpy as np

from crossgap.simulation.reach3.kinematics import demonstrate, sample_start
from crossgap.simulation.registry import WORLDS, Episode, World

REACH3 = "crossgap/Reach3-v0"


def demonstration(steps: int, perturbation: float, rng: np.random.Generator) -> Episode:
    """The arm on its way to the cube, labelled with the demonstrator's joint velocities."""
    q, cube, turn = sample_start(rng)
    path, labels = demonstrate(q, cube, steps, perturbation, rng)
    return [(angles, cube, turn) for angles in path], labels


gymnasium.register(REACH3, "crossgap.simulation.reach3.environment:Reach3Env", max_episode_steps=100)
WORLDS.enter(
    "reach3",
    World(
        "crossgap.simulation.reach3.scene:Reach3Scene", tuple(f"joint_velocity_{n}" for n in (1, 2, 3)),
        demonstration, demonstrates=True, closed_loop=REACH3,
    ),
    rank=-1,  # the first of all, and what is meant where none is named
)  # fmt: skip
