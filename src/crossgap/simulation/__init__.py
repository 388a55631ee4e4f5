"""Worlds to see and act in: Gymnasium environments on MuJoCo. Imports no torch."""

import gymnasium

from crossgap.errors import CrossgapError
from crossgap.simulation.gl import choose_gl

choose_gl()

try:
    import mujoco  # noqa: F401 (here it says what it thinks of MUJOCO_GL)
except RuntimeError as error:
    raise CrossgapError(f"mujoco: {error}. Unset MUJOCO_GL, or set it to egl or osmesa.") from error

REACH3 = "crossgap/Reach3-v0"

if REACH3 not in gymnasium.registry:
    gymnasium.register(id=REACH3, entry_point="crossgap.simulation.reach3:Reach3Env", max_episode_steps=100)
