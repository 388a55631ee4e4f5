"""A UFactory xArm7 at a table: the world `xarm7`, and two environments, to reach and to pick and place."""

import gymnasium
import numpy as np

from crossgap.simulation.registry import WORLDS, Episode, World
from crossgap.simulation.xarm7.kinematics import HOME, Kinematics

XARM7_REACH, XARM7_PICK_PLACE = "crossgap/XArm7Reach-v0", "crossgap/XArm7PickPlace-v0"


def tool_points(steps: int, perturbation: float, rng: np.random.Generator) -> Episode:
    """The tool somewhere in its workspace, pointing down, labelled with where, metres."""
    from crossgap.simulation.xarm7.reach import WORKSPACE_HIGH, WORKSPACE_LOW

    del perturbation
    kinematics, states, points = Kinematics(), [], []
    for wanted in rng.uniform(WORKSPACE_LOW, WORKSPACE_HIGH, (steps, 3)):
        q = kinematics.inverse(HOME, wanted, iterations=50)
        states.append((q,))
        points.append(kinematics.tool(q)[0])
    return states, np.array(points)


gymnasium.register(XARM7_REACH, "crossgap.simulation.xarm7.reach:XArm7ReachEnv", max_episode_steps=50)
gymnasium.register(
    XARM7_PICK_PLACE, "crossgap.simulation.xarm7.pick_place:XArm7PickPlaceEnv", max_episode_steps=50
)
WORLDS.enter(
    "xarm7", World("crossgap.simulation.xarm7.scene:XArm7Scene", ("tool_x", "tool_y", "tool_z"), tool_points)
)
