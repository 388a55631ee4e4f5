"""Worlds to see and act in: Gymnasium environments on MuJoCo. Imports no torch.

An environment can be copied and pickled, and stepped in any thread: each draws with an OpenGL of its own.
"""

import gymnasium

from crossgap.simulation.base.gl import import_mujoco

import_mujoco()  # before anything else does, and without MUJOCO_GL

REACH3, XARM7_REACH = "crossgap/Reach3-v0", "crossgap/XArm7Reach-v0"
XARM7_PICK_PLACE = "crossgap/XArm7PickPlace-v0"

for env_id, entry_point, steps in (
    (REACH3, "crossgap.simulation.reach3.environment:Reach3Env", 100),
    (XARM7_REACH, "crossgap.simulation.xarm7.reach:XArm7ReachEnv", 50),
    (XARM7_PICK_PLACE, "crossgap.simulation.xarm7.pick_place:XArm7PickPlaceEnv", 50),
):
    if env_id not in gymnasium.registry:
        gymnasium.register(id=env_id, entry_point=entry_point, max_episode_steps=steps)
