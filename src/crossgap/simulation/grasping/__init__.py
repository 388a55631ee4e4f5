"""A Kuka iiwa 14 at bins: the world `grasping`, and two environments, to grasp by many steps and by one."""

import gymnasium
import numpy as np

from crossgap.simulation.registry import WORLDS, Episode, World

IIWA_GRASP, IIWA_GRASP_ONCE = "crossgap/IiwaGrasp-v0", "crossgap/IiwaGraspOnce-v0"


def grasps(steps: int, perturbation: float, rng: np.random.Generator) -> Episode:
    """A full bin for each step, labelled with a grasp, as `IiwaGraspOnce` takes it, and its success."""
    from crossgap.simulation.grasping.once import IiwaGraspOnceEnv
    from crossgap.simulation.grasping.script import OnceScript

    del perturbation
    env, script, states, labels = IiwaGraspOnceEnv(cameras=()), OnceScript(rng), [], []
    for seed in rng.integers(2**31, size=steps):
        seen, _ = env.reset(seed=int(seed))
        states.append((env.arrangement(),))
        (action,) = script({"state": seen["state"][None]})
        labels.append([*action, env.step(action)[1]])
    return states, np.array(labels)


gymnasium.register(IIWA_GRASP, "crossgap.simulation.grasping.environment:IiwaGraspEnv")
gymnasium.register(IIWA_GRASP_ONCE, "crossgap.simulation.grasping.once:IiwaGraspOnceEnv")
WORLDS.enter(
    "grasping",
    World(
        "crossgap.simulation.grasping.scene:GraspScene",
        ("grasp_x", "grasp_y", "grasp_z", "grasp_sin_yaw", "grasp_cos_yaw", "success"),
        grasps,
    ),
    rank=1,
)
