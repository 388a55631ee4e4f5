"""Worlds to see and act in: Gymnasium environments on MuJoCo. Imports no torch."""

import gymnasium

from crossgap.errors import CrossgapError
from crossgap.simulation.gl import choose_gl

choose_gl()

try:
    import mujoco  # noqa: F401 (here it says what it thinks of MUJOCO_GL)
except RuntimeError as error:
    raise CrossgapError(f"mujoco: {error}. Unset MUJOCO_GL, or set it to egl or osmesa.") from error

REACH3, XARM7_REACH = "crossgap/Reach3-v0", "crossgap/XArm7Reach-v0"
XARM7_PICK_PLACE = "crossgap/XArm7PickPlace-v0"

for env_id, entry_point, steps in (
    (REACH3, "crossgap.simulation.reach3:Reach3Env", 100),
    (XARM7_REACH, "crossgap.simulation.xarm7_reach:XArm7ReachEnv", 50),
    (XARM7_PICK_PLACE, "crossgap.simulation.xarm7_pick_place:XArm7PickPlaceEnv", 50),
):
    if env_id not in gymnasium.registry:
        gymnasium.register(id=env_id, entry_point=entry_point, max_episode_steps=steps)
